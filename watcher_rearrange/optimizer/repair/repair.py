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

"""Mend what is broken, one thing after the other, with few migrations.

Each move keeps all rules that hold, and makes none worse that is broken, so
that mending one thing never harms another. What is broken can be mended in
several ways and orders; some are tried, and the best is kept.
"""

from __future__ import annotations

import random

from collections.abc import Callable

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer import fill
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.repair import wounds


# Orders that are tried, and how often all is looked at in each.
TRIES = 12
MAX_ROUNDS = 20

# Beyond so many moves they are not tried to be taken back.
MOST_TAKEN_BACK = 2000

# How much is broken: what counts first, first.
Measure = Callable[[Placement], tuple[float, ...]]


def improve(
    problem: Problem, placement: Placement, measure: Measure, seed: int
) -> Placement:
    """Return a placement where as much is mended as is found.

    :param measure: of what is broken
    """
    best, best_rank = placement, (*measure(placement), 0)
    for number in range(TRIES):
        if number and problem.out_of_time:
            break
        dice = random.Random(f'{seed} {number}') if number else None
        found = _Attempt(problem, placement, measure, dice).run()
        moved = int((found.node_of != placement.node_of).sum())
        rank = (*measure(found), moved)
        if rank < best_rank:
            best, best_rank = found, rank
    return best


class _Attempt:
    """One order of mending.

    :param dice: varies it; None for the first
    """

    def __init__(
        self,
        problem: Problem,
        start: Placement,
        measure: Measure,
        dice: random.Random | None,
    ) -> None:
        self._problem = problem
        self._start = start
        self._measure = measure
        self._dice = dice
        self._filler = fill.Filler(
            problem, start.copy(), fill.tightest(problem), deep=True
        )

    def run(self) -> Placement:
        """Mend until nothing more can be; then take back what is useless."""
        for _ in range(MAX_ROUNDS):
            found = list(wounds.find(self._problem, self._filler.placement))
            if self._dice:
                self._dice.shuffle(found)
            if not any([self._mend(wound) for wound in found]):
                break
        self._take_back()
        return self._filler.placement

    def _mend(self, wound: wounds.Wound) -> bool:
        cures = list(wound.cures)
        if self._dice and self._dice.random() < 0.5:
            self._dice.shuffle(cures)
        return any(self._apply(wound.depth, cure) for cure in cures)

    def _apply(self, depth: wounds.Depth, cure: wounds.Cure) -> bool:
        """Carry out a cure as far as it is paid for.

        If it is of no use then, take it back.
        """
        filler, mark = self._filler, len(self._filler.trail)
        before = depth(filler.placement)
        if not before:
            # Something else has mended it.
            return False
        whom = list(cure.whom)
        if self._dice:
            self._dice.shuffle(whom)
        # They may have moved to mend something else.
        left = cure.count
        for idx in whom:
            if left == 0 or self._problem.out_of_time:
                break
            step = len(filler.trail)
            if not filler.place(idx, cure.nodes):
                continue
            if not self._is_paid():
                filler.undo(step)
                break
            if left is None and depth(filler.placement) < before:
                return True
            left = left and left - 1
        if depth(filler.placement) < before:
            return True
        filler.undo(mark)
        return False

    def _is_paid(self) -> bool:
        most = self._problem.max_migrations
        return most is None or int(self._moved().sum()) <= most

    def _moved(self) -> Bools:
        moved: Bools = self._filler.placement.node_of != self._start.node_of
        return moved

    def _take_back(self) -> None:
        moved = np.flatnonzero(self._moved())
        if len(moved) > MOST_TAKEN_BACK:
            return
        placement = self._filler.placement
        reached = self._measure(placement)
        for idx in moved.tolist():
            if self._problem.out_of_time:
                break
            home = int(self._start.node_of[idx])
            away = placement.move(idx, home)
            # Nobody is where something got worse than at the start.
            if self._measure(placement) > reached or self._is_fuller(home):
                placement.move(idx, away)

    def _is_fuller(self, node: int) -> bool:
        used, limit = self._filler.placement.used, self._problem.limit
        most = np.maximum(limit[node], self._start.used[node])
        return bool((used[node] > most).any())
