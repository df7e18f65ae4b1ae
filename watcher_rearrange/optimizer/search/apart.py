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

"""Anti-affinity: of a group, at most so many instances on one node."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.optimizer.search.rules import NEVER
from watcher_rearrange.optimizer.search.rules import Rule


class Apart(Rule):
    """Members of a group on distinct nodes, or so many on each.

    :param group: int64[n_instances], from 0; -1 for no group
    :param most: int64[n_groups], members on one node; 1 by default
    """

    name = 'anti_affinity'

    def __init__(
        self, group: Ints, n_nodes: int, most: Ints | None = None
    ) -> None:
        super().__init__(n_nodes)
        least = 0 if most is None else len(most)
        size = np.bincount(group[group >= 0], minlength=least)
        most = np.ones(len(size), dtype=np.int64) if most is None else most
        # Groups too small to break the rule are not counted: they share
        # the last row, which has no limit.
        real = np.flatnonzero(size > most)
        row = np.full(len(size) + 1, len(real))
        row[real] = np.arange(len(real))
        self._row: Ints = row[group]
        # There may be as many groups as nodes: tables of 32 bits.
        none = len(group) + 1
        self._most: Ints = np.append(most[real], none).astype(np.int32)
        shape = (len(real) + 1, n_nodes)
        self._count = np.zeros(shape, dtype=np.int32)
        self._tolerated = np.repeat(self._most[:, None], n_nodes, axis=1)
        self._over = 0

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self._count[:] = 0
        placed = node_of >= 0
        cells = self._row[placed] * self.n_nodes + node_of[placed]
        cells, counts = np.unique(cells, return_counts=True)
        self._count.reshape(-1)[cells] = counts
        self._over = _above(counts, self._tolerated.reshape(-1)[cells])

    def tolerate(self) -> None:
        """Count as broken, from now on, only what gets worse than now."""
        self._tolerated = np.maximum(self._most[:, None], self._count)
        self._over = 0

    def excess(self) -> float:
        """Return how many members are too many."""
        return float(self._over)

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        row = self._row[instances]
        allowed: Bools = self._count[row] < self._most[row, None]
        allowed[np.arange(len(row)), self.node_of[instances]] = True
        return allowed

    def trade_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may be able to go."""
        row, home = self._row[instances], self.node_of[instances]
        count = self._count[row]
        same, which = np.nonzero(row[:, None] == row)
        np.subtract.at(count, (same, home[which]), 1)
        allowed: Bools = count < self._most[row, None]
        allowed[np.arange(len(row)), home] = True
        return allowed

    def swap_allowed(self, one: int, others: Ints) -> Bools:
        """Return bool[n]: with whom one could trade places."""
        row, rows = self._row[one], self._row[others]
        here, there = self.node_of[one], self.node_of[others]
        allowed: Bools = self._count[row, there] < self._most[row]
        allowed &= self._count[rows, here] < self._most[rows]
        return allowed | (rows == row)

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        row, home = int(self._row[instance]), int(self.node_of[instance])
        if home == to:
            return
        count, most = self._count[row], self._tolerated[row]
        self._over -= int(count[home] > most[home])
        self._over += int(count[to] >= most[to])
        count[home] -= 1
        count[to] += 1
        self.node_of[instance] = to

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        row, home = self._row[instances], self.node_of[instances]
        cells = np.concatenate([row, row]) * self.n_nodes
        cells = np.unique(cells + np.concatenate([home, to]))
        count, most = self._count.reshape(-1), self._tolerated.reshape(-1)
        self._over -= _above(count[cells], most[cells])
        np.subtract.at(self._count, (row, home), 1)
        np.add.at(self._count, (row, to), 1)
        self._over += _above(count[cells], most[cells])
        self.node_of[instances] = to

    def cleared(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go if others leave."""
        return self.possible(instances)

    def relief(self, one: int, node: int, others: Ints) -> Floats:
        """Return float64[n]: 1 for members of the same group, if too many."""
        row = self._row[one]
        over = self._count[row, node] >= self._most[row]
        return (over & (self._row[others] == row)).astype(float)

    def in_the_way(self, one: int, node: int, others: Ints) -> int:
        """Return how many of the others have to leave first."""
        row = self._row[one]
        over = int(self._count[row, node] + 1 - self._most[row])
        if over <= 0:
            return 0
        same = np.flatnonzero(self._row[others] == row)
        return int(same[over - 1]) + 1 if len(same) >= over else NEVER

    def write(self, area: Area) -> None:
        """Write the rule into a programme."""
        rows, home = self._row[area.free], self.node_of[area.free]
        for row in np.unique(rows[rows < len(self._most) - 1]).tolist():
            members = rows == row
            for k, node in enumerate(area.nodes.tolist()):
                columns = area.choice[members, k]
                columns = columns[columns >= 0]
                count = int(self._count[row, node])
                most = max(int(self._most[row]), count)
                left = most - (count - int((members & (home == node)).sum()))
                if len(columns) > left:
                    area.program.row(columns, 1.0, upper=float(left))


def _above(count: Ints, most: Ints) -> int:
    return int(np.maximum(count - most, 0).sum())
