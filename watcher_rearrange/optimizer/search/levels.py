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
from watcher_rearrange.optimizer.search.kept import Kept
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.rules import Rule


TINY = 1e-9

Terms = tuple[tuple[float, Term], ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Level:
    """What is minimised together.

    :ivar make: new terms with their weights, for a start int64[n_instances]
    :ivar guide: terms that lead the search where those have no slope
    :ivar price: float64[n_instances], what moving each has to bring
    :ivar least: what is gained less than this in all does not count
    """

    make: Callable[[Ints], Terms]
    guide: Callable[[Ints], Terms]
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
    for number, level in enumerate(levels):
        now_s = time.monotonic()
        share_s = (search.deadline - now_s) / (len(levels) - number)
        own = dataclasses.replace(
            search,
            rules=[*search.rules, *kept],
            deadline=now_s + share_s,
        )
        found = _improved(level, own, node_of, _numbered(search, number))
        if found is not None:
            node_of, is_better = found, True
        kept.append(level.kept(search.start, node_of))
    if not is_better:
        return search.start
    return taken_back(levels, search, node_of)


def taken_back(
    levels: Sequence[Level], search: Search, node_of: Ints
) -> Ints:
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


def _improved(
    level: Level, search: Search, node_of: Ints, report: engine.Report | None
) -> Ints | None:
    """A placement in which a level is better, or None."""
    bound = level.bound(search.start)
    bound += TINY * max(1.0, abs(bound)) if np.isfinite(bound) else 0.0
    terms = level.make(search.start)
    before = _value(_reset(terms, node_of))
    if before <= bound or not len(search.movable):
        return None
    price = MigrationCost(search.start, level.price, terms[0][1].n_nodes)
    price.reset(node_of)
    worth = before + price.value()
    priced = [*terms, (1.0, price)]
    guided = Model(
        node_of, [*priced, *level.guide(search.start)], search.rules
    )

    def is_enough() -> bool:
        return _value(terms) <= bound

    Descent(guided, search.movable, search.deadline).run(is_enough)
    if not is_enough():
        left_s = search.deadline - time.monotonic()
        limits = engine.Limits(left_s, search.steps, 1, search.seed)
        engine.improve(guided, search.movable, limits, report)
    model = Model(guided.node_of, priced, search.rules)
    Descent(model, search.movable, search.deadline).run()
    gain = before - _value(terms)
    pays = model.value() < worth
    return model.node_of if pays and gain >= level.least else None


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
