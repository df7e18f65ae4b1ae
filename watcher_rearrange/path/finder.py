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
order. Where the rest blocks itself, instances are moved to temporary hosts;
in a small cluster, the cheapest path is searched exhaustively. In a large
one, detours are taken out of the path again.
"""

from __future__ import annotations

import dataclasses
import random
import time

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import cost
from watcher_rearrange.path import exact
from watcher_rearrange.path import shorten
from watcher_rearrange.path.cost import PathCost
from watcher_rearrange.path.displacement import Displacement
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.shorten import Search
from watcher_rearrange.path.walk import Walk


# Walks with different choices until one gets everybody home.
TRIES = 10

# The share of the misplaced instances that are blocked beyond which other
# walks are not tried.
HOPELESS = 0.5


def find(
    rules: Rules,
    start: Placement,
    target: Ints,
    deadline: float,
    seed: int = 0,
) -> Path:
    """Return a path from a placement to a target.

    The path is complete, or proved impossible, or as far as was found. It
    is short by the cost that the rules' options name.

    :param target: int64[n_instances], the node of each instance; the
        instances that move are movable
    :param deadline: on the clock of ``time.monotonic``
    :param seed: of the choices of all walks but the first
    """
    costs = cost.asked(rules.cluster, rules.options.path_cost)
    search = Search(rules, start, target, costs, deadline)
    best = _walked(search, None)
    if best.complete and costs.of(best.moves) == search.least:
        return dataclasses.replace(best, proved=True)
    known = exact.Known(best, costs)
    best = exact.cheaper(rules, start, target, known, deadline)
    for number in range(1, TRIES):
        if best.complete or best.proved or _is_hopeless(search, best):
            break
        # The first walk varies nothing.
        path = _walked(search, random.Random(f'{seed} {number}'))
        best = min(best, path, key=lambda p: _rank(p, costs))
    if best.complete and not best.proved:
        return shorten.shorter(search, best, seed)
    return best


def _walked(search: Search, dice: random.Random | None) -> Path:
    walk = search.walk()
    walk.settle(sorted(walk.pending))
    _displace(walk, dice, search.deadline)
    return walk.path()


def _displace(walk: Walk, dice: random.Random | None, deadline: float) -> None:
    displacement = Displacement(walk, deadline, dice)
    while walk.pending and time.monotonic() < deadline:
        if not displacement.step():
            break


def _is_hopeless(search: Search, best: Path) -> bool:
    if time.monotonic() >= search.deadline:
        return True
    # Other choices help where few are left, not where hardly anybody moved.
    misplaced = int((search.start.node_of != search.target).sum())
    return len(best.blocked) > HOPELESS * misplaced


def _rank(path: Path, costs: PathCost) -> tuple[int, int, int]:
    return len(path.blocked), costs.of(path.moves), len(path.moves)
