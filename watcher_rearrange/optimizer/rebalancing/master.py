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

"""The programme over patterns, first of shares of nodes, then of whole ones.

Each node takes one pattern; of each kind as many arrive as leave; the
variance is at most what is wanted.

Source: Dantzig and Wolfe, Decomposition principle for linear programs,
Operations Research 8, 1960.
"""

from __future__ import annotations

import highspy
import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.program import Silent
from watcher_rearrange.optimizer.rebalancing.patterns import Listing
from watcher_rearrange.optimizer.rebalancing.prices import Prices


INFINITY = highspy.kHighsInf

# What an instance costs at first that leaves and arrives nowhere, or the
# other way round, and at most. No price of a kind is larger than that, so
# that prices do not go astray while there are few patterns.
MISSING = 0.25
MOST_MISSING = 1e4

# Times the number of nodes: as much of that for the variance.
VARIANCE = 0.4

TOLERANCE = 1e-6


class Master:
    """The programme, solved again and again with more patterns.

    :param most: the variance that is wanted, in squared points
    :ivar node: int64[n_columns]
    :ivar net: int64[n_columns, n_kinds]
    :ivar share: float64[n_columns], of the last solution
    :ivar objective: of the last solution, in migrations
    """

    def __init__(self, listing: Listing, most: float) -> None:
        self._listing = listing
        self._most = most
        self._n_nodes = len(listing.model.load)
        self._n_kinds = listing.model.n_kinds
        self.node = np.zeros(0, dtype=np.int64)
        self.net = np.zeros((0, self._n_kinds), dtype=np.int64)
        self.share = np.zeros(0)
        self.objective = 0.0
        self._lacking = np.zeros(0, dtype=np.bool_)
        self._seen: set[tuple[int, bytes]] = set()
        self._solver = Silent()
        self._begin()

    def _begin(self) -> None:
        n, k = self._n_nodes, self._n_kinds
        even = np.zeros(k)
        lower = np.concatenate([np.ones(n), even, [-INFINITY]])
        upper = np.concatenate([np.ones(n), even, [self._most]])
        nothing = np.zeros(0, dtype=np.int32)
        self._solver.addRows(
            len(lower),
            lower,
            upper,
            0,
            np.zeros(len(lower), dtype=np.int32),
            nothing,
            nothing.astype(float),
        )
        rows = np.arange(n, n + k + 1)
        self._missing = np.full(2 * k + 1, MISSING)
        self._missing[k] *= VARIANCE * n
        self._extend(
            self._missing,
            np.concatenate([rows, rows[:-1]]),
            np.arange(2 * k + 1),
            np.repeat([-1.0, 1.0], [k + 1, k]),
        )

    @property
    def is_missing(self) -> bool:
        """Whether something is missing from the last solution."""
        return bool(self._lacking.any())

    def need(self) -> bool:
        """Let what is missing cost more; whether it can."""
        if (self._missing[self._lacking] > MOST_MISSING).any():
            return False
        self._missing *= 2.0
        count = len(self._missing)
        self._solver.changeColsCost(
            count, np.arange(count, dtype=np.int32), self._missing
        )
        return True

    def _extend(
        self, cost: Floats, row: Ints, at: Ints, value: Floats
    ) -> None:
        self._solver.addCols(
            len(cost),
            cost,
            np.zeros(len(cost)),
            np.full(len(cost), INFINITY),
            len(row),
            at.astype(np.int32),
            row.astype(np.int32),
            value.astype(float),
        )

    def add(self, node: Ints, net: Ints) -> int:
        """Add the patterns that are new; return how many.

        :param node: int64[n]
        :param net: int64[n, n_kinds]
        """
        new = [k for k in range(len(node)) if self._is_new(node[k], net[k])]
        node, net = node[new], net[new]
        if not new:
            return 0
        self.node = np.concatenate([self.node, node])
        self.net = np.concatenate([self.net, net])
        self.share = np.concatenate([self.share, np.zeros(len(new))])
        self._extend(0.5 * np.abs(net).sum(axis=1), *self._entries(node, net))
        return len(new)

    def _is_new(self, node: int, net: Ints) -> bool:
        key = int(node), net.tobytes()
        known = key in self._seen
        self._seen.add(key)
        return not known

    def _entries(self, node: Ints, net: Ints) -> tuple[Ints, Ints, Floats]:
        """The matrix column by column: row, where each begins, value."""
        n, whole = self._n_nodes, np.arange(len(node))
        column, kind = np.nonzero(net)
        last = np.full(len(node), n + self._n_kinds)
        of = np.concatenate([whole, column, whole])
        row = np.concatenate([node, n + kind, last])
        value = np.concatenate(
            [
                np.ones(len(node)),
                net[column, kind],
                self._listing.variance(node, net),
            ]
        )
        order = np.argsort(of, kind='stable')
        return row[order], np.searchsorted(of[order], whole), value[order]

    def solve(self, deadline: float) -> tuple[float, Prices] | None:
        """Return the migrations and the prices; None out of time.

        :param deadline: on the clock of ``time.monotonic``
        """
        solution = self._solver.solved(deadline)
        if solution is None:
            return None
        values = np.array(solution.col_value, dtype=float)
        self._lacking = values[: len(self._missing)] > TOLERANCE
        self.share = values[len(self._missing) :]
        duals = np.array(solution.row_dual, dtype=float)
        n = self._n_nodes
        prices = Prices(duals[:n], duals[n:-1], max(0.0, -float(duals[-1])))
        self.objective = float(self._solver.getInfo().objective_function_value)
        return self.objective, prices
