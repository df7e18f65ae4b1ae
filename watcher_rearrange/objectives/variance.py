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
"""Imbalance as a variance, as a term of the search engine.

The variance of the utilisation weighted by capacity is, up to a constant,
the sum of Q^2/C over the nodes; see :mod:`.imbalance`.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.node_term import NodeTerm


class Variance(NodeTerm):
    """The weighted sum over dimensions of the variance of the utilisation.

    :param demand: float64[n_instances, n_dims]
    :param capacity: float64[n_nodes, n_dims]; a node without any in a
        dimension is not judged there
    :param weight: float64[n_dims]
    """

    name = 'variance'
    unit = 'fraction squared'
    is_linear = False

    def __init__(
        self, demand: Floats, capacity: Floats, weight: Floats
    ) -> None:
        super().__init__(demand, np.zeros_like(capacity, dtype=float))
        judged = capacity > 0
        total = np.maximum(capacity.sum(axis=0, where=judged), 1e-9)
        share = np.asarray(weight, dtype=float) / total
        self._capacity = np.where(judged, capacity, 0.0).T.copy()
        inverse = np.divide(
            1.0, capacity, out=np.zeros(capacity.shape), where=judged
        )
        # Distances from the mean, not squares of the loads themselves: no
        # large numbers that cancel.
        self._scale = (inverse * share).T.copy()
        self._mean = (demand.sum(axis=0) / total)[:, None]

    def cost(self, load: Floats, nodes: Ints | slice) -> Floats:
        """Return float64[..., n]: what nodes with such a load cost."""
        away = load - self._mean * self._capacity[:, nodes]
        costs: Floats = (away * away * self._scale[:, nodes]).sum(axis=-2)
        return costs

    def lower_bound(self) -> float | None:
        """Return 0: every node equally full."""
        return 0.0


def of_counts(n_instances: int, n_nodes: int) -> Variance:
    """Return the variance of the count of instances per node."""
    return Variance(
        np.ones((n_instances, 1)), np.ones((n_nodes, 1)), np.ones(1)
    )
