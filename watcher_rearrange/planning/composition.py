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
"""A composed objective: levels of weighted terms, as a table and a search."""

from __future__ import annotations

import dataclasses
import functools

from collections.abc import Callable
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.search import levels
from watcher_rearrange.optimizer.search.levels import Terms
from watcher_rearrange.planning.aim import Aim
from watcher_rearrange.planning.aims import Aims
from watcher_rearrange.policies.terms import TermWish


Row = TypeVar('Row')

# Of one unit, what has to be gained at least.
LEAST = 0.01

TINY = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """What a search is about.

    :ivar asked: float64[n_instances], what migrating each has to bring
    :ivar n_movable: how many instances may be moved
    :ivar consolidate: a placement with cheaper nodes in use, from the costs
        of these, float64[n_nodes], a placement and a deadline
    """

    asked: Floats
    n_movable: int
    consolidate: Callable[[Floats, Ints, float], Ints]


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """One term of a level.

    :ivar name: of its row, which no other has
    """

    name: str
    aim: Aim
    weight: float
    enough: float


@dataclasses.dataclass(frozen=True, eq=False)
class Composed:
    """One level.

    :ivar parts: its terms
    """

    parts: tuple[Part, ...]

    @property
    def is_plain(self) -> bool:
        """Whether the row of its only term says all."""
        one = self.parts[0]
        plain = one.weight == 1.0 and not one.enough
        return len(self.parts) == 1 and plain

    @property
    def one(self) -> float:
        """The smallest unit of its terms."""
        return min(part.weight * part.aim.one for part in self.parts)

    def terms(self, start: Ints) -> Terms:
        """Return new terms with their weights."""
        return tuple(
            (part.weight, part.aim.term(start, part.enough))
            for part in self.parts
        )

    def guide(self) -> Terms:
        """Return new terms that only lead the search."""
        return tuple(
            (part.weight * weight, term)
            for part in self.parts
            for weight, term in part.aim.guide()
        )

    def pack(self) -> Terms:
        """Return new terms that tell where to go off a node."""
        return tuple(
            (part.weight * weight, term)
            for part in self.parts
            for weight, term in part.aim.pack()
        )

    @property
    def costs(self) -> Floats | None:
        """float64[n_nodes]: of nodes in use, if nothing else counts."""
        return self.parts[0].aim.costs if len(self.parts) == 1 else None

    def level(self, task: Task) -> levels.Level:
        """Return what to search with.

        All migrations together have to bring one unit at least.
        """
        price = np.maximum(task.asked, self.one / (task.n_movable + 1))
        costs = self.costs
        propose = None
        if costs is not None:
            propose = functools.partial(task.consolidate, costs)
        least = LEAST * self.one
        return levels.Level(
            self.terms, self.guide, self.pack, propose, price, least
        )


class Composition:
    """The levels that an operator composes.

    :param parts: the terms of each level
    :ivar composed: the levels
    """

    def __init__(self, parts: Sequence[tuple[Part, ...]]) -> None:
        self.composed = [Composed(level) for level in parts]

    @classmethod
    def of(
        cls, wishes: Sequence[tuple[TermWish, ...]], aims: Aims
    ) -> Composition:
        """Make the terms that are named.

        :raises BadInput: with every problem of every term
        """
        problems: list[str] = []
        count: dict[str, int] = {}
        made = []
        for level in wishes:
            parts = []
            for wish in level:
                try:
                    aim = aims.of(wish)
                except errors.BadInput as error:
                    problems += error.problems
                    continue
                number = count[aim.name] = count.get(aim.name, 0) + 1
                name = aim.name if number == 1 else f'{aim.name}_{number}'
                parts.append(Part(name, aim, wish.weight, wish.enough))
            made.append(tuple(parts))
        if problems:
            raise errors.BadInput(problems)
        return cls(made)

    def levels(self, task: Task) -> list[levels.Level]:
        """Return the levels to search with."""
        return [level.level(task) for level in self.composed]

    def table(self, start: Placement, end: Placement) -> list[ObjectiveValue]:
        """Return a row for each level that is a sum, and for each term."""
        return [
            row
            for number, level in enumerate(self.composed, 1)
            for row in _rows(number, level, start.node_of, end.node_of)
        ]

    def level_rows(self, table: Sequence[Row]) -> list[Row]:
        """Return those rows of a table that say what a level is worth."""
        rows, position = [], 0
        for level in self.composed:
            rows.append(table[position])
            position += len(level.parts) + (not level.is_plain)
        return rows

    def at_bound(self, table: Sequence[ObjectiveValue]) -> bool:
        """Whether every term of every level is, as far as that counts."""
        rows = iter(table)
        for level in self.composed:
            if not level.is_plain:
                next(rows)
            for part, row in zip(level.parts, rows, strict=False):
                least = max(row.bound or 0.0, part.enough)
                if row.after > least + TINY:
                    return False
        return True

    def compare(self, table: Sequence[ObjectiveValue]) -> int:
        """Return -1, 0 or 1: whether after is better, as good or worse."""
        for row in self.level_rows(table):
            if abs(row.after - row.before) > TINY * max(1.0, abs(row.before)):
                return -1 if row.after < row.before else 1
        return 0


class Ends:
    """What each migration of a plan is for.

    :param start: int64[n_instances]
    :param end: int64[n_instances]
    """

    def __init__(
        self, composition: Composition, start: Ints, end: Ints
    ) -> None:
        self.node_of = end
        self._levels = [
            [(part, part.aim.term(start, part.enough)) for part in level.parts]
            for level in composition.composed
        ]
        for level in self._levels:
            for _, term in level:
                term.reset(end)

    def gain(self, instance: int, home: int) -> str:
        """Return what would be worse with an instance at home, or nothing."""
        for level in self._levels:
            changes = [
                float(term.shift_deltas(np.array([instance]))[0, home])
                for _, term in level
            ]
            worse = [
                part.weight * change
                for (part, _), change in zip(level, changes, strict=True)
            ]
            if sum(worse) > TINY:
                most = int(np.argmax(worse))
                part = level[most][0]
                amount = f'{changes[most]:.3g} {part.aim.unit}'
                return f'{part.name}: {amount} better'
        return ''


def _rows(
    number: int, level: Composed, start: Ints, end: Ints
) -> list[ObjectiveValue]:
    rows = []
    before = after = bound = 0.0
    for part in level.parts:
        row = _row(part, start, end)
        rows.append(row)
        before += part.weight * max(0.0, row.before - part.enough)
        after += part.weight * max(0.0, row.after - part.enough)
        bound += part.weight * max(0.0, (row.bound or 0.0) - part.enough)
    if level.is_plain:
        return rows
    one = level.parts[0]
    alone = len(rows) == 1 and one.weight == 1.0
    unit = one.aim.unit if alone else 'weighted sum'
    whole = ObjectiveValue(
        f'level_{number}',
        round(before, 6),
        round(after, 6),
        round(bound, 6),
        unit,
    )
    return [whole, *rows]


def _row(part: Part, start: Ints, end: Ints) -> ObjectiveValue:
    term = part.aim.term(start)
    bound = term.lower_bound()
    term.reset(start)
    before = term.value()
    term.reset(end)
    return ObjectiveValue(
        part.name,
        round(before, 6),
        round(term.value(), 6),
        None if bound is None else round(bound, 6),
        part.aim.unit,
    )
