# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Active nodes: how many compute nodes have at least one instance."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats


class ActiveNodes:
    """Nodes in use, among those that could be emptied or filled.

    :param limit: int64[n_nodes, n_rc], how full a node may get
    :param fixed: bool[n_nodes], nodes in use that cannot be emptied
    :param nodes: bool[n_nodes], the nodes judged
    """

    name = 'active_nodes'
    unit = 'nodes'

    def __init__(
        self, cluster: Cluster, limit: Ints, fixed: Bools, nodes: Bools
    ) -> None:
        self._cluster = cluster
        # What is on a node may stay there, even above the limit.
        self._limit = np.maximum(limit, Placement(cluster).used)
        self._fixed = fixed & nodes
        self._nodes = nodes
        self._proved = 0.0

    def prove(self, bound: float) -> None:
        """Take note that no placement has fewer active nodes than this."""
        self._proved = max(self._proved, bound)

    def value(self, placement: Placement) -> float:
        """Return the count of judged nodes with an instance."""
        return float((occupied(placement) & self._nodes).sum())

    def lower_bound(self) -> float | None:
        """Return the fewest nodes whose capacity holds the whole demand.

        Per resource class: the nodes that cannot be emptied, then the
        largest others until the sum is enough (the volume bound of bin
        packing, Martello and Toth 1990, L1, for unequal bins). More where
        more has been proved.
        """
        return max(self._proved, self._bound)

    @cached_property
    def _bound(self) -> float:
        fixed = int(self._fixed.sum())
        placed = self._nodes[self._cluster.node_of]
        demand = self._cluster.demand[placed].sum(axis=0)
        have = self._limit[self._fixed].sum(axis=0)
        others = -np.sort(-self._limit[self._nodes & ~self._fixed], axis=0)
        bound = fixed
        for rc_idx, needed in enumerate(demand - have):
            if needed > 0:
                sums = np.cumsum(others[:, rc_idx])
                bound = max(
                    bound, fixed + int(np.searchsorted(sums, needed)) + 1
                )
        count = int((self._nodes & occupied(Placement(self._cluster))).sum())
        return float(min(bound, count))


class ActiveNodeCost:
    """What the nodes in use cost, for instance in watts.

    :param cost: float64[n_nodes], of a node in use; 0 if it is not judged
    """

    name = 'active_node_cost'
    unit = 'cost units'

    def __init__(self, cost: Floats) -> None:
        self._cost = cost
        self._proved = 0.0

    def prove(self, bound: float) -> None:
        """Take note that no placement costs less than this."""
        self._proved = max(self._proved, bound)

    def value(self, placement: Placement) -> float:
        """Return the sum of the costs of the nodes with an instance."""
        return float(self._cost[occupied(placement)].sum())

    def lower_bound(self) -> float | None:
        """Return what has been proved."""
        return round(self._proved, 6)


def occupied(placement: Placement) -> Bools:
    """Return bool[n_nodes]: has at least one instance."""
    mask = np.zeros(placement.cluster.n_nodes, dtype=np.bool_)
    mask[placement.node_of[placement.node_of >= 0]] = True
    return mask
