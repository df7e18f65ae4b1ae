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
"""Objectives one after the other, each as small as those before it allow.

Each level is searched with what was reached before it as a rule. A descent
comes first: where it reaches the bound, nobody moves who need not. Then the
engine looks for more. Every move has a price, so that it is made only if it
brings something, and in the end everybody goes home whose move brings
nothing any more.
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.migration_cost import MigrationCost
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.optimizer.search import engine
from watcher_rearrange.optimizer.search.descent import Descent
from watcher_rearrange.optimizer.search.drain import Drain
from watcher_rearrange.optimizer.search.kept import Kept
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.rules import Rule


TINY = 1e-9

# How much more what guides the search counts at first.
LED = 10.0

# Of the time, what is kept for taking back moves that bring nothing.
TIDY_SHARE = 0.1

Terms = tuple[tuple[float, Term], ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Level:
    """What is minimised together.

    :ivar make: new terms with their weights, for a start int64[n_instances]
    :ivar guide: terms that lead the search where those have no slope
    :ivar pack: terms that tell where to go when a node is emptied; none
        where empty nodes gain nothing
    :ivar propose: a placement to try, from one and a deadline
    :ivar price: float64[n_instances], what moving each has to bring
    :ivar least: what is gained less than this in all does not count
    """

    make: Callable[[Ints], Terms]
    guide: Callable[[], Terms]
    pack: Callable[[], Terms]
    propose: Callable[[Ints, float], Ints] | None
    price: Floats
    least: float

    def value(self, start: Ints, node_of: Ints) -> float:
        """Return the value of a placement."""
        return _value(_reset(self.make(start), node_of))

    def bound(self, start: Ints) -> float:
        """Return what no placement is below, minus infinity if unknown."""
        total = 0.0
        for weight, term in self.make(start):
            bound = term.lower_bound()
            if bound is None:
                return -np.inf
            total += weight * bound
        return total

    def kept(self, start: Ints, node_of: Ints) -> Kept:
        """Return the rule that it may not get worse than it is."""
        value = self.value(start, node_of)
        return Kept(self.make(start), value)


@dataclasses.dataclass(frozen=True, eq=False)
class Search:
    """Where to search, and for how long.

    :ivar start: int64[n_instances], where everybody is
    :ivar movable: int64[n], who may be moved
    :ivar deadline: on the clock of ``time.monotonic``
    :ivar steps: of the engine, for each level
    :ivar report: gets the number of the level, from 0, and its progress
    """

    rules: Sequence[Rule]
    start: Ints
    movable: Ints
    deadline: float
    steps: int
    seed: int = 0
    report: Callable[[int, engine.Progress], None] | None = None


def minimise(levels: Sequence[Level], search: Search) -> Ints:
    """Return a placement that is better, or the start if none was found.

    :returns: int64[n_instances]
    """
    node_of, is_better = search.start, False
    kept: list[Rule] = []
    now_s = time.monotonic()
    until_s = search.deadline - TIDY_SHARE * (search.deadline - now_s)
    for number, level in enumerate(levels):
        now_s = time.monotonic()
        share_s = (until_s - now_s) / (len(levels) - number)
        own = dataclasses.replace(
            search, rules=[*search.rules, *kept], deadline=now_s + share_s
        )
        found = _Level(level, own, node_of).improved(_numbered(search, number))
        if found is not None:
            node_of, is_better = found, True
        kept.append(level.kept(search.start, node_of))
    if not is_better:
        return search.start
    return taken_back(levels, search, node_of)


def taken_back(levels: Sequence[Level], search: Search, node_of: Ints) -> Ints:
    """Return a placement without the moves that bring nothing.

    :param node_of: int64[n_instances]
    """
    kept = [level.kept(search.start, node_of) for level in levels]
    n_nodes = kept[0].n_nodes
    moved = MigrationCost(search.start, np.ones(len(node_of)), n_nodes)
    model = Model(node_of, [(1.0, moved)], [*search.rules, *kept])
    away = np.flatnonzero(node_of != search.start)
    Descent(model, away, search.deadline).run()
    return model.node_of


class _Level:
    """The search of one level.

    :param node_of: int64[n_instances], where to begin
    """

    def __init__(self, level: Level, search: Search, node_of: Ints) -> None:
        self._search = search
        bound = level.bound(search.start)
        slack = TINY * max(1.0, abs(bound)) if np.isfinite(bound) else 0.0
        self._bound = bound + slack
        self._least = level.least
        self._terms = level.make(search.start)
        self._begin = node_of
        self._before = _value(_reset(self._terms, node_of))
        price = MigrationCost(
            search.start, level.price, self._terms[0][1].n_nodes
        )
        self._priced: Terms = (*self._terms, (1.0, price))
        self._guide = level.guide()
        self._pack = level.pack()
        self._propose = level.propose

    def improved(self, report: engine.Report | None) -> Ints | None:
        """Return a placement in which the level is better, or None."""
        if self._is_enough() or not len(self._search.movable):
            return None
        best = self._lower(self._begin, self._priced)
        if self._guide and not self._is_enough():
            # First as far as it leads, then home with whom it does not need.
            strong = tuple(
                (LED * weight, term) for weight, term in self._guide
            )
            led = self._lower(self._begin, self._priced + strong)
            best = self._better(best, self._lower(led, self._priced))
        if self._pack and not self._is_enough():
            best = self._better(best, self._drained(best))
        if self._propose and not self._is_enough():
            best = self._better(best, self._proposed(best, self._propose))
        if not self._is_enough():
            best = self._better(best, self._searched(best, report))
        gain = self._before - _value(_reset(self._terms, best))
        return best if gain >= self._least else None

    def _is_enough(self) -> bool:
        return _value(self._terms) <= self._bound

    def _better(self, one: Ints, other: Ints) -> Ints:
        """The one that is worth more, with what its migrations cost."""
        worth = _value(_reset(self._priced, one))
        if _value(_reset(self._priced, other)) < worth:
            return other
        _reset(self._priced, one)
        return one

    def _lower(self, node_of: Ints, terms: Terms) -> Ints:
        model = Model(node_of, terms, self._search.rules)
        descent = Descent(model, self._search.movable, self._search.deadline)
        descent.run(self._is_enough)
        return model.node_of

    def _drained(self, node_of: Ints) -> Ints:
        terms = self._priced + self._pack
        model = Model(node_of, terms, self._search.rules)
        Drain(
            model,
            self._search.movable,
            lambda: _value(self._priced),
            self._search.deadline,
        ).run()
        return self._lower(model.node_of, self._priced)

    def _proposed(
        self, node_of: Ints, propose: Callable[[Ints, float], Ints]
    ) -> Ints:
        """What somebody else would do, if it keeps to the rules."""
        model = Model(node_of, self._priced, self._search.rules)
        found = propose(self._begin, self._search.deadline)
        model.reset(found)
        return self._lower(found, self._priced) if model.valid else node_of

    def _searched(self, node_of: Ints, report: engine.Report | None) -> Ints:
        search = self._search
        left_s = search.deadline - time.monotonic()
        limits = engine.Limits(left_s, search.steps, 1, search.seed)
        model = Model(node_of, self._priced + self._guide, search.rules)
        engine.improve(model, search.movable, limits, report)
        return self._lower(model.node_of, self._priced)


def _numbered(search: Search, number: int) -> engine.Report | None:
    report = search.report
    if report is None:
        return None
    return lambda progress: report(number, progress)


def _reset(terms: Terms, node_of: Ints) -> Terms:
    for _, term in terms:
        term.reset(node_of)
    return terms


def _value(terms: Terms) -> float:
    return sum(weight * term.value() for weight, term in terms)
