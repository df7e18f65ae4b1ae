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

"""The fewest migrations to a wanted variance, with every pattern priced.

As in :mod:`columns`, but where loads are in steps (:mod:`lattice`), so that
no pattern has to be listed. Prices of kinds are small: of each that is moved
there are many, and nodes with room for it. So they start at nothing, and
go only as far as they must.

Source: Marsten, Hogan and Blankenship, The boxstep method for large-scale
optimization, Operations Research 23, 1975.
"""

from __future__ import annotations

import math
import time

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.optimizer.rebalancing.columns import Fewest
from watcher_rearrange.optimizer.rebalancing.lattice import Cheapest
from watcher_rearrange.optimizer.rebalancing.lattice import Lattice
from watcher_rearrange.optimizer.rebalancing.master import Master
from watcher_rearrange.optimizer.rebalancing.patterns import Listing
from watcher_rearrange.optimizer.rebalancing.prices import Prices
from watcher_rearrange.optimizer.rebalancing.prices import whole_up
from watcher_rearrange.optimizer.rebalancing.whole import Whole


MAX_ROUNDS = 200

# Of the time, how much the search for patterns may take.
SHARE = 0.7

# Patterns that each node adds: at first, in a round, and in the end.
FIRST = 8
ADDED = 3
LAST = 10

# The first prices of the variance, as shares of what the descent pays.
STARTS = (0.5, 1.0)

TINY = 1e-7


class Generation:
    """Generates patterns of all nodes.

    :param most: the variance that is wanted, in squared points
    :param deadline: on the clock of ``time.monotonic``
    :ivar all_fit: whether nothing but the load kept a cheap pattern out
    """

    def __init__(
        self, lattice: Lattice, listing: Listing, most: float, deadline: float
    ) -> None:
        self._lattice = lattice
        self._listing = listing
        self._model = listing.model
        self._most = most
        self._deadline = deadline
        self._master = Master(listing, most)
        self._bound = -math.inf
        self._prices: Prices | None = None
        self.all_fit = True
        self.know(np.zeros_like(self._model.count))

    def know(self, change: Ints) -> None:
        """Take in the patterns of an answer that is known."""
        self._add(np.arange(change.shape[1]), change.T.copy())

    def fewest(self) -> Fewest:
        """Return the answer, as good as the time allows."""
        now = time.monotonic()
        until = now + SHARE * (self._deadline - now)
        solved = self._master.solve(until)
        if solved is None:
            return Fewest(0, None)
        self._start(solved[1], until)
        self._generate(until)
        if self._prices is None or not math.isfinite(self._bound):
            return Fewest(0, None)
        bound = max(0, whole_up(self._bound))
        whole = Whole(self._listing, self._master, self._prices, self._most)
        return Fewest(bound, whole.fewest(self._deadline))

    def _start(self, prices: Prices, until: float) -> None:
        """Add what is cheap while kinds have no price."""
        nothing = np.zeros_like(prices.kind)
        for share in STARTS:
            now = Prices(prices.node, nothing, share * prices.variance)
            found = self._cheapest(now, FIRST, until)
            if found is not None:
                self._take(found, None)

    def _generate(self, until: float) -> None:
        """Add patterns until none helps, and then some more."""
        for _ in range(MAX_ROUNDS):
            solved = self._master.solve(until)
            if solved is None:
                return
            objective, self._prices = solved
            found = self._cheapest(self._prices, ADDED, until)
            if found is None:
                return
            added = self._take(found, self._prices)
            # Nothing between the two is a whole number.
            if added and whole_up(objective) > whole_up(self._bound):
                continue
            if not self._master.is_missing or not self._master.need():
                break
        self._enrich(self._prices, until)

    def _enrich(self, prices: Prices | None, until: float) -> None:
        """Add what may be better in whole numbers."""
        if prices is None:
            return
        found = self._cheapest(prices, LAST, until)
        if found is not None:
            self._take(found, None)
        solved = self._master.solve(until)
        if solved is not None:
            self._prices = solved[1]

    def _cheapest(
        self, prices: Prices, count: int, until: float
    ) -> list[Cheapest] | None:
        """The cheapest patterns of each node, and the bound they give."""
        found = self._lattice.cheapest(prices, count, until)
        if found is not None:
            bound = sum(cheapest.least for cheapest in found)
            bound -= prices.variance * self._most
            self._bound = max(self._bound, bound)
        return found

    def _take(self, found: list[Cheapest], prices: Prices | None) -> int:
        """Add those that are better at these prices, or all."""
        sizes = [len(cheapest.nets) for cheapest in found]
        node = np.repeat(np.arange(len(found)), sizes)
        net = np.concatenate([cheapest.nets for cheapest in found])
        if prices is not None:
            cost = 0.5 * np.abs(net).sum(axis=1) - net @ prices.kind
            cost += prices.variance * self._listing.variance(node, net)
            better = cost < prices.node[node] - TINY
            node, net = node[better], net[better]
        return self._add(node, net)

    def _add(self, node: Ints, net: Ints) -> int:
        model = self._model
        fits = (net @ model.need <= model.room[node]).all(axis=1)
        self.all_fit &= bool(fits.all())
        return self._master.add(node[fits], net[fits])
