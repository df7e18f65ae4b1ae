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

"""A part of a plan's moves, what it is worth and how long it takes."""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Iterable

import numpy as np

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.timing import schedule
from watcher_rearrange.planning import actions
from watcher_rearrange.planning.job import Job


# Each objective afterwards, the most important first: the less, the better.
Value = tuple[float, ...]

# The indices of moves.
Moves = frozenset[int]

NOTHING: Moves = frozenset()


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """Some of the moves, that can be done without the others.

    :ivar after: the placement that they lead to
    :ivar seconds: of all of them together
    """

    moves: Moves
    after: Placement
    value: Value
    seconds: float


class Parts:
    """The parts of a plan that there may be.

    :param end: the placement that the whole plan leads to
    """

    def __init__(self, job: Job, draft: actions.Draft, end: Placement) -> None:
        self._job = job
        self._draft = draft
        self._end = end
        self._limit = np.maximum(job.limit(), draft.start.used)
        self._seconds = actions.seconds(draft)
        self._shares = actions.shares(draft)
        self._parents = actions.parents(draft)
        self._moves_of: dict[int, list[int]] = {}
        for k, move in enumerate(draft.moves):
            self._moves_of.setdefault(move.instance, []).append(k)

    def nothing(self) -> Part:
        """Return the part without a move."""
        part = self._judged(NOTHING, self._draft.start)
        assert part is not None
        return part

    def by_instance(self) -> list[Moves]:
        """Return the moves of each instance."""
        return [frozenset(own) for own in self._moves_of.values()]

    def by_freed_node(self) -> list[Moves]:
        """Return for each node that ends empty all that leaves it."""
        leaving: dict[int, set[int]] = {}
        for k, move in enumerate(self._draft.moves):
            leaving.setdefault(move.source, set()).add(k)
        used = set(self._end.node_of.tolist())
        return [
            frozenset(moves)
            for node, moves in leaving.items()
            if node not in used
        ]

    def closed(self, moves: Moves) -> Moves:
        """Return moves with all that they depend on.

        An instance that is moved at all gets to its final node.
        """
        found: set[int] = set()
        todo = sorted(moves)
        while todo:
            k = todo.pop()
            if k not in found:
                found.add(k)
                todo += self._parents[k]
                todo += self._moves_of[self._draft.moves[k].instance]
        return frozenset(found)

    def without(self, instances: Collection[int]) -> Moves:
        """Return the moves that depend on none of some instances.

        Who does not get to its final node is left alone.
        """
        moves = self._draft.moves
        gone = set(instances)
        lost: set[int] = set()
        while True:
            before = len(lost)
            for k, move in enumerate(moves):
                if move.instance in gone or lost.intersection(
                    self._parents[k]
                ):
                    lost.add(k)
                    gone.add(move.instance)
            if len(lost) == before:
                return frozenset(range(len(moves))) - lost

    def path(self, part: Part) -> Path:
        """Return the moves of a part in their order."""
        return Path(tuple(self._draft.moves[k] for k in sorted(part.moves)))

    def tried(self, moves: Iterable[int]) -> Part | None:
        """Return a part if it can be done one by one and makes sense."""
        placement = self._draft.start.copy()
        order = sorted(moves)
        for k in order:
            move = self._draft.moves[k]
            if not self._draft.rules.allows(
                placement, move.instance, move.destination
            ):
                return None
            placement.move(move.instance, move.destination)
        return self._judged(frozenset(order), placement)

    def joined(self, part: Part, more: Moves) -> Part | None:
        """Return a part with more moves, if that makes sense.

        :param more: closed, as the part is, so that they can be done
        """
        placement = part.after.copy()
        for k in sorted(more - part.moves):
            move = self._draft.moves[k]
            placement.move(move.instance, move.destination)
        return self._judged(part.moves | more, placement)

    def busy_s(self, moves: Moves) -> dict[schedule.Key, float]:
        """Return how long moves use up everything that is limited.

        Each instance counts as something limited, too: its moves take place
        one after another.
        """
        busy_s: dict[schedule.Key, float] = {}
        for k in moves:
            own = ('instance', self._draft.moves[k].instance)
            busy_s[own] = busy_s.get(own, 0.0) + self._seconds[k]
            for key, share_s in self._shares[k].items():
                busy_s[key] = busy_s.get(key, 0.0) + share_s
        return busy_s

    def fits(self, part: Part, deadline_s: float) -> bool:
        """Whether a part is over by the deadline."""
        return actions.is_over_by(
            dataclasses.replace(
                self._draft,
                moves=[self._draft.moves[k] for k in sorted(part.moves)],
                services=self._job.services(part.after),
            ),
            deadline_s,
        )

    def _judged(self, moves: Moves, after: Placement) -> Part | None:
        """The part, unless it is worse than nothing, or fills too much."""
        if (after.used > self._limit).any():
            return None
        table = self._job.table(self._draft.start, after)
        if self._job.is_worse(table):
            return None
        value = tuple(row.after for row in table)
        return Part(moves, after, value, sum(self._seconds[k] for k in moves))
