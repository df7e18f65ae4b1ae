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

"""An event-driven run of a plan: overlap, limits, one failing action."""

from __future__ import annotations

import heapq

from collections.abc import Sequence
from dataclasses import dataclass

from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.graph import Graph
from watcher_rearrange.checker.limits import Limits
from watcher_rearrange.checker.occupancy import Occupancy
from watcher_rearrange.checker.report import Findings


@dataclass(frozen=True)
class Path:
    """What is run: the actions, their order and the state at the start."""

    actions: Sequence[Action]
    graph: Graph
    start: Occupancy
    limits: Limits


@dataclass(frozen=True)
class Schedule:
    """When things happen, by position of the action.

    :ivar label: what to call this run
    :ivar delay_s: from all parents done to ready to start
    :ivar duration_s: from start to end
    :ivar rank: the lowest of those ready at the same time starts first
    :ivar failed: the action that fails at its end
    :ivar skipped: the action that never starts
    """

    label: str
    delay_s: Sequence[float]
    duration_s: Sequence[float]
    rank: Sequence[float]
    failed: int | None = None
    skipped: int | None = None


# What a waiting action waits for: a slot of the executor, or one to leave or
# enter a node.
Slot = tuple[str, str]
PARALLEL = ('parallel', '')


class Simulation:
    """One run of a plan."""

    def __init__(
        self, path: Path, schedule: Schedule, findings: Findings
    ) -> None:
        self._path = path
        self._schedule = schedule
        self._findings = findings
        self._state = path.start.copy()
        self._missing = [len(needed) for needed in path.graph.parents]
        # time, rank, position of the action, whether it ends then
        self._events: list[tuple[float, float, int, bool]] = []
        self._taken: dict[Slot, int] = {}
        self._waiting: dict[Slot, list[tuple[float, int]]] = {}
        self._now_s = 0.0
        self._limit = {
            'parallel': path.limits.max_parallel,
            'leave': path.limits.max_outgoing,
            'enter': path.limits.max_incoming,
        }

    def run(self) -> None:
        """Run until nothing can go on; violations go to the findings."""
        for i, missing in enumerate(self._missing):
            if not missing:
                self._plan_start(i)
        while self._events:
            self._now_s, _rank, i, ends = heapq.heappop(self._events)
            if ends:
                self._end(i)
            else:
                self._try_start(i)

    def _plan_start(self, i: int) -> None:
        # A skipped action never starts, nor does what depends on it.
        if i != self._schedule.skipped:
            self._at(self._schedule.delay_s[i], i, ends=False)

    def _at(self, in_s: float, i: int, ends: bool) -> None:
        rank = self._schedule.rank[i]
        heapq.heappush(self._events, (self._now_s + in_s, rank, i, ends))

    def _slots(self, action: Action) -> list[Slot]:
        if not action.migrates:
            return [PARALLEL]
        return [
            PARALLEL,
            ('leave', action.source),
            ('enter', action.destination),
        ]

    def _free(self, slot: Slot) -> bool:
        limit = self._limit[slot[0]]
        return limit is None or self._taken.get(slot, 0) < limit

    def _try_start(self, i: int) -> None:
        action = self._path.actions[i]
        slots = self._slots(action)
        for slot in slots:
            if not self._free(slot):
                queue = self._waiting.setdefault(slot, [])
                heapq.heappush(queue, (self._schedule.rank[i], i))
                return
        misplaced = self._state.misplaced(action)
        wrong = misplaced or self._state.start(action)
        if wrong:
            self._findings.add(wrong, self._when(i))
        if misplaced:
            # Nothing to move there: the action fails at once.
            return
        for slot in slots:
            self._taken[slot] = self._taken.get(slot, 0) + 1
        self._at(self._schedule.duration_s[i], i, ends=True)

    def _end(self, i: int) -> None:
        action = self._path.actions[i]
        succeeded = i != self._schedule.failed
        self._state.end(action, succeeded)
        if succeeded:
            for child in self._path.graph.children[i]:
                self._missing[child] -= 1
                if not self._missing[child]:
                    self._plan_start(child)
        slots = self._slots(action)
        for slot in slots:
            self._taken[slot] -= 1
        for slot in reversed(slots):
            self._wake(slot)

    def _wake(self, slot: Slot) -> None:
        # Whoever finds another slot taken goes to wait for that one.
        queue = self._waiting.get(slot)
        while queue and self._free(slot):
            self._try_start(heapq.heappop(queue)[1])

    def _when(self, i: int) -> str:
        name = self._path.actions[i].id
        label = self._schedule.label
        return f'{label}, t={self._now_s:.1f} s, action {name} starts'
