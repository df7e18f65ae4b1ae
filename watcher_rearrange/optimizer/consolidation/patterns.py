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


"""How a node that stays in use may change, and what is best at prices.

A pattern says how many of each kind leave a node and how many arrive. Of
those at which at most two leave, all are looked at: whatever has left, the
table of the grid says what had best arrive.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.consolidation.grid import Grid
from watcher_rearrange.optimizer.consolidation.grid import Table
from watcher_rearrange.optimizer.consolidation.task import Task


# Pairs of leavers, at most; with more, one leaves at most.
MOST_PAIRS = 3_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Leavers:
    """Who might leave which node together, ordered by node.

    :ivar node: int64[n]
    :ivar first: int64[n], a kind; n_kinds for nobody
    :ivar second: int64[n], a kind; n_kinds for nobody
    :ivar count: int64[n], how many they are
    """

    node: Ints
    first: Ints
    second: Ints
    count: Ints

    @classmethod
    def on(cls, nodes: Ints, count: Ints) -> Leavers:
        """List nobody, one, and two of those on each node.

        :param count: int64[n_kinds, n_nodes]
        """
        n_kinds = len(count)
        there = [np.flatnonzero(count[:, n]) for n in nodes.tolist()]
        pairs = sum(len(kinds) ** 2 for kinds in there) // 2
        parts = []
        for node, kinds in zip(nodes.tolist(), there, strict=True):
            one = np.append(kinds, n_kinds)
            a, b = np.triu_indices(len(one), 1)
            first, second = one[a], one[b]
            if pairs > MOST_PAIRS:
                alone = second == n_kinds
                first, second = first[alone], second[alone]
            twice = kinds[count[kinds, node] > 1]
            first = np.concatenate([[n_kinds], first, twice])
            second = np.concatenate([[n_kinds], second, twice])
            parts.append((np.full(len(first), node), first, second))
        if not parts:
            return cls(*(np.zeros(0, dtype=np.int64) for _ in range(4)))
        node_, first, second = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        size = (first < n_kinds).astype(np.int64) + (second < n_kinds)
        return cls(node_, first, second, size)


class Patterns:
    """The patterns of the nodes in use that may receive.

    :ivar nodes: int64[n], these nodes
    """

    def __init__(self, task: Task) -> None:
        problem, kinds = task.problem, task.kinds
        self._problem = problem
        self._kinds = kinds
        receives = occupied(task.start) & problem.open_nodes
        receives &= (task.start.used <= problem.limit).all(axis=1)
        self.nodes = np.flatnonzero(receives & kinds.allowed.any(axis=0))
        self._free = problem.limit - task.start.used
        self._grid = Grid.of(
            kinds.demand,
            problem.limit[self.nodes],
            task.scarcity,
            optimistic=False,
        )
        self._most = kinds.count.sum(axis=1)
        # Nodes where the same kinds may be share a table.
        permitted, at = np.unique(
            kinds.allowed[:, self.nodes], axis=1, return_inverse=True
        )
        self._permitted = permitted.T
        table_of = np.zeros(problem.cluster.n_nodes, dtype=np.int64)
        table_of[self.nodes] = at.ravel()
        self._leavers = Leavers.on(self.nodes, kinds.count)
        who = self._leavers
        demand = np.vstack([kinds.demand, np.zeros_like(kinds.demand[:1])])
        room = self._free[who.node] + demand[who.first] + demand[who.second]
        self._room = self._grid.steps(room)
        self._table = table_of[who.node]
        self._begin = np.searchsorted(who.node, self.nodes)

    @property
    def n_tables(self) -> int:
        """How many sets of kinds that are permitted there are."""
        return len(self._permitted)

    def best(self, price: Floats) -> Best:
        """Return the best pattern of each node.

        :param price: float64[n_kinds], in migrations, what it is worth that
            one arrives; that one leaves costs a migration more
        """
        tables = [
            Table(self._grid, np.where(permitted, price, 0.0), self._most)
            for permitted in self._permitted
        ]
        who = self._leavers
        value = np.zeros(len(who.node))
        for k, table in enumerate(tables):
            at = self._table == k
            room = self._room[at]
            value[at] = table.value[room[:, 0], room[:, 1]]
        charge = np.append(price, 0.0)
        value -= charge[who.first] + charge[who.second] + who.count
        highest = np.zeros(0)
        if len(self.nodes):
            highest = np.maximum.reduceat(value, self._begin)
        n_leavers = np.diff(np.append(self._begin, len(value)))
        first = np.flatnonzero(value == np.repeat(highest, n_leavers))
        chosen = first[np.searchsorted(who.node[first], self.nodes)]
        return Best(self, tables, highest, chosen)

    def written(self, tables: list[Table], chosen: Ints) -> tuple[Ints, Ints]:
        """Return int64[n, n_kinds], who arrives and who leaves."""
        who = self._leavers
        n_kinds = self._kinds.n_kinds
        leave = np.zeros((len(chosen), n_kinds + 1), dtype=np.int64)
        rows = np.arange(len(chosen))
        np.add.at(leave, (rows, who.first[chosen]), 1)
        np.add.at(leave, (rows, who.second[chosen]), 1)
        leave = leave[:, :n_kinds]
        arrive = np.zeros_like(leave)
        for k, table in enumerate(tables):
            at = np.flatnonzero(self._table[chosen] == k)
            arrive[at] = table.content(self._room[chosen[at]])
        room = self._free[who.node[chosen]] + leave @ self._kinds.demand
        self._clip(arrive, room)
        return arrive, leave

    def _clip(self, arrive: Ints, room: Ints) -> None:
        """Leave out what does not fit in other resource classes."""
        demand = self._kinds.demand
        over = ((arrive @ demand > room) & (arrive @ demand > 0)).any(axis=1)
        for row in np.flatnonzero(over).tolist():
            left = room[row].copy()
            for kind in np.flatnonzero(arrive[row]).tolist():
                asked = demand[kind] > 0
                fits = left[asked] // demand[kind, asked]
                count = min(
                    int(arrive[row, kind]), int(fits.min(initial=2**31))
                )
                arrive[row, kind] = count
                left -= count * demand[kind]


@dataclasses.dataclass(frozen=True, eq=False)
class Best:
    """The best pattern of each node, not yet written down.

    :ivar value: float64[n], for the nodes of the patterns
    """

    _patterns: Patterns
    _tables: list[Table]
    value: Floats
    _chosen: Ints

    def written(self, which: Ints) -> tuple[Ints, Ints]:
        """Return int64[n, n_kinds], who arrives and who leaves.

        :param which: int64[n], positions among the nodes of the patterns
        """
        return self._patterns.written(self._tables, self._chosen[which])
