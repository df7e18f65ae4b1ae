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

"""The fewest migrations to a wanted variance, by column generation.

Each node takes one pattern; of each kind as many arrive as leave; the
variance is at most what is wanted. The linear relaxation over patterns is
far tighter than the one over counts, as a node's pattern is whole, and its
duals price all patterns (Dantzig and Wolfe, Operations Research 8, 1960).
Every pricing gives a bound (Lagrange), and the programme over the patterns
that are cheap by then, solved in integers, nearly always reaches it.
"""

from __future__ import annotations

import dataclasses
import math
import time

import highspy
import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.program import Silent
from watcher_rearrange.optimizer.rebalancing.left_out import cheapest
from watcher_rearrange.optimizer.rebalancing.model import Model
from watcher_rearrange.optimizer.rebalancing.patterns import Listing
from watcher_rearrange.optimizer.rebalancing.patterns import Patterns
from watcher_rearrange.optimizer.rebalancing.prices import Prices


MAX_ROUNDS = 100

# Times that patterns are sought that are not listed.
MAX_LONGER = 12

# With more kinds, as where each instance has a load of its own, that would
# take too long.
MAX_KINDS = 100

# Of the time, how much the search for patterns may take.
SHARE = 0.7

# Patterns that one round adds for each node, and the last one at most.
ADDED = 3
MAX_LAST = 60
MAX_COLUMNS = 30_000

# Patterns that cost so much more than the cheapest are looked at last, in
# migrations; then closer ones where there are too many.
WINDOWS = (1.0, 0.5, 0.25, 0.1)

# Squared points by which an answer stays below what is wanted.
SLACK = 1e-5

# What is missing costs so much, in migrations for each unit.
MISSING = 1e4


