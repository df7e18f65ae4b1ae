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


"""Bounds from prices: what no placement can do better.

At any prices, what the best things that nodes may do come to is a bound
(Lagrange). A node that stays in use may keep any of its instances, not only
all but two, so that the bound holds for all patterns.

Source: Geoffrion, Lagrangean relaxation for integer programming,
Mathematical Programming Study 2, 1974.
"""

from __future__ import annotations

import math

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.consolidation.grid import Grid
from watcher_rearrange.optimizer.consolidation.grid import Table
from watcher_rearrange.optimizer.consolidation.grid import worth
from watcher_rearrange.optimizer.consolidation.master import TOLERANCE
from watcher_rearrange.optimizer.consolidation.master import Columns
from watcher_rearrange.optimizer.consolidation.master import Prices
from watcher_rearrange.optimizer.consolidation.task import Task


# Cells of tables of all nodes; looking at more takes some ten seconds.
MAX_CELLS = 1_000_000_000


def fewest_migrations(
    task: Task, emptied: Columns, prices: Prices, saved: float
) -> int:
    """Return how many migrations it takes at least to save so much.

    This holds where the counts cover all plans (``task.is_relaxed``).

    :param emptied: every way to empty a node
    """
    rooms = _Rooms(task, prices)
    least = rooms.least() if rooms.n_cells <= MAX_CELLS else None
    if least is None:
        return 0
    empties = emptied.moved - prices.saved * emptied.saved
    empties = empties + emptied.leave @ prices.kind
    np.minimum.at(least, emptied.node, empties)
    # What is rounding at one node adds up.
    slack = TOLERANCE * max(1, len(least))
    return max(0, math.ceil(prices.saved * saved + least.sum() - slack))


class _Rooms:
    """What nodes do at most for others."""

    def __init__(self, task: Task, prices: Prices) -> None:
        self._task = task
        self._prices = prices
        kinds, problem = task.kinds, task.problem
        self._open = problem.open_nodes & kinds.allowed.any(axis=0)
        self._grid = Grid.of(
            kinds.demand,
            problem.limit[self._open],
            task.scarcity,
            optimistic=True,
        )
        leaving = kinds.count.T @ kinds.demand
        room = problem.limit - task.start.used + leaving
        self._room = self._grid.steps(room)

    @property
    def n_cells(self) -> int:
        """How much there is to look at."""
        return int((self._room[self._open] + 1).prod(axis=1).sum())

    def least(self) -> Floats | None:
        """float64[n_nodes]: migrations, less what they are worth.

        None out of time: it takes all nodes to say anything.
        """
        kinds = self._task.kinds
        least = np.zeros(len(self._open))
        used = occupied(self._task.start)
        permitted, at = np.unique(
            kinds.allowed[:, self._open], axis=1, return_inverse=True
        )
        nodes = np.flatnonzero(self._open)
        for k, row in enumerate(permitted.T):
            own = nodes[at.ravel() == k]
            value = self._table(row).value
            for node in own.tolist():
                if self._task.problem.out_of_time:
                    return None
                height, width = (self._room[node] + 1).tolist()
                corner = value[:height, :width]
                least[node] = (
                    self._in_use(node, corner)
                    if used[node]
                    else self._opened(node, corner)
                )
        return least

    def _table(self, permitted: Bools) -> Table:
        price = np.where(permitted, self._prices.kind, 0.0)
        return Table(self._grid, price, self._task.kinds.count.sum(axis=1))

    def _in_use(self, node: int, corner: Floats) -> float:
        count = self._task.kinds.count[:, node]
        stay = self._prices.kind + 1.0
        return float(stay @ count) - worth(corner, self._grid, stay, count)

    def _opened(self, node: int, corner: Floats) -> float:
        cost = self._prices.saved * self._task.cost[node]
        return min(0.0, float(cost - corner[-1, -1]))
