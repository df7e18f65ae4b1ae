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

"""Room that is handed on, unit by unit.

Every unit of a limited thing, such as the memory of a node, is held by one at
a time: by who is there at the start, then by whoever took it from the one
who gave it back. Who takes a unit waits for the success of that departure,
so no interleaving and no failure can make two hold it; and as long as all
units are handed on in this way, the sum fits.

Who takes from whom may change later, as long as everybody takes only from
those that they wait for. That is a flow from departures to arrivals, and it
is changed along augmenting paths (Ford and Fulkerson 1956). Where a flow
exists, it is safe; where none does, some order breaks the limit (min-cut).
"""

from __future__ import annotations

import bisect
import collections

from collections.abc import Iterator


# In place of a departure: units that nobody has had.
NOBODY = -1


class Ancestors:
    """Who waits for whom.

    :ivar of: for each a bit for everybody that it waits for
    """

    def __init__(self, count: int) -> None:
        self.of = [0] * count

    def has(self, ancestor: int, k: int) -> bool:
        """Whether one waits for another."""
        return bool(self.of[k] >> ancestor & 1)

    def closure(self, needed: list[int]) -> int:
        """Return a bit for each of these and for all their ancestors."""
        ancestors = 0
        for k in needed:
            ancestors |= self.of[k] | 1 << k
        return ancestors

    def reduced(self, needed: list[int]) -> list[int]:
        """Return these without the ones that others of them imply."""
        implied = 0
        for k in needed:
            implied |= self.of[k]
        return [k for k in sorted(set(needed)) if not implied >> k & 1]


class Pool:
    """The units of one limited thing.

    :param free: units that nobody holds; below 0 if too many are held
    :ivar payers: who gave back what was held too many. Nobody may take any
        before they have.
    """

    def __init__(self, free: int, ancestors: Ancestors) -> None:
        self._ancestors = ancestors
        self._debt = max(-free, 0)
        self._left = {NOBODY: max(free, 0)}
        self.payers: list[int] = []
        # Bits of those who gave, and of those of them who have units left.
        self._givers = 0
        self._with_units = 0
        # The latter as (units, giver), sorted.
        self._by_units: list[tuple[int, int]] = []
        self._taken: dict[int, dict[int, int]] = {}
        self._takers: dict[int, set[int]] = {}

    def left(self, giver: int) -> int:
        """Return how many units of a giver nobody holds."""
        return self._left.get(giver, 0)

    def give(self, giver: int, units: int) -> None:
        """Give units back."""
        paid = min(self._debt, units)
        if paid:
            self._debt -= paid
            self.payers.append(giver)
        self._givers |= 1 << giver
        self._set_left(giver, units - paid)

    def take(self, taker: int, units: int) -> int:
        """Take from the ancestors first; return how many are missing."""
        with_units = self._with_units & self._ancestors.of[taker]
        for giver in (*bits(with_units), NOBODY):
            if units:
                units -= self._take(taker, giver, units)
        return units

    def reroute(self, taker: int, units: int) -> tuple[int, int]:
        """Take what others can do without, as they find other units.

        :returns: how many units are missing, and how much work that was
        """
        work = 0
        while units:
            found = self._augmenting(taker)
            work += found.work
            if not found.steps:
                break
            units -= self._shift(found.steps, units)
        return units, work

    def drop(self, taker: int, giver: int) -> int:
        """Give back what is taken from one giver; return how much it was."""
        units = self._taken.get(taker, {}).pop(giver, 0)
        if units:
            self._takers[giver].remove(taker)
            self._set_left(giver, self.left(giver) + units)
        return units

    def candidates(self, units: int, most: int) -> list[int]:
        """Return some givers: the least that are enough, then the largest."""
        k = bisect.bisect_left(self._by_units, (units, NOBODY))
        found = self._by_units[k : k + most]
        found += reversed(self._by_units[max(0, k + len(found) - most) : k])
        return [giver for _, giver in found]

    def _take(self, taker: int, giver: int, units: int) -> int:
        """Take up to so many units of one giver; return how many."""
        units = min(units, self.left(giver))
        if units:
            self._set_left(giver, self.left(giver) - units)
            self._change(taker, giver, units)
        return units

    def _change(self, taker: int, giver: int, units: int) -> None:
        taken = self._taken.setdefault(taker, {})
        taken[giver] = taken.get(giver, 0) + units
        takers = self._takers.setdefault(giver, set())
        takers.add(taker)
        if not taken[giver]:
            del taken[giver]
            takers.remove(taker)

    def _set_left(self, giver: int, units: int) -> None:
        before = self.left(giver)
        self._left[giver] = units
        if giver == NOBODY:
            return
        if before:
            k = bisect.bisect_left(self._by_units, (before, giver))
            del self._by_units[k]
        if units:
            bisect.insort(self._by_units, (units, giver))
            self._with_units |= 1 << giver
        else:
            self._with_units &= ~(1 << giver)

    def _augmenting(self, taker: int) -> _Search:
        """Look for units, over others who could take from somebody else."""
        search = _Search()
        came_by: dict[int, tuple[int, int]] = {}
        queue = collections.deque([taker])
        seen_givers, seen_takers = 0, {taker}
        first = [NOBODY]
        while queue:
            who = queue.popleft()
            givers = self._givers & self._ancestors.of[who] & ~seen_givers
            seen_givers |= givers
            for giver in (*first, *bits(givers)):
                search.work += 1
                if self.left(giver):
                    search.steps = _back(came_by, who, giver)
                    return search
                for other in self._takers.get(giver, ()):
                    if other not in seen_takers:
                        seen_takers.add(other)
                        came_by[other] = who, giver
                        queue.append(other)
            first = []
        return search

    def _shift(self, steps: list[tuple[int, int]], units: int) -> int:
        """Everybody takes from the giver of their own step instead.

        :param steps: (taker, giver), the last giver has units left
        :returns: how many units the first one has got
        """
        for (_, giver), (taker, _) in zip(steps, steps[1:], strict=False):
            units = min(units, self._taken[taker][giver])
        units = min(units, self.left(steps[-1][1]))
        for (_, giver), (taker, _) in zip(steps, steps[1:], strict=False):
            self._change(taker, giver, -units)
        for taker, giver in steps:
            self._change(taker, giver, units)
        last = steps[-1][1]
        self._set_left(last, self.left(last) - units)
        return units


class _Search:
    """What a search has found.

    :ivar steps: (taker, giver), who is to take from whom
    """

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []
        self.work = 0


def _back(
    came_by: dict[int, tuple[int, int]], who: int, giver: int
) -> list[tuple[int, int]]:
    steps = [(who, giver)]
    while who in came_by:
        who, giver = came_by[who]
        steps.append((who, giver))
    return steps[::-1]


def bits(mask: int) -> Iterator[int]:
    """Yield the positions of the bits that are set, the lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
