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

"""What it costs to be away from where one was."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.objectives.term import Term


class MigrationCost(Term):
    """The sum of the costs of the instances that are not at their start.

    :param start: int64[n_instances]
    :param cost: float64[n_instances], of moving each at all
    :param distance: float64[n_nodes, n_nodes], what moving anything from
        one node to another costs besides
    """

    name = 'migration_cost'
    unit = 'weighted units'

    def __init__(
        self,
        start: Ints,
        cost: Floats,
        n_nodes: int,
        distance: Floats | None = None,
    ) -> None:
        super().__init__(n_nodes)
        self.start = start.copy()
        self.cost: Floats = np.asarray(cost, dtype=float)
        self.distance = distance
        self._value = 0.0

    def prices(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: what being on each node costs."""
        start, rows = self.start[instances], np.arange(len(instances))
        prices = np.repeat(self.cost[instances, None], self.n_nodes, axis=1)
        prices[rows, start] = 0.0
        if self.distance is not None:
            prices += self.distance[start]
        return prices

    def price(self, instances: Ints | int, nodes: Ints) -> Floats:
        """Return float64[n]: what being on that node costs."""
        start = self.start[instances]
        price = np.where(nodes == start, 0.0, self.cost[instances])
        if self.distance is not None:
            price += self.distance[start, nodes]
        return price

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        everybody = np.arange(len(node_of))
        self._value = float(self.price(everybody, node_of).sum())

    def value(self) -> float:
        """Return the value of the placement that is followed."""
        return self._value

    def shift_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: the change for each destination."""
        home = self.node_of[instances]
        deltas = self.prices(instances)
        deltas -= deltas[np.arange(len(instances)), home][:, None]
        return deltas

    def trade_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: what each would add to each node."""
        return self.prices(instances)

    def swap_deltas(self, one: int, others: Ints) -> Floats:
        """Return float64[n]: changes when one trades places with others."""
        here, there = self.node_of[one], self.node_of[others]
        deltas = self.price(one, there) + self.price(others, here)
        deltas -= self.price(one, here) + self.price(others, there)
        return deltas

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        home, start = int(self.node_of[instance]), int(self.start[instance])
        self.node_of[instance] = to
        away = int(to != start) - int(home != start)
        self._value += away * float(self.cost[instance])
        if self.distance is not None:
            more = self.distance[start, to] - self.distance[start, home]
            self._value += float(more)

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        before = self.price(instances, self.node_of[instances])
        after = self.price(instances, to)
        self.node_of[instances] = to
        self._value += float((after - before).sum())

    def lower_bound(self) -> float | None:
        """Return 0: nobody moved."""
        return 0.0

    def write(self, area: Area, weight: float) -> None:
        """Write the term, times a weight, into a programme."""
        price = weight * self.prices(area.free)[:, area.nodes]
        used = area.choice >= 0
        area.program.add_cost(area.choice[used], price[used])
