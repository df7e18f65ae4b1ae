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

"""Knots: what is left when direct moves are made, each searched exactly.

First comes what needs no search: where everybody can be at most. What is
left falls into independent parts. Where no path of a part is known yet, the
search goes on from both ends in turn, since one of them may soon be
exhausted, and after a while greedily too; where one is known, only cheaper
ones are of interest.
"""

from __future__ import annotations

import dataclasses
import functools
import time

from collections.abc import Iterable

from watcher_rearrange.path.exact.board import MAX_NODES
from watcher_rearrange.path.exact.board import Board
from watcher_rearrange.path.exact.parts import Extent
from watcher_rearrange.path.exact.parts import Part
from watcher_rearrange.path.exact.parts import Parts
from watcher_rearrange.path.exact.reach import Field
from watcher_rearrange.path.exact.reach import Reach
from watcher_rearrange.path.exact.search import Exact
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.shorten import Search


# Instances times nodes up to which a part counts as small, and beyond which
# it is not searched.
SMALL = 1_000
MAX_STEPS = 100_000

# How much more work a small part is worth, which is then mostly solved; moves
# looked at before the next search of a part has its turn, and before a greedy
# one begins.
SMALL_FACTOR = 500
TURN = 100_000
GREEDY_AFTER = 1_000_000

# How much more what is left to do counts in a greedy search.
GREED = 5


class Knots:
    """All parts in which somebody is misplaced, as far as they are solved.

    :ivar impossible: whether it is proved that there is no path
    """

    def __init__(self, search: Search, known: Path) -> None:
        """Find the parts.

        :param known: the path of another method, complete or not
        """
        self._search = search
        self._known = known
        field = Field.of(search.rules, search.start, search.target)
        reach = Reach(field)
        self.impossible = not reach.possible
        self._knots: list[Knot] = []
        if reach.possible:
            parts = Parts(search.rules, search.start, field, reach)
            self._knots = [
                Knot(parts, extent, search) for extent in parts.extents
            ]

    def learn(self, path: Path) -> None:
        """Take over a path of another method."""
        self._known = path
        for knot in self._knots:
            knot.learn(path.moves)

    def run(self, work: int, small: bool = False) -> Path:
        """Search what is not solved, and return the best path.

        :param work: of each search, more for small parts
        :param small: only small parts
        """
        for knot in self._knots:
            if not self.impossible and (knot.is_small or not small):
                knot.learn(self._known.moves)
                knot.run(work)
                self.impossible = knot.impossible
        return self._path()

    def _path(self) -> Path:
        known = self._known
        if self.impossible:
            return dataclasses.replace(known, proved=True)
        if all(knot.moves is not None for knot in self._knots):
            moves = [m for knot in self._knots for m in knot.moves or ()]
            proved = all(knot.proved for knot in self._knots)
            return Path(tuple(moves), proved=proved)
        return known if known.complete else self._joined()

    def _joined(self) -> Path:
        """What is solved, and the rest as far as another method got."""
        moves: list[Move] = []
        solved: set[int] = set()
        for knot in self._knots:
            if knot.moves is not None:
                moves += knot.moves
                solved |= {move.instance for move in knot.moves}
        if not moves:
            return self._known
        moves += [m for m in self._known.moves if m.instance not in solved]
        path = self._search.again(moves).path()
        return min(self._known, path, key=lambda p: len(p.blocked))


class Knot:
    """One part, with its searches.

    :ivar moves: the best path for it, None if none is known
    :ivar proved: whether that is a cheapest one
    :ivar impossible: whether it is proved that there is none
    :ivar is_small: whether it is searched before anything else is tried
    """

    def __init__(self, parts: Parts, extent: Extent, search: Search) -> None:
        self._parts = parts
        self._extent = extent
        self._costs = search.costs
        self._deadline = search.deadline
        self.moves: list[Move] | None = None
        self.proved = False
        self.impossible = False
        steps = len(extent.members) * len(extent.nodes)
        self._can_run = steps <= MAX_STEPS and len(extent.nodes) <= MAX_NODES
        self.is_small = self._can_run and steps <= SMALL

    @property
    def is_solved(self) -> bool:
        """Whether nothing is left to search."""
        return self.proved or self.impossible or not self._can_run

    def learn(self, moves: Iterable[Move]) -> None:
        """Take over the moves in this part if they solve it for less."""
        if self.is_solved:
            return
        mine = set(self._part.instances)
        own = [move for move in moves if move.instance in mine]
        cost = self._costs.of(own)
        if self.moves is not None and cost >= self._costs.of(self.moves):
            return
        if self._board.replayed(own):
            self.moves = own
            self._forward.limit = cost

    def run(self, work: int) -> None:
        """Search on, with so much work, or more where it is small."""
        if self.is_small:
            work *= SMALL_FACTOR
        for begun in range(0, work, TURN):
            if self.is_solved or time.monotonic() >= self._deadline:
                break
            self._turn(min(TURN, work - begun))

    def _turn(self, work: int) -> None:
        forward = self._forward
        forward.run(work, self._deadline)
        if forward.moves is not None:
            self.moves, self.proved = forward.moves, True
        elif forward.exhausted:
            self.proved = self.moves is not None
            self.impossible = self.moves is None
        elif self.moves is None:
            self._without_limit(work)

    def _without_limit(self, work: int) -> None:
        """Look for any path, or a proof, by other searches."""
        backward, greedy = self._backward, self._greedy
        if backward is not None:
            backward.run(work, self._deadline)
            self.impossible = backward.exhausted
            if backward.moves is not None:
                self.moves = self._turned(backward.moves)
                self.proved = True
                return
        if self._forward.work < GREEDY_AFTER and self.is_small:
            return
        greedy.run(work, self._deadline)
        if greedy.moves is not None:
            self.moves = greedy.moves
            self._forward.limit = self._costs.of(greedy.moves)

    def _turned(self, moves: list[Move]) -> list[Move]:
        """The moves of the search that began at the target."""
        goal = dict(zip(self._part.instances, self._part.goal, strict=True))
        nodes = self._part.nodes
        return [
            Move(
                move.instance,
                move.destination,
                move.source,
                move.source != nodes[goal[move.instance]],
            )
            for move in reversed(moves)
        ]

    @functools.cached_property
    def _part(self) -> Part:
        return self._parts.part(self._extent, self._costs.weight)

    @functools.cached_property
    def _board(self) -> Board:
        return Board(self._part)

    @functools.cached_property
    def _forward(self) -> Exact:
        return Exact(self._board)

    @functools.cached_property
    def _backward(self) -> Exact | None:
        if not self._part.reversible:
            return None
        return Exact(Board(self._part.reversed()))

    @functools.cached_property
    def _greedy(self) -> Exact:
        return Exact(self._board, GREED)
