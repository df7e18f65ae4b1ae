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

"""When everything runs, and the order that keeps the concurrency limits.

Tasks are started as early as their parents and the limits allow, the ones
with the longest work behind them first (list scheduling, Graham 1969, with
critical path priorities). Each limited thing (the outgoing migrations of a
node, a link) is handed on from task to task, unit by unit; whoever takes a
unit comes after whoever had it. So the order keeps the limits whatever the
real durations are (chaining: Policella, Smith, Cesta and Oddo 2004). Units
that come from those before a task anyway are taken first.

Where tasks would start too late that way, those with the least time left go
first (earliest due date, Jackson 1955), if that lets more of them be in time.
"""

from __future__ import annotations

import dataclasses
import heapq
import math

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.path.graph.chains import Chains
from watcher_rearrange.path.graph.pools import Pool


Key = Hashable

# Who goes first: the least.
Turn = tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Task:
    """Something that takes time.

    :ivar parents: indices of the tasks that must be over before
    :ivar needs: what it holds meanwhile, as (key, units)
    :ivar latest_s: it should have started before
    :ivar lags: (task, seconds): it starts so long after the end of one that
        is over before in any case
    """

    seconds: float
    parents: tuple[int, ...] = ()
    needs: tuple[tuple[Key, int], ...] = ()
    latest_s: float = math.inf
    lags: tuple[tuple[int, float], ...] = ()


@dataclasses.dataclass(frozen=True)
class Timetable:
    """When each task starts and ends, in seconds.

    :ivar order: the tasks as they start, parents before children
    :ivar after: for each task those that must be over before it, for the
        limits alone
    :ivar bound_s: no timetable is shorter
    :ivar late: how many tasks start too late
    """

    start_s: list[float]
    end_s: list[float]
    order: list[int]
    after: list[list[int]]
    bound_s: float
    late: int = 0

    @property
    def makespan_s(self) -> float:
        """When the last task ends."""
        return max(self.end_s, default=0.0)

    @property
    def rank(self) -> tuple[int, float]:
        """The less, the better: what comes too late, then the makespan."""
        return self.late, self.makespan_s


def make(
    tasks: Sequence[Task],
    capacity: Mapping[Key, int],
    weight: Callable[[int], float] | None = None,
) -> Timetable:
    """Make a timetable.

    :param tasks: parents before children
    :param capacity: units of each key; a key that is not there has no limit
    :param weight: who goes first, the largest first, in place of the work
        that is behind a task
    """
    tails = _tails(tasks)
    bound_s = max([*tails, *_loads(tasks, capacity)], default=0.0)

    def scheduled(turns: Sequence[Turn]) -> Timetable:
        done = _Scheduler(tasks, capacity, turns)
        done.run()
        late = sum(
            # As a plan has it: rounded.
            round(start_s, 1) >= task.latest_s
            for start_s, task in zip(done.start_s, tasks, strict=True)
        )
        return Timetable(
            done.start_s, done.end_s, done.order, done.after, bound_s, late
        )

    weigh = weight or tails.__getitem__
    found = scheduled([(-weigh(k),) for k in range(len(tasks))])
    if not found.late:
        return found
    due_s = _due_s(tasks)
    urgent = scheduled([(due_s[k], -weigh(k)) for k in range(len(tasks))])
    return min(found, urgent, key=lambda one: one.rank)


