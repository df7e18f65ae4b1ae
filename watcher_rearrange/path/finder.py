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

"""Find a path: direct moves first, then displacement, then search.

Departures make room for arrivals, so most moves only have to be put in
order. Where the rest blocks itself, instances are moved to temporary hosts.
Knots that are small once all that cannot matter is left out are searched
exhaustively; of longer paths, detours are taken out again.
"""

from __future__ import annotations

import dataclasses
import random
import time

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import cost
from watcher_rearrange.path import shorten
from watcher_rearrange.path.cost import PathCost
from watcher_rearrange.path.displacement import Displacement
from watcher_rearrange.path.exact.knots import Knots
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.shorten import Search
from watcher_rearrange.path.walk import Walk


# Walks with different choices until one gets everybody home.
TRIES = 10

# The share of the misplaced instances that are blocked beyond which other
# walks are not tried.
HOPELESS = 0.5

# Knots are looked for in tables of instances times nodes, and of instances
# times groups. Where these are larger, walks have to do.
MAX_CELLS = 30_000_000

# Moves that each search of a part that is not small looks at: where any path
# will do, where it may give up, and where it may not, before the next walk.
LITTLE_WORK = 10_000
WORK = 50_000
MORE_WORK = 200_000


def find(
    rules: Rules,
    start: Placement,
    target: Ints,
    deadline: float,
    seed: int = 0,
) -> Path:
    """Return a path from a placement to a target.

    The path is complete, or proved impossible, or as far as was found with
    as much work as seems worth it. It is short by the cost that the rules'
    options name.

    :param target: int64[n_instances], the node of each instance; the
        instances that move are movable
    :param deadline: on the clock of ``time.monotonic``
    :param seed: of the choices of all walks but the first
    """
    return _Finder(_search(rules, start, target, deadline), seed).find(WORK)


def find_any(
    rules: Rules,
    start: Placement,
    target: Ints,
    deadline: float,
    seed: int = 0,
) -> Path:
    """Return a path as :func:`find`, but with little work, and not short.

    This is for those who only ask who gets where it should be.
    """
    finder = _Finder(_search(rules, start, target, deadline), seed)
    return finder.find_any(LITTLE_WORK)


def find_until(
    rules: Rules,
    start: Placement,
    target: Ints,
    deadline: float,
    seed: int = 0,
) -> Path:
    """Return a path as :func:`find`, but do not give up before the deadline.

    Only a path that is found or proved impossible ends it earlier.
    """
    finder = _Finder(_search(rules, start, target, deadline), seed)
    best = finder.find(MORE_WORK)
    while not best.complete and not best.proved and not finder.is_over:
        best = finder.insist()
    return best


def _search(
    rules: Rules, start: Placement, target: Ints, deadline: float
) -> Search:
    costs = cost.asked(rules.cluster, rules.options.path_cost)
    return Search(rules, start, target, costs, deadline)


class _Finder:
    """The methods in turn, and the best path so far."""

    def __init__(self, search: Search, seed: int) -> None:
        self._search = search
        self._seed = seed
        self._n_walks = 0
        self._work = WORK
        self._best = Path()
        self._knots: Knots | None = None

    @property
    def is_over(self) -> bool:
        """Whether the time is."""
        return time.monotonic() >= self._search.deadline

    def find(self, work: int) -> Path:
        """Use each method for a while, and make the path short.

        :param work: of each search of a part that is not small
        """
        best = self.find_any(work)
        if not best.complete or best.proved or self._is_large():
            return best
        if self._knots is None:
            self._knots = Knots(self._search, best)
            self._best = self._knots.run(work, small=True)
        return self._shortened(self._knots)

    def find_any(self, work: int) -> Path:
        """Use each method until one gets everybody home."""
        search = self._search
        self._work = work
        self._best = best = self._walked()
        if best.complete:
            cheapest = search.costs.of(best.moves) == search.least
            return dataclasses.replace(best, proved=cheapest)
        if not self._is_large():
            self._knots = Knots(search, best)
            self._best = self._knots.run(work)
        while self._n_walks < TRIES and not self._is_hopeless():
            self._walk(self._knots)
        return self._best

    def _is_large(self) -> bool:
        rules = self._search.rules
        cluster, groups = rules.cluster, rules.groups
        if rules.relations.relations:
            # The searches of knots know nothing of these.
            return True
        if not rules.hypervisors.is_transitive:
            # They take it that two moves in a row can be one.
            return True
        width = max(cluster.n_nodes, len(groups.groups))
        return cluster.n_instances * width > MAX_CELLS

    def insist(self) -> Path:
        """Search on, and walk once more."""
        knots = self._knots
        if knots is None:
            self._walk(None)
            return self._best
        self._best = knots.run(self._work)
        self._walk(knots)
        return self._shortened(knots)

    def _shortened(self, knots: Knots) -> Path:
        if not self._best.complete or self._best.proved:
            return self._best
        self._best = shorten.shorter(self._search, self._best, self._seed)
        knots.learn(self._best)
        return knots.run(self._work)

    def _walk(self, knots: Knots | None) -> None:
        costs = self._search.costs
        path = self._walked()
        self._best = min(self._best, path, key=lambda p: _rank(p, costs))
        if knots is not None:
            knots.learn(self._best)

    def _walked(self) -> Path:
        # The first walk varies nothing.
        dice = None
        if self._n_walks:
            dice = random.Random(f'{self._seed} {self._n_walks}')
        self._n_walks += 1
        walk = self._search.walk()
        walk.settle(sorted(walk.pending))
        _displace(walk, dice, self._search.deadline)
        return walk.path()

    def _is_hopeless(self) -> bool:
        best = self._best
        if best.complete or best.proved or self.is_over:
            return True
        # Other choices help where few are left, not where hardly anybody
        # moved.
        search = self._search
        misplaced = int((search.start.node_of != search.target).sum())
        return len(best.blocked) > HOPELESS * misplaced


def _displace(walk: Walk, dice: random.Random | None, deadline: float) -> None:
    displacement = Displacement(walk, deadline, dice)
    while walk.pending and time.monotonic() < deadline:
        if not displacement.step():
            break


def _rank(path: Path, costs: PathCost) -> tuple[int, int, int]:
    return len(path.blocked), costs.of(path.moves), len(path.moves)