@dataclasses.dataclass(frozen=True, eq=False)
class Fewest:
    """What the programme found.

    :ivar bound: fewer migrations cannot do
    :ivar change: int64[n_kinds, n_nodes], or None if nothing was found
    """

    bound: int
    change: Ints | None

    @property
    def count(self) -> int:
        """How many migrations the change takes."""
        return (
            0 if self.change is None else int(np.abs(self.change).sum() // 2)
        )

    @property
    def proved(self) -> bool:
        """Whether the change takes no more than the bound."""
        return self.change is not None and self.count <= self.bound


class Columns:
    """The patterns of all nodes and those of them that are in use.

    :param most: the variance that is wanted, in squared points
    :param deadline: on the clock of ``time.monotonic``
    """

    def __init__(self, model: Model, most: float, deadline: float) -> None:
        self._model = model
        self._most = most
        self._deadline = deadline
        self._listing = Listing(model)
        self._n_nodes = len(model.load)
        self._patterns: list[Patterns] = []
        for node in range(self._n_nodes):
            if time.monotonic() >= deadline:
                break
            self._patterns.append(self._listing.of(node))
        self._used = [{0} for _ in self._patterns]
        self._bound = 0

    def know(self, change: Ints) -> None:
        """Take in the patterns of an answer that is known."""
        for node in range(len(self._patterns)):
            net = change[:, node].astype(np.int8)
            if (net @ self._model.need > self._model.room[node]).any():
                continue
            self._patterns[node] = self._listing.longer(
                node, self._patterns[node], net
            )
            self._used[node].add(len(self._patterns[node].net) - 1)

    def fewest(self) -> Fewest:
        """Return the answer, as good as the time allows."""
        if len(self._patterns) < self._n_nodes:
            return Fewest(0, None)
        found = self._generated()
        if found is None:
            return Fewest(self._bound, None)
        self._take_cheap(found[1])
        return Fewest(self._bound, self._whole())

    def _generated(self) -> tuple[Prices, list[Floats]] | None:
        """Add patterns until none helps; prices and costs at the best.

        When none of those listed helps, the others are looked at.
        """
        best: tuple[Prices, list[Floats]] | None = None
        highest = -math.inf
        longer = 0
        now = time.monotonic()
        until = now + SHARE * (self._deadline - now)
        for _ in range(MAX_ROUNDS):
            if time.monotonic() >= until:
                break
            objective, prices = self._relaxed()
            reduced = [self._reduced(k, prices) for k in range(self._n_nodes)]
            bound = sum(float(cost.min()) for cost in reduced)
            bound -= prices.variance * self._most
            if bound > highest or longer:
                highest, best = bound, (prices, reduced)
            if self._added(prices, reduced) and objective - bound > 1e-3:
                continue
            longer += 1
            if longer > MAX_LONGER or self._model.n_kinds > MAX_KINDS:
                break
            if not self._lengthened(prices, reduced, until):
                break
            highest = -math.inf
        return best

    def _lengthened(
        self, prices: Prices, reduced: list[Floats], until: float
    ) -> int:
        """Add patterns that are not listed; how many."""
        added = 0
        total = -prices.variance * self._most
        for node, cost in enumerate(reduced):
            least = float(cost.min())
            bound, net = cheapest(self._listing, node, prices, least, until)
            total += bound
            if net is None:
                continue
            longer = self._listing.longer(node, self._patterns[node], net)
            now = float(longer.touches[-1]) / 2
            now += prices.variance * float(longer.variance[-1])
            now -= float(net @ prices.kind)
            if now < least - 1e-6:
                self._patterns[node] = longer
                self._used[node].add(len(longer.net) - 1)
                added += 1
        if math.isfinite(total):
            self._bound = max(self._bound, math.ceil(total - 1e-6))
        return added

    def _reduced(self, node: int, prices: Prices) -> Floats:
        patterns = self._patterns[node]
        cost: Floats = (
            patterns.touches / 2
            + prices.variance * patterns.variance
            - patterns.net @ prices.kind
        )
        return cost

    def _added(self, prices: Prices, reduced: list[Floats]) -> int:
        added = 0
        for node, cost in enumerate(reduced):
            count = min(ADDED, len(cost))
            for j in np.argpartition(cost, count - 1)[:count].tolist():
                if cost[j] < prices.node[node] - 1e-7:
                    added += j not in self._used[node]
                    self._used[node].add(j)
        return added

    def _take_cheap(self, cheapness: list[Floats]) -> None:
        for window in WINDOWS:
            chosen = [
                np.flatnonzero(cost < cost.min() + window)
                for cost in cheapness
            ]
            if sum(map(len, chosen)) <= MAX_COLUMNS:
                break
        for node, cheap in enumerate(chosen):
            order = np.argsort(cheapness[node][cheap], kind='stable')
            self._used[node].update(cheap[order][:MAX_LAST].tolist())

    def _columns(self) -> list[tuple[int, int]]:
        return [
            (node, j)
            for node, used in enumerate(self._used)
            for j in sorted(used)
        ]

    def _relaxed(self) -> tuple[float, Prices]:
        columns = self._columns()
        program = self._program(columns, missing=True)
        solver = _solver(self._deadline)
        solver.passModel(program)
        solver.run()
        duals = np.array(solver.getSolution().row_dual)
        n = self._n_nodes
        prices = Prices(duals[:n], duals[n:-1], max(0.0, -float(duals[-1])))
        return float(solver.getInfo().objective_function_value), prices

    def _whole(self) -> Ints | None:
        columns = self._columns()
        program = self._program(columns, missing=False)
        program.integrality_ = [highspy.HighsVarType.kInteger] * len(columns)
        solver = _solver(self._deadline)
        solver.passModel(program)
        solver.run()
        feasible = highspy.kSolutionStatusFeasible
        if solver.getInfo().primal_solution_status != feasible:
            return None
        values = np.array(solver.getSolution().col_value)
        change = np.zeros(self._model.count.shape, dtype=np.int64)
        for k in np.flatnonzero(values > 0.5).tolist():
            node, j = columns[k]
            change[:, node] = self._patterns[node].net[j]
        return change

    def _program(
        self, columns: list[tuple[int, int]], missing: bool
    ) -> highspy.HighsLp:
        n, n_kinds = self._n_nodes, self._model.n_kinds
        entries = [self._entries(*column) for column in columns]
        costs = [self._patterns[k].touches[j] / 2 for k, j in columns]
        if missing:
            for row in range(n, n + n_kinds):
                entries += [([row], [1.0]), ([row], [-1.0])]
            entries.append(([n + n_kinds], [-1.0]))
            costs += [MISSING] * (2 * n_kinds + 1)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(costs), n + n_kinds + 1
        lp.col_cost_ = np.array(costs)
        lp.col_lower_ = np.zeros(len(costs))
        lp.col_upper_ = np.full(len(costs), highspy.kHighsInf)
        even = [0.0] * n_kinds
        lp.row_lower_ = np.array([*[1.0] * n, *even, -highspy.kHighsInf])
        # The solver lets a row be broken by a little.
        most = self._most - (0.0 if missing else SLACK)
        lp.row_upper_ = np.array([*[1.0] * n, *even, most])
        matrix = lp.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kColwise
        sizes = [len(rows) for rows, _ in entries]
        matrix.start_ = np.concatenate([[0], np.cumsum(sizes)])
        matrix.index_ = np.concatenate([rows for rows, _ in entries])
        matrix.value_ = np.concatenate([values for _, values in entries])
        return lp

    def _entries(self, node: int, j: int) -> tuple[list[int], list[float]]:
        patterns = self._patterns[node]
        kinds = np.flatnonzero(patterns.net[j])
        n = self._n_nodes
        rows = [node, *(n + kinds).tolist(), n + self._model.n_kinds]
        values = patterns.net[j, kinds].astype(float).tolist()
        return rows, [1.0, *values, float(patterns.variance[j])]


def _solver(deadline: float) -> highspy.Highs:
    solver = Silent()
    solver.setOptionValue('time_limit', max(0.01, deadline - time.monotonic()))
    return solver
