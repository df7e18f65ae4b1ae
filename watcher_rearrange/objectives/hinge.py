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

"""Soft thresholds: what is above them costs, in proportion.

The sum over nodes and dimensions of weight * max(0, load - threshold). A
headroom that one would like to keep is a threshold of the capacity less
that headroom. Two resources that ought to be free in proportion, so that
none is stranded, are a threshold on their difference.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.node_term import NodeTerm
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.objectives.term import amounts


class SoftThreshold(NodeTerm):
    """Load above a threshold, weighted by dimension.

    :param demand: float64[n_instances, n_dims]
    :param threshold: float64[n_nodes, n_dims]
    :param weight: float64[n_dims]
    """

    name = 'above_threshold'
    unit = 'weighted units'

    def __init__(
        self, demand: Floats, threshold: Floats, weight: Floats
    ) -> None:
        super().__init__(demand, -np.asarray(threshold, dtype=float))
        self.weight: Floats = np.asarray(weight, dtype=float)

    def cost(self, load: Floats, nodes: Ints | slice) -> Floats:
        """Return float64[..., n]: what nodes with such a load cost."""
        costs: Floats = self.weight @ np.maximum(load, 0.0)
        return costs

    def lower_bound(self) -> float | None:
        """Return what is above all thresholds taken together."""
        over = self.demand.sum(axis=0) + self.origin.sum(axis=1)
        return float(self.weight @ np.maximum(over, 0.0))

    def write(self, area: Area, weight: float) -> None:
        """Write the term, times a weight, into a programme."""
        load = self.origin.T.copy()
        placed = area.node_of >= 0
        np.add.at(load, area.node_of[placed], self.demand[placed])
        for dim in np.flatnonzero(self.weight):
            demand = self.demand[area.free, dim]
            cost = weight * self.weight[dim]
            above = area.program.columns(
                len(area.nodes), cost=cost, integer=False
            )
            for k, node in enumerate(area.nodes.tolist()):
                columns, factors = amounts(area, k, demand)
                area.program.row(
                    np.append(columns, above[k]),
                    np.append(-factors, 1.0),
                    lower=float(load[node, dim]),
                )


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Of one resource that is free, so much of another should be free.

    :ivar of: dimension of the one
    :ivar needs: dimension of the other
    :ivar ratio: how much of the other for each unit of the one
    :ivar weight: of each unit that is missing
    """

    of: int
    needs: int
    ratio: float
    weight: float = 1.0


class Proportion(SoftThreshold):
    """Free resources out of proportion: weight * max(0, ratio*free - free).

    :param demand: float64[n_instances, n_dims]
    :param capacity: float64[n_nodes, n_dims]
    """

    name = 'out_of_proportion'
    unit = 'weighted units'

    def __init__(
        self, demand: Floats, capacity: Floats, pairs: tuple[Pair, ...]
    ) -> None:
        one = [p.of for p in pairs]
        other = [p.needs for p in pairs]
        ratio = np.array([p.ratio for p in pairs])
        super().__init__(
            demand[:, other] - ratio * demand[:, one],
            capacity[:, other] - ratio * capacity[:, one],
            np.array([p.weight for p in pairs]),
        )
