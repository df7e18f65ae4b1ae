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
from watcher_rearrange.objectives.term import Area
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
        self._most: Ints = np.append(most[real], len(group) + 1)
        shape = (len(real) + 1, n_nodes)
        self._count = np.zeros(shape, dtype=np.int32)
        self._tolerated = np.repeat(self._most[:, None], n_nodes, axis=1)
        self._over = 0

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self._count[:] = self._counted(node_of)
        over = self._count - self._tolerated
        self._over = int(np.maximum(over, 0).sum())

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

    def swap_allowed(self, left: Ints, right: Ints) -> Bools:
        """Return bool[n]: which pairs could trade places."""
        one, other = self._row[left], self._row[right]
        same = one == other
        here, there = self.node_of[left], self.node_of[right]
        allowed: Bools = self._count[one, there] < self._most[one]
        allowed &= self._count[other, here] < self._most[other]
        return allowed | same

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

    def write(self, area: Area) -> None:
        """Write the rule into a programme."""
        fixed = self._counted(area.node_of)
        rows = self._row[area.free]
        for row in np.unique(rows[rows < len(self._most) - 1]).tolist():
            members = rows == row
            for k, node in enumerate(area.nodes.tolist()):
                columns = area.choice[members, k]
                columns = columns[columns >= 0]
                most = max(self._most[row], self._count[row, node])
                left = int(most - fixed[row, node])
                if len(columns) > left:
                    area.program.row(columns, 1.0, upper=float(left))

    def _counted(self, node_of: Ints) -> Ints:
        shape = (len(self._most), self.n_nodes)
        count = np.zeros(shape, dtype=np.int64)
        placed = node_of >= 0
        np.add.at(count, (self._row[placed], node_of[placed]), 1)
        return count
