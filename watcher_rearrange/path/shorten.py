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

"""Make a path shorter: drop some of its detours and complete it anew.

Large neighbourhood search. Part of the moves to temporary hosts is taken out
of the best path known, what remains is made in its order, and whoever is not
home then is brought there by displacement with other choices.

Source: Shaw, Using constraint programming and local search methods to solve
vehicle routing problems, CP 1998.
"""

from __future__ import annotations

import dataclasses
import random
import time

from collections.abc import Iterable

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.cost import PathCost
from watcher_rearrange.path.displacement import Displacement
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.walk import Walk


# What may be done in all, in moves made or taken back: not in seconds, so
# that the result is the same on every machine.
WORK = 300_000

# Attempts without a gain after which the path is left as it is.
MAX_IDLE = 80

# The shares of the detours that are dropped.
SHARES = (0.2, 0.4, 0.7)

# Of all detours within a part of the path: the length of the least part.
LEAST_PART = 5


@dataclasses.dataclass(frozen=True)
class Search:
    """What is asked for, and when to stop.

    :ivar target: int64[n_instances], the node of each instance
    :ivar deadline: on the clock of ``time.monotonic``
    """

    rules: Rules
    start: Placement
    target: Ints
    costs: PathCost
    deadline: float

    @property
    def least(self) -> int:
        """What it costs if each moves straight to where it should."""
        misplaced = self.start.node_of != self.target
        return int(self.costs.weight[misplaced].sum())

    def walk(self) -> Walk:
        """Return a walk that has not begun."""
        return Walk(
            self.rules, self.start.copy(), self.target, self.costs.weight
        )

    def again(self, moves: Iterable[Move]) -> Walk:
        """Make those of the moves that are possible, and then direct ones."""
        walk = self.walk()
        for move in moves:
            here = walk.placement.node_of[move.instance]
            # Without a move, the next one begins on another node.
            if here != move.destination and walk.allows(
                move.instance, move.destination
            ):
                walk.move(move.instance, move.destination)
        walk.settle(sorted(walk.pending))
        return walk


def shorter(search: Search, path: Path, seed: int) -> Path:
    """Return a path that is as complete and costs no more."""
    dice = random.Random(f'{seed} shorter')
    best, cost = path, search.costs.of(path.moves)
    work = idle = 0
    while cost > search.least and work < WORK and idle < MAX_IDLE:
        if time.monotonic() >= search.deadline:
            break
        dropped = _dropped(best.moves, dice)
        walk = search.again(
            move for k, move in enumerate(best.moves) if k not in dropped
        )
        _complete(search, walk, cost, random.Random(dice.random()))
        work += walk.work
        idle += 1
        if walk.pending or walk.spent(0) > cost:
            continue
        if walk.spent(0) < cost:
            idle = 0
        # Of two that are as good, the new one leads on to others.
        best, cost = walk.path(), walk.spent(0)
    return best


def _dropped(moves: tuple[Move, ...], dice: random.Random) -> set[int]:
    """Choose detours, by their index: some of all, or all of a part."""
    detours = [k for k, move in enumerate(moves) if move.displacement]
    if dice.random() < 0.5:
        share = dice.choice(SHARES)
        whom = {moves[k].instance for k in detours if dice.random() < share}
        whom = whom or {moves[dice.choice(detours)].instance}
        return {k for k in detours if moves[k].instance in whom}
    first = dice.randrange(len(moves))
    length = dice.randint(LEAST_PART, max(LEAST_PART, len(moves) // 2))
    return {k for k in detours if first <= k < first + length}


def _complete(
    search: Search, walk: Walk, cost: int, dice: random.Random
) -> None:
    """Bring everybody home unless that costs more than is known."""
    displacement = Displacement(walk, search.deadline, dice)
    while walk.pending and walk.spent(0) + walk.due <= cost:
        if not displacement.step():
            break
