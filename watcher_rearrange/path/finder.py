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
in a small cluster, the cheapest path is searched exhaustively.
"""

from __future__ import annotations

import random
import time

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import cost
from watcher_rearrange.path import exact
from watcher_rearrange.path.cost import PathCost
from watcher_rearrange.path.displacement import Displacement
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.walk import Walk


# Walks with different choices, of which the best is taken: so many, and
# more if none of these got everybody home.
TRIES = 4
MORE_TRIES = 10

# More misplaced instances than this are worth one walk only.
MANY = 2000

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
    misplaced = start.node_of != target
    n_misplaced = int(misplaced.sum())
    least = int(costs.weight[misplaced].sum())
    best: Path | None = None
    for number in range(MORE_TRIES):
        walk = Walk(rules, start.copy(), target, costs.weight)
        walk.settle(sorted(walk.pending))
        # The first walk varies nothing.
        dice = random.Random(f'{seed} {number}') if number else None
        _displace(walk, dice, deadline)
        path = walk.path()
        if best is None or _rank(path, costs) < _rank(best, costs):
            best = path
        if best.complete and costs.of(best.moves) == least:
            return Path(best.moves, proved=True)
        if number == 0:
            known = exact.Known(best, costs)
            best = exact.cheaper(rules, start, target, known, deadline)
        if best.proved or _enough(best, number, n_misplaced, deadline):
            break
    assert best is not None
    return best


def _displace(walk: Walk, dice: random.Random | None, deadline: float) -> None:
    displacement = Displacement(walk, deadline, dice)
    while walk.pending and time.monotonic() < deadline:
        if not displacement.step():
            break


def _enough(best: Path, number: int, misplaced: int, deadline: float) -> bool:
    if time.monotonic() >= deadline:
        return True
    if best.complete:
        return number + 1 >= TRIES or misplaced > MANY
    # Other choices help where few are left, not where hardly anybody moved.
    return len(best.blocked) > HOPELESS * misplaced


def _rank(path: Path, costs: PathCost) -> tuple[int, int, int]:
    return len(path.blocked), costs.of(path.moves), len(path.moves)
