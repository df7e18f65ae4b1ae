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
"""Imbalance as the highest utilisation, or as highest less lowest."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.objectives.term import amounts


class Highest(Term):
    """The weighted sum over dimensions of the highest utilisation.

    :param demand: float64[n_instances, n_dims]
    :param capacity: float64[n_nodes, n_dims]; a node without any in a
        dimension is not judged there, and a dimension that no node has any
        of does not count
    :param weight: float64[n_dims]
    """

    name = 'highest_utilization'
    unit = 'fraction'
    _sign = 1.0

    def __init__(
        self, demand: Floats, capacity: Floats, weight: Floats
    ) -> None:
        super().__init__(len(capacity))
        # Nothing is the highest where no node is judged.
        there = (capacity > 0).any(axis=0)
        demand, capacity = demand[:, there], capacity[:, there]
        self._demand = np.asarray(demand, dtype=float) * self._sign
        judged = np.ascontiguousarray(capacity.T > 0)
        self._total = capacity.sum(axis=0, where=judged.T)
        self._capacity = np.where(judged, capacity.T, 1.0)
        self._weight: Floats = np.asarray(weight, dtype=float)[there]
        # Never the highest, whatever is added.
        self._origin = np.where(judged, 0.0, -np.inf)
        self._load = self._origin.copy()

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self._load[:] = self._origin
        placed = node_of >= 0
        np.add.at(self._load.T, node_of[placed], self._demand[placed])
        self._look()

    def value(self) -> float:
        """Return the value of the placement that is followed."""
        return float(self._weight @ self._top[:, 0])

    def shift_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: the change for each destination."""
        home, rows = self.node_of[instances], np.arange(len(instances))
        demand = self._demand[instances]
        first, second, where = self._others(home)
        rest = np.where(
            where[:, :, None] == np.arange(self.n_nodes),
            second[:, :, None],
            first[:, :, None],
        )
        arrive = (self._load + demand[:, :, None]) / self._capacity
        leave = (self._load[:, home].T - demand) / self._capacity[:, home].T
        after = np.maximum(np.maximum(rest, arrive), leave[:, :, None])
        deltas: Floats = self._weight @ (after - self._top[:, :1])
        deltas[rows, home] = 0.0
        return deltas

    def swap_deltas(self, one: int, others: Ints) -> Floats:
        """Return float64[n]: changes when one trades places with others."""
        there = self.node_of[others]
        here = np.full_like(there, self.node_of[one])
        net = self._demand[others] - self._demand[one]
        first, second, where = self._others(here)
        rest = np.where(where == there[:, None], second, first)
        one = (self._load[:, here].T + net) / self._capacity[:, here].T
        other = (self._load[:, there].T - net) / self._capacity[:, there].T
        after = np.maximum(np.maximum(rest, one), other)
        deltas: Floats = (after - self._top[:, 0]) @ self._weight
        deltas[here == there] = 0.0
        return deltas

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        self._load[:, self.node_of[instance]] -= self._demand[instance]
        self._load[:, to] += self._demand[instance]
        self.node_of[instance] = to
        self._look()

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        demand = self._demand[instances]
        np.subtract.at(self._load.T, self.node_of[instances], demand)
        np.add.at(self._load.T, to, demand)
        self.node_of[instances] = to
        self._look()

    def lower_bound(self) -> float | None:
        """Return the mean utilisation."""
        mean = self._demand.sum(axis=0) / self._total
        return float(self._weight @ mean)

    def write(self, area: Area, weight: float) -> None:
        """Write the term, times a weight, into a programme."""
        load = self._origin.copy()
        placed = area.node_of >= 0
        np.add.at(load.T, area.node_of[placed], self._demand[placed])
        others = np.ones(self.n_nodes, dtype=np.bool_)
        others[area.nodes] = False
        for dim, factor in enumerate(self._weight.tolist()):
            capacity = self._capacity[dim]
            share = load[dim] / capacity
            fixed = float(share[others].max(initial=-np.inf))
            highest = area.program.columns(
                1, lower=fixed, cost=weight * factor, integer=False
            )
            demand = self._demand[area.free, dim]
            for k, node in enumerate(area.nodes.tolist()):
                if not np.isfinite(share[node]):
                    continue
                columns, factors = amounts(area, k, demand)
                area.program.row(
                    np.append(columns, highest),
                    np.append(-factors / capacity[node], 1.0),
                    lower=float(share[node]),
                )

    def _look(self) -> None:
        """Find the three highest nodes of every dimension."""
        share = self._load / self._capacity
        self._order = np.argsort(-share, axis=1, kind='stable')[:, :3]
        self._top = np.full((len(share), 3), -np.inf)
        count = self._order.shape[1]
        self._top[:, :count] = np.take_along_axis(share, self._order, axis=1)

    def _others(self, home: Ints) -> tuple[Floats, Floats, Ints]:
        """The two highest values of other nodes, and where the first is.

        :returns: each [n, n_dims]
        """
        order = np.full(self._top.shape, -1)
        order[:, : self._order.shape[1]] = self._order
        is_first = order[:, 0] == home[:, None]
        is_second = order[:, 1] == home[:, None]
        first = np.where(is_first, self._top[:, 1], self._top[:, 0])
        where = np.where(is_first, order[:, 1], order[:, 0])
        either = is_first | is_second
        second = np.where(either, self._top[:, 2], self._top[:, 1])
        return first, second, where


class Lowest(Highest):
    """Minus the weighted sum over dimensions of the lowest utilisation."""

    name = 'lowest_utilization'
    _sign = -1.0


class Range(Term):
    """The weighted sum over dimensions of highest less lowest.

    :param demand: float64[n_instances, n_dims]
    :param capacity: float64[n_nodes, n_dims]; a node without any in a
        dimension is not judged there
    :param weight: float64[n_dims]
    """

    name = 'utilization_range'
    unit = 'fraction'

    def __init__(
        self, demand: Floats, capacity: Floats, weight: Floats
    ) -> None:
        super().__init__(len(capacity))
        self._parts = (
            Highest(demand, capacity, weight),
            Lowest(demand, capacity, weight),
        )

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        for part in self._parts:
            part.reset(node_of)

    def value(self) -> float:
        """Return the value of the placement that is followed."""
        return sum(part.value() for part in self._parts)

    def shift_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: the change for each destination."""
        high, low = self._parts
        return high.shift_deltas(instances) + low.shift_deltas(instances)

    def swap_deltas(self, one: int, others: Ints) -> Floats:
        """Return float64[n]: changes when one trades places with others."""
        high, low = self._parts
        return high.swap_deltas(one, others) + low.swap_deltas(one, others)

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        for part in self._parts:
            part.move(instance, to)

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        for part in self._parts:
            part.trade(instances, to)

    def lower_bound(self) -> float | None:
        """Return 0: every node equally full."""
        return 0.0

    def write(self, area: Area, weight: float) -> None:
        """Write the term, times a weight, into a programme."""
        for part in self._parts:
            part.write(area, weight)
