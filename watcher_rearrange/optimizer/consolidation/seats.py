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


"""Who goes where, when it is known how many of each kind do.

Everybody moves only where there is room by then: the order in which they
find their seats is itself a way to the placement, without detours.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.consolidation.master import Columns
from watcher_rearrange.optimizer.consolidation.task import Task


def seated(task: Task, taken: Columns) -> tuple[Placement, list[int]]:
    """Return a placement, and who should leave but found no seat.

    :param taken: what the nodes do
    """
    return _Seats(task, taken).run()


class _Seats:
    def __init__(self, task: Task, taken: Columns) -> None:
        self._problem = task.problem
        self._groups = task.problem.rules.groups
        self._kind_of = task.kinds.of
        self._placement = task.start.copy()
        self._seats: list[Counter[int]] = [
            Counter() for _ in range(task.kinds.n_kinds)
        ]
        arrive = np.maximum(taken.arrive - taken.leave, 0)
        for row, kind in np.argwhere(arrive).tolist():
            self._seats[kind][int(taken.node[row])] = int(arrive[row, kind])
        emptied = taken.saved > 0
        leave = np.maximum(taken.leave - taken.arrive, 0)
        self._clearing = _leavers(task, taken.node[~emptied], leave[~emptied])
        self._emptying = _leavers(task, taken.node[emptied], leave[emptied])
        # Nodes that others must leave first, and how many.
        nodes = task.start.node_of[self._clearing].tolist()
        self._waits = Counter(nodes)
        self._in_order = True

    def run(self) -> tuple[Placement, list[int]]:
        """Seat those who make room, then the others."""
        left = self._clearing
        before = -1
        while len(left) != before:
            before = len(left)
            left = [idx for idx in left if not self._seat(idx)]
        members = [i for i in self._emptying if self._groups.of(i)]
        others = [i for i in self._emptying if not self._groups.of(i)]
        left += [i for i in members + others if not self._seat(i)]
        if left and self._knotted(left):
            return self._placement, []
        return self._placement, left

    def _knotted(self, left: list[int]) -> bool:
        """Seat those who wait for each other; the path needs a detour."""
        seats, placement = self._seats, self._placement
        self._seats = [seat.copy() for seat in seats]
        self._placement = placement.copy()
        self._in_order = False
        if all([self._seat(idx) for idx in left]):
            return True
        self._seats, self._placement = seats, placement
        return False

    def _seat(self, idx: int) -> bool:
        seats = self._seats[int(self._kind_of[idx])]
        node = next((n for n in seats if self._fits(idx, n)), -1)
        if node < 0:
            return False
        seats[node] -= 1
        if not seats[node]:
            del seats[node]
        before = self._placement.move(idx, node)
        if before in self._waits:
            self._waits[before] -= 1
            if not self._waits[before]:
                del self._waits[before]
        return True

    def _fits(self, idx: int, node: int) -> bool:
        if self._in_order and not self._has_room(idx, node):
            return False
        if not self._groups.of(idx):
            return True
        return bool(self._groups.permitted(self._placement, idx)[node])

    def _has_room(self, idx: int, node: int) -> bool:
        demand = self._problem.cluster.demand[idx]
        used = self._placement.used[node] + demand
        over = (used > self._problem.limit[node]) & (demand > 0)
        return node not in self._waits and not over.any()


def _leavers(task: Task, nodes: Ints, leave: Ints) -> list[int]:
    """Who leaves: of those that could, rather one without a group."""
    groups = task.problem.rules.groups
    start, kind_of = task.start.node_of, task.kinds.of
    row_of = {node: row for row, node in enumerate(nodes.tolist())}
    there = np.flatnonzero(np.isin(start, nodes) & (kind_of >= 0)).tolist()
    there.sort(key=lambda i: (int(start[i]), len(groups.of(i)), i))
    left = leave.copy()
    chosen = []
    for idx in there:
        row, kind = row_of[int(start[idx])], int(kind_of[idx])
        if left[row, kind] > 0:
            left[row, kind] -= 1
            chosen.append(idx)
    return chosen
