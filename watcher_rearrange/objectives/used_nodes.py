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
"""Nodes in use, each with a cost or a power figure of its own."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.node_term import NodeTerm
from watcher_rearrange.objectives.term import Area


class UsedNodes(NodeTerm):
    """The sum of the prices of the nodes that have an instance.

    :param price: float64[n_nodes], 1 to count them
    """

    name = 'used_nodes'
    unit = 'nodes'

    def __init__(self, n_instances: int, price: Floats) -> None:
        super().__init__(np.ones((n_instances, 1)), np.zeros((len(price), 1)))
        self.price: Floats = np.asarray(price, dtype=float)

    def cost(self, load: Floats, nodes: Ints | slice) -> Floats:
        """Return float64[..., n]: what nodes with such a load cost."""
        costs: Floats = np.where(load[..., 0, :] > 0.5, self.price[nodes], 0.0)
        return costs

    def lower_bound(self) -> float | None:
        """Return the price of the cheapest node, if there is anybody."""
        return float(self.price.min()) if len(self.demand) else 0.0

    def write(self, area: Area, weight: float) -> None:
        """Write the term, times a weight, into a programme."""
        placed = area.node_of[area.node_of >= 0]
        fixed = np.bincount(placed, minlength=self.n_nodes)[area.nodes] > 0
        used = area.program.columns(
            len(area.nodes),
            lower=fixed.astype(float),
            upper=1.0,
            cost=weight * self.price[area.nodes],
        )
        for k in np.flatnonzero(~fixed).tolist():
            for column in area.choice[:, k].tolist():
                if column >= 0:
                    area.program.row([used[k], column], [1.0, -1.0], lower=0.0)