class _Scheduler:
    def __init__(
        self,
        tasks: Sequence[Task],
        capacity: Mapping[Key, int],
        turns: Sequence[Turn],
    ) -> None:
        self._tasks = tasks
        self._turns = turns
        self._free = dict(capacity)
        self._chains = Chains(len(tasks))
        self._pools: dict[Key, Pool] = {}
        self._waiting: dict[Key, list[tuple[Turn, int]]] = {}
        self._open = [len(set(task.parents)) for task in tasks]
        self._children: list[list[int]] = [[] for _ in tasks]
        for k, task in enumerate(tasks):
            for parent in set(task.parents):
                self._children[parent].append(k)
        self._running: list[tuple[float, int]] = []
        # Who waits for nothing but the time.
        self._lagging: list[tuple[float, int]] = []
        self.start_s = [0.0] * len(tasks)
        self.end_s = [0.0] * len(tasks)
        self.after: list[list[int]] = [[] for _ in tasks]
        self.order: list[int] = []

    def run(self) -> None:
        """Start everything as early as it can be."""
        ready = [k for k, count in enumerate(self._open) if not count]
        self._start_all(ready, 0.0)
        while self._running or self._lagging:
            now_s = min(self._running[:1] + self._lagging[:1])[0]
            ready, freed = [], set()
            while self._running and self._running[0][0] <= now_s:
                _, k = heapq.heappop(self._running)
                freed.update(self._release(k))
                for child in self._children[k]:
                    self._open[child] -= 1
                    if not self._open[child]:
                        entry = (self._ready_s(child, now_s), child)
                        heapq.heappush(self._lagging, entry)
            while self._lagging and self._lagging[0][0] <= now_s:
                ready.append(heapq.heappop(self._lagging)[1])
            self._start_all(ready, now_s)
            for key in sorted(freed, key=repr):
                self._start_waiting(key, now_s)

    def _ready_s(self, k: int, now_s: float) -> float:
        lags = self._tasks[k].lags
        return max([now_s, *(self.end_s[j] + lag_s for j, lag_s in lags)])

    def _start_all(self, ready: list[int], now_s: float) -> None:
        for k in sorted(ready, key=lambda k: (self._turns[k], k)):
            self._try(k, now_s)

    def _start_waiting(self, key: Key, now_s: float) -> None:
        """Start who waits for a key, until it is used up."""
        queue = self._waiting.pop(key, [])
        while queue:
            turn, k = heapq.heappop(queue)
            if self._lacking(k) == key:
                heapq.heappush(queue, (turn, k))
                break
            self._try(k, now_s)
        for entry in queue:
            heapq.heappush(self._waiting.setdefault(key, []), entry)

    def _lacking(self, k: int) -> Key | None:
        for key, units in self._tasks[k].needs:
            if self._free.get(key, units) < units:
                return key
        return None

    def _try(self, k: int, now_s: float) -> None:
        key = self._lacking(k)
        if key is not None:
            entry = (self._turns[k], k)
            heapq.heappush(self._waiting.setdefault(key, []), entry)
            return
        self.after[k] = self._taken(k)
        self.start_s[k] = now_s
        self.end_s[k] = now_s + self._tasks[k].seconds
        self.order.append(k)
        heapq.heappush(self._running, (self.end_s[k], k))

    def _taken(self, k: int) -> list[int]:
        """Take what a task needs; return whom it comes after for that."""
        wants = []
        for key, units in self._limited(k):
            if key not in self._pools:
                ancestors = self._chains.ancestors
                self._pools[key] = Pool(self._free[key], ancestors)
            wants.append((self._pools[key], units))
        for key, units in self._limited(k):
            self._free[key] -= units
        parents = self._tasks[k].parents
        self._chains.link(k, list(parents), wants)
        return [p for p in self._chains.parents[k] if p not in parents]

    def _release(self, k: int) -> list[Key]:
        held = self._limited(k)
        for key, units in held:
            self._pools[key].give(k, units)
            self._free[key] += units
        return [key for key, _ in held]

    def _limited(self, k: int) -> list[tuple[Key, int]]:
        return [need for need in self._tasks[k].needs if need[0] in self._free]


def _tails(tasks: Sequence[Task]) -> list[float]:
    """The longest work from the start of each task to the end."""
    behind = [0.0] * len(tasks)
    for k in range(len(tasks) - 1, -1, -1):
        behind[k] += tasks[k].seconds
        for parent, lag_s in _befores(tasks[k]):
            behind[parent] = max(behind[parent], lag_s + behind[k])
    return behind


def _befores(task: Task) -> list[tuple[int, float]]:
    """What is over before a task, and how long at least."""
    return [*((parent, 0.0) for parent in task.parents), *task.lags]


def _due_s(tasks: Sequence[Task]) -> list[float]:
    """When each task should have started, for those behind it too."""
    due_s = [task.latest_s for task in tasks]
    for k in range(len(tasks) - 1, -1, -1):
        for parent, lag_s in _befores(tasks[k]):
            before_s = due_s[k] - lag_s - tasks[parent].seconds
            due_s[parent] = min(due_s[parent], before_s)
    return due_s


def _loads(tasks: Sequence[Task], capacity: Mapping[Key, int]) -> list[float]:
    """The time that each limited thing is busy at least."""
    work: dict[Key, float] = {}
    for task in tasks:
        for key, units in task.needs:
            if key in capacity:
                work[key] = work.get(key, 0.0) + units * task.seconds
    return [work[key] / capacity[key] for key in work]
