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

"""What can be done by a deadline, the most valuable first.

Of few choices, every set is tried. Of many, the one that gains most a
second is taken again and again, and what is left of the time is filled with
what still fits (greedy for the knapsack problem, Dantzig 1957).
"""

from __future__ import annotations

import heapq
import itertools

from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.timing import schedule
from watcher_rearrange.planning import actions
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.selection import NOTHING
from watcher_rearrange.planning.selection import Moves
from watcher_rearrange.planning.selection import Part
from watcher_rearrange.planning.selection import Parts
from watcher_rearrange.planning.selection import Value


# All sets of so many choices are tried.
MOST_CHOICES = 8

# How often it is worked out what a part of a large plan gains, and how many
# moves are put into a timetable for that, all in all.
MAX_JUDGED = 10_000
MAX_TIMED = 40_000

LEAST_S = 0.1

# Sums of seconds that should be equal may differ in the last bits.
TINY_S = 1e-6


def cut(
    job: Job, draft: actions.Draft, end: Placement
) -> tuple[Path, Placement]:
    """Return the moves that are done by the job's deadline, and their end.

    A move is kept with all that it depends on, and an instance is either
    left alone or gets to its final node.
    """
    assert job.deadline_s is not None
    parts = Parts(job, draft, end)
    best = _best(parts, job.deadline_s)
    return parts.path(best), best.after


def _best(parts: Parts, deadline_s: float) -> Part:
    instances = parts.by_instance()
    if len(instances) <= MOST_CHOICES:
        return _of_all_sets(parts, instances, deadline_s)
    nodes = [parts.closed(moves) for moves in parts.by_freed_node()]
    choices = [*nodes, *(parts.closed(moves) for moves in instances)]
    greedy = _Greedy(parts, choices, deadline_s)
    found = [greedy.filled(parts.nothing())]
    if 0 < len(nodes) <= MOST_CHOICES:
        emptied = _of_all_sets(parts, nodes, deadline_s)
        found.append(greedy.filled(emptied))
    return min(found, key=_rank)


def _rank(part: Part) -> tuple[object, ...]:
    """By value; of equal ones the cheapest."""
    return part.value, part.seconds, len(part.moves)


def _of_all_sets(
    parts: Parts, choices: Sequence[Moves], deadline_s: float
) -> Part:
    """The best of all sets of choices that is over in time."""
    candidates = {
        NOTHING.union(*chosen)
        for count in range(1, len(choices) + 1)
        for chosen in itertools.combinations(choices, count)
    }
    tried = [parts.tried(moves) for moves in sorted(candidates, key=sorted)]
    nothing = parts.nothing()
    better = [part for part in tried if part and part.value < nothing.value]
    for part in sorted(better, key=_rank):
        if parts.fits(part, deadline_s):
            return part
    return nothing


class _Greedy:
    """What gains most a second first.

    :param choices: closed
    """

    def __init__(
        self, parts: Parts, choices: Sequence[Moves], deadline_s: float
    ) -> None:
        self._parts = parts
        self._choices = list(dict.fromkeys(choices))
        self._deadline_s = deadline_s
        self._judged = 0
        self._timed = 0

    def filled(self, part: Part) -> Part:
        """Return a part with what else fits, best first."""
        self._judged = self._timed = 0
        while True:
            before = part
            rest = self._ordered(part)
            while rest:
                count, part = self._longest(part, rest)
                # The next one does not fit; some after it may.
                rest = rest[count + 1 :]
            if part is before:
                return part

    def _longest(
        self, part: Part, choices: Sequence[Moves]
    ) -> tuple[int, Part]:
        """As many of the first choices as fit, and the part with them."""
        low, high = 0, len(choices)
        while low < high:
            middle = (low + high + 1) // 2
            more = self._parts.joined(part, NOTHING.union(*choices[:middle]))
            if more and more.value < part.value and self._fits(more):
                low = middle
                best = more
            else:
                high = middle - 1
        return (low, best) if low else (0, part)

    def _fits(self, part: Part) -> bool:
        self._timed += len(part.moves)
        if self._timed > MAX_TIMED:
            return False
        return self._parts.fits(part, self._deadline_s)

    def _ordered(self, part: Part) -> list[Moves]:
        """The choices as they gain most when done one after another.

        What one gains changes with those before, mostly to less: it is
        worked out again only for the one that seems the best. What would
        keep some link busy for too long is left out.
        """
        queue = []
        busy_s = self._parts.busy_s(part.moves)
        for number, choice in enumerate(self._choices):
            gain = self._gain(part, busy_s, choice)
            if gain is not None:
                queue.append((gain, number))
        heapq.heapify(queue)
        ordered = []
        while queue:
            _, number = heapq.heappop(queue)
            choice = self._choices[number]
            gain = self._gain(part, busy_s, choice)
            if gain is None:
                continue
            if queue and gain > queue[0][0]:
                heapq.heappush(queue, (gain, number))
                continue
            part = self._parts.joined(part, choice) or part
            busy_s = self._parts.busy_s(part.moves)
            ordered.append(choice)
        return ordered

    def _gain(
        self, part: Part, busy_s: Mapping[schedule.Key, float], choice: Moves
    ) -> Value | None:
        """What a choice changes a second; None where that is no gain.

        :param busy_s: by the part alone
        """
        if choice <= part.moves or self._judged >= MAX_JUDGED:
            return None
        self._judged += 1
        added = self._parts.busy_s(choice - part.moves)
        if any(
            busy_s.get(key, 0.0) + seconds > self._deadline_s + TINY_S
            for key, seconds in added.items()
        ):
            return None
        more = self._parts.joined(part, choice)
        if more is None or more.value >= part.value:
            return None
        added_s = max(more.seconds - part.seconds, LEAST_S)
        return tuple(
            (after - before) / added_s
            for after, before in zip(more.value, part.value, strict=True)
        )
