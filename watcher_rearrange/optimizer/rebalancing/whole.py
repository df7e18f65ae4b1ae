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

"""Whole nodes in place of shares of nodes.

In a vertex of the linear programme only few nodes are divided between
patterns, about as many as there are kinds. These and some others, drawn by
lot, are decided on again in whole numbers; the others stay as they are
(relaxation induced neighbourhood, Danna, Rothberg and Le Pape, Mathematical
Programming 102, 2005).
"""

from __future__ import annotations

import math
import random
import time

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Program
from watcher_rearrange.optimizer.rebalancing.master import Master
from watcher_rearrange.optimizer.rebalancing.patterns import Listing
from watcher_rearrange.optimizer.rebalancing.prices import Prices


# Other nodes that are decided on again; in the end, all of them are.
OTHERS = (100, 300)

# Of the time that is left, how much one attempt but the last may take.
SHARE = 0.3

# Patterns that cost so much more than the cheapest are not looked at, in
# migrations.
WINDOW = 1.0

# Squared points by which an answer stays below what is wanted, as the solver
# lets a row be broken by a little.
SLACK = 1e-5

TINY = 1e-6


class Whole:
    """Decides on whole nodes.

    :param most: the variance that is wanted, in squared points
    """

    def __init__(
        self, listing: Listing, master: Master, prices: Prices, most: float
    ) -> None:
        self._master = master
        self._most = most
        self._n_nodes = len(listing.model.load)
        node, net = master.node, master.net
        # In whole numbers it takes no fewer.
        self._enough = math.ceil(master.objective - TINY)
        self._cost: Floats = 0.5 * np.abs(net).sum(axis=1)
        self._variance = listing.variance(node, net)
        reduced = self._cost + prices.variance * self._variance
        reduced -= net @ prices.kind
        least = np.full(self._n_nodes, np.inf)
        np.minimum.at(least, node, reduced)
        self._cheap: Bools = reduced < least[node] + WINDOW
        self._cheap |= master.share > TINY

    def fewest(self, deadline: float) -> Ints | None:
        """Return int64[n_kinds, n_nodes]: the change; None if none is found.

        :param deadline: on the clock of ``time.monotonic``
        """
        taken = np.flatnonzero(self._master.share > 1 - TINY)
        free = np.ones(self._n_nodes, dtype=np.bool_)
        free[self._master.node[taken]] = False
        others = np.flatnonzero(~free).tolist()
        random.Random('whole').shuffle(others)
        best: Ints | None = None
        least = math.inf
        for count in (*OTHERS, len(others)):
            free[others[:count]] = True
            fixed = taken[~free[self._master.node[taken]]]
            now = time.monotonic()
            until = deadline
            if count < len(others):
                until = now + SHARE * (deadline - now)
            found = self._solved(fixed, free, until)
            if found is not None and self._cost[found].sum() < least - TINY:
                best, least = found, float(self._cost[found].sum())
            if least <= self._enough + TINY or count >= len(others):
                break
        return None if best is None else self._change(best)

    def _solved(
        self, fixed: Ints, free: Bools, deadline: float
    ) -> Ints | None:
        """The columns taken of all nodes, those of some being fixed."""
        node, net = self._master.node, self._master.net
        some = np.flatnonzero(free[node] & self._cheap)
        program = Program()
        take = program.columns(len(some), upper=1.0, cost=self._cost[some])
        order = np.argsort(node[some], kind='stable')
        _, first = np.unique(node[some][order], return_index=True)
        for own in np.split(take[order], first[1:]):
            program.row(own, 1.0, 1.0, 1.0)
        for kind in range(net.shape[1]):
            at = np.flatnonzero(net[some, kind])
            missing = -float(net[fixed, kind].sum())
            program.row(
                take[at], net[some[at], kind].astype(float), missing, missing
            )
        left = self._most - SLACK - float(self._variance[fixed].sum())
        program.row(take, self._variance[some], upper=left)
        # Only whole migrations count.
        enough = max(1.0, self._enough - float(self._cost[fixed].sum()))
        answer = program.solve(Effort(deadline, (1 - 1e-3) / (enough + 1)))
        if not answer.found:
            return None
        return np.concatenate([fixed, some[answer.counts(take) > 0]])

    def _change(self, columns: Ints) -> Ints:
        change = np.zeros(
            (self._master.net.shape[1], self._n_nodes), dtype=np.int64
        )
        change[:, self._master.node[columns]] = self._master.net[columns].T
        return change
