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
from watcher_rearrange.optimizer.search.rules import NEVER
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
            # What being on another node takes, then on the first one.
            brief = np.where(transient.dims, 0.0, self.demand)
            self._either = np.concatenate([self.demand, brief])
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

    def trade_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may be able to go."""
        home, rows = self.node_of[instances], np.arange(len(instances))
        room = self._room.copy()
        np.add.at(room.T, home, self._change(instances, home))
        np.maximum(room, 0.0, out=room)
        demand = self.demand[instances]
        fits: Bools = np.logical_and.reduce(demand[:, :, None] <= room, axis=1)
        if self._transient is not None:
            start = self._transient.start[instances]
            brief = self._change(instances, start)
            fits[rows, start] = np.logical_and.reduce(
                brief <= room[:, start].T, axis=1
            )
        fits[rows, home] = True
        return fits

    def swap_allowed(self, one: int, others: Ints) -> Bools:
        """Return bool[n]: with whom one could trade places."""
        here, there = int(self.node_of[one]), self.node_of[others]
        net = self._change(others, here) - self._change(one, here)
        fits: Bools = np.logical_and.reduce(net <= self._free[:, here], axis=1)
        # Few are left for the dearer half.
        left = np.flatnonzero(fits)
        others, there = others[left], there[left]
        net = self._change(one, there) - self._change(others, there)
        fits[left] = np.logical_and.reduce(
            net <= self._free[:, there].T, axis=1
        )
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

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        home = self.node_of[instances]
        np.add.at(self._room.T, home, self._change(instances, home))
        np.subtract.at(self._room.T, to, self._change(instances, to))
        self.node_of[instances] = to
        both = np.concatenate([home, to])
        room = self._room[:, both]
        self._free[:, both] = np.maximum(room, 0.0)
        worse = np.minimum(room + self._debt[:, both], 0.0)
        self._over[both] = -worse.sum(axis=0)
        self._excess = float(self._over.sum())

    def cleared(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go if others leave."""
        return self.possible(instances)

    def relief(self, one: int, node: int, others: Ints) -> Floats:
        """Return float64[n]: which share of what is missing each holds."""
        need = self._change(one, node) - self._room[:, node]
        short = np.flatnonzero(need > 0.0)
        held = self._change(others, node)[:, short]
        share: Floats = np.minimum(held / need[short], 1.0).sum(axis=1)
        return share

    def in_the_way(self, one: int, node: int, others: Ints) -> int:
        """Return how many of the others have to leave first."""
        need = self._change(one, node) - self._room[:, node]
        if (need <= 0.0).all():
            return 0
        left = np.cumsum(self._change(others, node), axis=0)
        enough = np.logical_and.reduce(need <= left, axis=1)
        return int(enough.argmax()) + 1 if enough.any() else NEVER

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

    def _change(self, instances: Ints | int, nodes: Ints | int) -> Floats:
        """float64[n, n_dims]: what being on a node or not changes there."""
        if self._transient is None:
            return self.demand[instances]
        home = self._transient.start[instances] == nodes
        return self._either[instances + len(self.demand) * home]
