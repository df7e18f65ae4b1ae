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

"""Capacity: no node may be fuller than its limit.

In some dimensions an instance may hold its room at its start as well, for
as long as it is away.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.objectives.term import amounts
from watcher_rearrange.optimizer.search.rules import Rule


@dataclasses.dataclass(frozen=True, eq=False)
class Transient:
    """Dimensions in which room at the start is held too.

    :ivar start: int64[n_instances]
    :ivar dims: bool[n_dims]
    """

    start: Ints
    dims: Bools


class Room(Rule):
    """Capacity in every dimension.

    :param demand: float64[n_instances, n_dims]
    :param limit: float64[n_nodes, n_dims]
    """

    name = 'capacity'

    def __init__(
        self, demand: Floats, limit: Floats, transient: Transient | None = None
    ) -> None:
        super().__init__(len(limit))
        self.demand = np.ascontiguousarray(demand, dtype=float)
        self._limit = np.ascontiguousarray(limit.T, dtype=float)
        self._transient = transient
        self._most = self._limit
        if transient is not None:
            held = np.zeros_like(self._limit.T)
            lasting = np.where(transient.dims, self.demand, 0.0)
            np.add.at(held, transient.start, lasting)
            self._most = np.maximum(self._limit - held.T, 0.0)
        self._room = self._limit.copy()
        self._free = self._room
        # What was above the limit already, and does not count.
        self._debt = np.zeros_like(self._limit)
        self._over = np.zeros(self.n_nodes)
        self._excess = 0.0

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self._room = self._limit - self._used(node_of).T
        self._free = np.maximum(self._room, 0.0)
        self._over = -np.minimum(self._room + self._debt, 0.0).sum(axis=0)
        self._excess = float(self._over.sum())

    def tolerate(self) -> None:
        """Count as broken, from now on, only what gets worse than now."""
        self._debt = np.maximum(-self._room, 0.0)
        self.reset(self.node_of)

    def excess(self) -> float:
        """Return the sum of what is above the limits."""
        return self._excess

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        demand = self.demand[instances]
        fits: Bools = np.logical_and.reduce(
            demand[:, :, None] <= self._free, axis=1
        )
        rows = np.arange(len(instances))
        if self._transient is not None:
            start = self._transient.start[instances]
            lasting = np.where(self._transient.dims, 0.0, demand)
            fits[rows, start] = np.logical_and.reduce(
                lasting <= self._free[:, start].T, axis=1
            )
        fits[rows, self.node_of[instances]] = True
        return fits

    def swap_allowed(self, left: Ints, right: Ints) -> Bools:
        """Return bool[n]: which pairs could trade places."""
        here, there = self.node_of[left], self.node_of[right]
        if self._transient is None:
            net = (self.demand[right] - self.demand[left]).T
            fits: Bools = np.logical_and.reduce(
                net <= self._free[:, here], axis=0
            )
            fits &= np.logical_and.reduce(-net <= self._free[:, there], axis=0)
            return fits
        one = self._change(right, here) - self._change(left, here)
        other = self._change(left, there) - self._change(right, there)
        fits = np.logical_and.reduce(one <= self._free[:, here].T, axis=1)
        fits &= np.logical_and.reduce(other <= self._free[:, there].T, axis=1)
        return fits

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        home = int(self.node_of[instance])
        if home == to:
            return
        leaving = arriving = self.demand[instance]
        if self._transient is not None:
            start = int(self._transient.start[instance])
            if start in (home, to):
                lasting = np.where(self._transient.dims, 0.0, leaving)
                leaving = lasting if start == home else leaving
                arriving = lasting if start == to else arriving
        self._add(home, leaving)
        self._add(to, -arriving)
        self.node_of[instance] = to

    def _add(self, node: int, amount: Floats) -> None:
        room = self._room[:, node]
        room += amount
        if self._over[node] or (room < 0.0).any():
            worse = room + self._debt[:, node]
            over = float(-np.minimum(worse, 0.0).sum())
            self._excess += over - float(self._over[node])
            self._over[node] = over
            np.maximum(room, 0.0, out=self._free[:, node])
        else:
            self._free[:, node] = room

    def possible(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: large enough when empty, or home.

        Who started on a node never ceases to hold its transient room.
        """
        demand = self.demand[instances]
        rows = np.arange(len(instances))
        fits: Bools = np.logical_and.reduce(
            demand[:, :, None] <= self._most, axis=1
        )
        if self._transient is not None:
            start = self._transient.start[instances]
            limit = self._limit[:, start].T
            fits[rows, start] = np.logical_and.reduce(demand <= limit, axis=1)
        fits[rows, self.node_of[instances]] = True
        return fits

    def sizes(self) -> Floats:
        """Return float64[n_instances]: largest share of a mean node."""
        mean = np.maximum(self._limit.mean(axis=1), 1e-9)
        sizes: Floats = (self.demand / mean).max(axis=1)
        return sizes

    def write(self, area: Area) -> None:
        """Write the rule into a programme."""
        used = self._used(area.node_of)
        now = self._limit.T - self._room.T
        for dim in range(self.demand.shape[1]):
            demand = self.demand[area.free, dim]
            for k, node in enumerate(area.nodes.tolist()):
                columns, factors = amounts(area, k, demand)
                if self._transient is not None and self._transient.dims[dim]:
                    start = self._transient.start[area.free]
                    others = start != node
                    others = others[(area.choice[:, k] >= 0) & (demand != 0)]
                    columns, factors = columns[others], factors[others]
                limit = max(self._limit[dim, node], now[node, dim])
                room = limit - used[node, dim]
                if factors.sum() > room:
                    area.program.row(columns, factors, upper=float(room))

    def _used(self, node_of: Ints) -> Floats:
        """float64[n_nodes, n_dims]; nodes of -1 hold only the start."""
        used = np.zeros((self.n_nodes, self.demand.shape[1]))
        placed = node_of >= 0
        np.add.at(used, node_of[placed], self.demand[placed])
        if self._transient is not None:
            start = self._transient.start
            away = np.flatnonzero(node_of != start)
            held = np.where(self._transient.dims, self.demand[away], 0.0)
            np.add.at(used, start[away], held)
        return used

    def _change(self, instances: Ints, nodes: Ints) -> Floats:
        """float64[n, n_dims]: what being on a node or not changes there."""
        demand = self.demand[instances]
        if self._transient is None:
            return demand
        home = (self._transient.start[instances] == nodes)[:, None]
        return np.where(home & self._transient.dims, 0.0, demand)
