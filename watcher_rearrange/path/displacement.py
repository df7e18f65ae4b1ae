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

"""Choose whom to move out of the way: look what it would bring about.

Where nobody can move directly, some instances on a node that somebody waits
for are put on temporary hosts. The most promising choices are tried, with
all the direct moves that follow, and taken back; the one that costs the
least extra for each instance that gets home is made.
"""

from __future__ import annotations

import collections
import dataclasses
import math
import random
import time

from watcher_rearrange.path import hosts
from watcher_rearrange.path.hosts import Leavers
from watcher_rearrange.path.walk import Walk


# Choices tried before one is made, and kept of each node.
MAX_TRIED = 60
MAX_PER_NODE = 6

# An instance is put aside so often at most: it bounds the walk.
MAX_ASIDE = 3


@dataclasses.dataclass(frozen=True, order=True)
class Choice:
    """Instances to put aside, ordered by what that costs.

    :ivar extra: what it costs more than if they could stay
    """

    extra: int
    memory_mb: float
    node: int
    group: tuple[int, ...]


@dataclasses.dataclass(frozen=True, order=True)
class Outcome:
    """What a choice brings about, the best first.

    :ivar useless: whether no instance more gets home than leaves it
    :ivar price: extra cost per instance that gets home
    """

    useless: bool
    price: float
    extra: int
    choice: Choice
    variant: int
    with_room: bool


class Displacement:
    """Puts instances aside until all are home or nothing helps.

    :param deadline: when to stop trying, on ``time.monotonic``'s clock
    :param dice: varies the order of the choices; None for none
    """

    def __init__(
        self,
        walk: Walk,
        deadline: float = math.inf,
        dice: random.Random | None = None,
    ) -> None:
        self._walk = walk
        self._dice = dice
        self._deadline = deadline
        self._choices: dict[int, list[Choice]] = {}
        self._aside: collections.Counter[int] = collections.Counter()

    def step(self) -> bool:
        """Make the best choice; whether there was one."""
        choices = self._candidates()
        outcomes = self._outcomes(choices)
        leavers = None
        if choices and all(outcome.useless for outcome in outcomes):
            leavers = Leavers.of(self._walk)
            outcomes += self._outcomes(choices, leavers)
        if not outcomes:
            return False
        best = min(outcomes)
        leavers = leavers if best.with_room else None
        touched = self._make(best.choice, best.variant, leavers)
        self._aside.update(best.choice.group)
        for node in touched or ():
            self._choices.pop(node, None)
        return True

    def _candidates(self) -> list[Choice]:
        found = []
        for node in self._walk.pending:
            if node not in self._choices and not self._is_over():
                self._choices[node] = self._choices_at(node)
            found += self._choices.get(node, [])
        dice = self._dice
        if dice is not None:
            found = [
                dataclasses.replace(
                    choice, memory_mb=choice.memory_mb * dice.uniform(0.7, 1.3)
                )
                for choice in sorted(found)
            ]
        return [
            choice
            for choice in sorted(found)
            if all(self._aside[j] < MAX_ASIDE for j in choice.group)
        ]

    def _is_over(self) -> bool:
        return time.monotonic() >= self._deadline

    def _choices_at(self, node: int) -> list[Choice]:
        """The cheapest sets whose leaving lets somebody in."""
        walk = self._walk
        rules = walk.rules
        # Many ask for the same.
        needs = {
            tuple(hosts.missing(walk, idx, node))
            for idx in walk.pending[node]
            if rules.eligible[rules.class_of[idx], node]
        }
        found = set()
        for need in needs:
            for group in hosts.leaving_sets(walk, node, list(need)):
                memory_mb = sum(walk.memory_mb[j] for j in group)
                extra = hosts.extra_cost(walk, group, node)
                found.add(Choice(extra, memory_mb, node, group))
        return sorted(found)[:MAX_PER_NODE]

    def _outcomes(
        self, choices: list[Choice], leavers: Leavers | None = None
    ) -> list[Outcome]:
        """What choices bring about, with room made for them if need be.

        :param leavers: who may be moved to make room
        """
        outcomes: list[Outcome] = []
        for choice in choices:
            if len(outcomes) >= MAX_TRIED or self._is_over():
                break
            for variant in (0, 1) if leavers is None else (0,):
                outcome = self._try(choice, variant, leavers)
                if outcome is not None:
                    outcomes.append(outcome)
        return outcomes

    def _try(
        self, choice: Choice, variant: int, leavers: Leavers | None
    ) -> Outcome | None:
        walk = self._walk
        mark, pending, due = len(walk), walk.n_pending, walk.due
        done = self._make(choice, variant, leavers)
        gained = pending - walk.n_pending
        extra = walk.spent(mark) + walk.due - due
        worse = walk.due - due
        walk.undo(mark)
        if done is None:
            return None
        price = extra / gained if gained > 0 else float(extra + worse)
        if self._dice is not None:
            # No two choices are as good but by chance: ties vary nothing.
            price *= self._dice.uniform(0.8, 1.25)
        with_room = leavers is not None
        return Outcome(gained <= 0, price, extra, choice, variant, with_room)

    def _make(
        self, choice: Choice, variant: int, leavers: Leavers | None
    ) -> set[int] | None:
        """Put aside and settle; return the nodes touched, None if it fails.

        What was moved until it failed is left for the caller to undo.
        """
        touched = {choice.node}
        for idx in choice.group:
            if leavers is None:
                moved = hosts.place(self._walk, idx, variant)
            else:
                moved = hosts.place_with_room(self._walk, idx, leavers)
            if moved is None:
                return None
            touched |= moved
        return touched | self._walk.settle(sorted(touched))
