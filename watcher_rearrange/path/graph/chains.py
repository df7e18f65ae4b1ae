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

"""Who has to wait for whom, so that nobody takes what is still held.

One after the other gets the fewest ancestors with which there are units for
it, of all that it needs (see :mod:`watcher_rearrange.path.graph.pools`). None
of these can be left out: those who come later only take more, and wait for
more themselves. So the order is minimal in every pair, except where the work
allowed is used up.
"""

from __future__ import annotations

from collections.abc import Sequence

from watcher_rearrange.path.graph.pools import Ancestors
from watcher_rearrange.path.graph.pools import Pool


# How many units of several things somebody needs.
Wants = Sequence[tuple[Pool, int]]

# What is spent at most on making others take from somebody else.
MAX_WORK = 100_000

# So many givers are compared of each thing that is missing.
MAX_COMPARED = 16


class Chains:
    """Links everybody to those that they have to wait for.

    :ivar ancestors: who waits for whom so far
    :ivar parents: the same without what others imply
    """

    def __init__(self, count: int, max_work: int = MAX_WORK) -> None:
        self.ancestors = Ancestors(count)
        self.parents: list[list[int]] = [[] for _ in range(count)]
        self._work = max_work

    def link(self, k: int, needed: list[int], wants: Wants) -> None:
        """Find out whom somebody waits for.

        :param needed: those that it waits for in any case
        """
        for pool, _ in wants:
            needed = [*needed, *pool.payers]
        of = self.ancestors.of
        of[k] = self.ancestors.closure(needed)
        chosen = []
        missing = self._take(k, wants)
        while missing:
            giver = self._best(k, missing)
            chosen.append(giver)
            of[k] |= of[giver] | 1 << giver
            missing = self._take(k, missing)
        found = self.ancestors.reduced([*needed, *chosen])
        if chosen and self._work > 0:
            found = self._thinned(k, set(needed), found, wants)
        self.parents[k] = found

    def _take(self, k: int, wants: Wants) -> list[tuple[Pool, int]]:
        """Take without more ancestors; return what is missing."""
        missing = []
        for pool, units in wants:
            left = pool.take(k, units)
            if left and self._work > 0:
                left, work = pool.reroute(k, left)
                self._work -= work
            if left:
                missing.append((pool, left))
        return missing

    def _best(self, k: int, missing: Wants) -> int:
        """The giver with the fewest new ancestors: these can fail or be late.

        Of several the one who helps most, then the one who has least to
        spare, then the first.
        """
        of = self.ancestors.of

        def rank(giver: int) -> tuple[int, float, float, int]:
            left = [(pool.left(giver), units) for pool, units in missing]
            share = sum(min(1.0, has / units) for has, units in left)
            more = (of[giver] & ~of[k]).bit_count()
            spare = sum(max(0.0, has / units - 1) for has, units in left)
            return more, -share, spare, giver

        candidates = {
            giver
            for pool, units in missing
            for giver in pool.candidates(units, MAX_COMPARED)
        }
        return min(candidates, key=rank)

    def _thinned(
        self, k: int, needed: set[int], parents: list[int], wants: Wants
    ) -> list[int]:
        """Leave out whom it need not wait for, keeping who is behind them."""
        tested = set(needed)
        while True:
            parent = max((p for p in parents if p not in tested), default=-1)
            if parent < 0 or self._work <= 0:
                return parents
            tested.add(parent)
            if self._spares(k, parent, wants):
                parents = self.ancestors.reduced(
                    [
                        *(p for p in parents if p != parent),
                        *self.parents[parent],
                    ]
                )

    def _spares(self, k: int, parent: int, wants: Wants) -> bool:
        """Whether it can do without one parent; then it does."""
        of = self.ancestors.of
        before = of[k]
        of[k] = before & ~(1 << parent)
        for pool, _ in wants:
            units = pool.drop(k, parent)
            missing = units and self._take(k, [(pool, units)])
            if missing:
                of[k] = before
                for _, left in missing:
                    self._regain(k, pool, left)
                return False
        return True

    def _regain(self, k: int, pool: Pool, units: int) -> None:
        """Take again what was given back, whoever has it now."""
        left = pool.take(k, units)
        if left:
            left, work = pool.reroute(k, left)
            self._work -= work
        assert not left
