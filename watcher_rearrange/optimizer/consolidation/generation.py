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


"""Consolidation by column generation: patterns of nodes at prices of kinds.

Which nodes to empty and who goes where is one linear programme over all
nodes. It says what room for each kind is worth; at these prices every node
looks for a better pattern, until there is none. What is left to decide in
whole numbers are few nodes.

Source: Desaulniers, Desrosiers and Solomon (eds.), Column Generation,
Springer 2005.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer import fill
from watcher_rearrange.optimizer.consolidation.master import Columns
from watcher_rearrange.optimizer.consolidation.master import Master
from watcher_rearrange.optimizer.consolidation.master import Prices
from watcher_rearrange.optimizer.consolidation.patterns import Patterns
from watcher_rearrange.optimizer.consolidation.rounding import rounded
from watcher_rearrange.optimizer.consolidation.seats import seated
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.consolidation.task import emptiable


# With more kinds, or sets of nodes where different kinds may be, the tables
# take too long.
MAX_KINDS = 300
MAX_TABLES = 40

MAX_ROUNDS = 60

# Of the time, how much the linear programme may take.
SHARE = 0.7

# Stop when all nodes together promise no more than this share of what is
# saved.
PROMISE = 0.0001

# The last patterns are those at prices that differ by this share, so often.
NEARBY = 0.1
NEARBY_TIMES = 4

# How many nodes less are tried where whole ones do not reach as far.
MAX_LESS = 4

TINY = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """A placement, and the prices that led to it."""

    placement: Placement
    prices: Prices


def improve(task: Task) -> Found | None:
    """Return a placement whose nodes in use cost less, if one is found."""
    columns = emptied(task)
    if task.kinds.n_kinds > MAX_KINDS or not len(columns.node):
        return None
    patterns = Patterns(task)
    if patterns.n_tables > MAX_TABLES:
        return None
    return _Generation(task, patterns, columns).run()


def emptied(task: Task) -> Columns:
    """What empties each node that may be emptied."""
    kinds = task.kinds
    can = emptiable(task.problem, task.start) & (task.cost > 0)
    can[task.start.node_of[task.problem.movable & (kinds.of < 0)]] = False
    nodes = np.flatnonzero(can)
    leave = kinds.count[:, nodes].T
    return Columns(nodes, np.zeros_like(leave), leave, task.cost[nodes])


class _Generation:
    def __init__(
        self, task: Task, patterns: Patterns, columns: Columns
    ) -> None:
        self._task = task
        self._patterns = patterns
        self._master = Master(task, columns)
        # What one node less saves; 0 if that depends on the node. Not every
        # sum of unequal costs can be saved.
        equal = np.ptp(columns.saved) < TINY
        self._unit = float(columns.saved[0]) if equal else 0.0
        self._shares = np.zeros(0)
        self._prices: Prices | None = None
        self._until = task.problem.until(SHARE)

    def run(self) -> Found | None:
        """Generate columns, then take whole ones."""
        self._begin()
        if not self._generate():
            return None
        task = self._task
        most = task.value(task.start) - task.bound
        for wanted in self._wanted(min(self._saved(), most)):
            found = self._saving(wanted)
            if found is not None and self._prices is not None:
                return Found(found, self._prices)
        return None

    def _wanted(self, most: float) -> list[float]:
        """What to save: whole nodes, a few less where that is too much."""
        if not self._unit:
            return [most] if most > TINY else []
        nodes = math.floor(most / self._unit + TINY)
        counts = range(nodes, max(0, nodes - MAX_LESS - 1), -1)
        return [count * self._unit for count in counts]

    def _begin(self) -> None:
        """Fill the room that there is by size alone."""
        task = self._task
        total = np.maximum(task.problem.limit.sum(axis=0), 1)
        size = (task.kinds.demand / total * task.scarcity).max(axis=1)
        price = self._master.reward * size * len(task.cost)
        self._add(price, np.zeros(len(self._patterns.nodes)))

    def _generate(self) -> bool:
        """Add columns until none helps; whether anything was solved."""
        for _ in range(MAX_ROUNDS):
            solved = self._master.solve(self._until)
            if solved is None:
                break
            self._shares, self._prices = solved
            floor = -self._prices.node[self._patterns.nodes]
            if not self._add(self._prices.kind, floor):
                break
        return self._prices is not None

    def _add(self, price: Floats, floor: Floats) -> bool:
        """Add the patterns that are better than the floor, if it helps."""
        best = self._patterns.best(price)
        gain = best.value - floor
        better = np.flatnonzero(gain > TINY * self._master.reward)
        arrive, leave = best.written(better)
        nodes = self._patterns.nodes[better]
        columns = Columns(nodes, arrive, leave, np.zeros(len(nodes)))
        added = self._master.add(columns)
        enough = PROMISE * self._master.reward * self._saved()
        return bool(added and gain[better].sum() > enough)

    def _saved(self) -> float:
        saved = self._master.columns.saved[: len(self._shares)]
        return float(self._shares @ saved)

    def _saving(self, wanted: float) -> Placement | None:
        """Save as much in whole nodes, and seat everybody.

        Where nodes have different costs, less will do.
        """
        least = wanted if self._unit else -math.inf
        self._master.require(least, wanted)
        if not self._generate() or self._prices is None:
            return None
        self._enrich(self._prices)
        columns = self._master.columns
        shares = np.zeros(len(columns.node))
        shares[: len(self._shares)] = self._shares
        taken = rounded(self._task, columns, shares, least)
        if taken is None:
            return None
        chosen = columns[taken]
        placement, left = seated(self._task, chosen)
        # Whoever should have made room for others may as well stay.
        emptied = set(chosen.node[chosen.saved > 0].tolist())
        start = self._task.start.node_of
        self._squeeze(placement, [i for i in left if int(start[i]) in emptied])
        return placement

    def _enrich(self, prices: Prices) -> None:
        """Add patterns that are the best at other prices nearby."""
        dice = np.random.default_rng(self._task.seed)
        floor = np.full(len(self._patterns.nodes), -np.inf)
        for _ in range(NEARBY_TIMES):
            factor = dice.uniform(1 - NEARBY, 1 + NEARBY, len(prices.kind))
            self._add(prices.kind * factor, floor)

    def _squeeze(self, placement: Placement, left: list[int]) -> None:
        """Find room for who has none, even if others must make it."""
        task = self._task
        open_nodes = task.problem.open_nodes & occupied(placement)
        open_nodes[task.start.node_of[left]] = False
        narrowed = dataclasses.replace(task.problem, open_nodes=open_nodes)
        filler = fill.Filler(narrowed, placement, fill.tightest(task.problem))
        for node in np.unique(task.start.node_of[left]).tolist():
            mark = len(filler.trail)
            filler.place_all([i for i in left if placement.node_of[i] == node])
            if not task.is_within(placement):
                filler.undo(mark)
