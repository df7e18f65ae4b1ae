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

"""Other valid orders of the same moves.

What a move has to wait for depends on the order that the parents were
derived from, and so does the makespan. Sampling orders and keeping the best
timetable is the random version of list scheduling.
"""

from __future__ import annotations

import random

from collections.abc import Iterator
from collections.abc import Sequence

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Move


def valid(
    rules: Rules, start: Placement, moves: Sequence[Move], count: int
) -> Iterator[Sequence[Move]]:
    """Yield the given order and up to so many more, the same every time.

    :param moves: valid one at a time, in this order
    """
    yield moves
    dice = random.Random(0)
    for _ in range(count):
        order = _sample(rules, start.copy(), moves, dice)
        if order is not None:
            yield order


def _sample(
    rules: Rules,
    placement: Placement,
    moves: Sequence[Move],
    dice: random.Random,
) -> list[Move] | None:
    """One order at random; None if it leads into a dead end."""
    left = list(moves)
    order = []
    while left:
        # An instance that moves twice does so in the same order.
        first = {move.instance: move for move in reversed(left)}
        possible = [
            move
            for move in first.values()
            if rules.allows(placement, move.instance, move.destination)
        ]
        if not possible:
            return None
        move = dice.choice(possible)
        left.remove(move)
        placement.move(move.instance, move.destination)
        order.append(move)
    return order
