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


"""The linear programme over patterns, and what is known of it.

Each node is emptied, or takes one pattern, or stays as it is; whoever leaves
arrives somewhere. There are few kinds, so that in a vertex of it nearly all
nodes take one thing only: at most as many as there are kinds, and two more,
are divided.

Source: Dantzig and Wolfe, Decomposition principle for linear programs,
Operations Research 8, 1960.
"""

from __future__ import annotations

import dataclasses

import highspy
import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.program import Silent


INFINITY = highspy.kHighsInf

TOLERANCE = 1e-6

# A node that is emptied is rewarded as if it had so many times the instances
# that nodes have.
REWARD = 100.0


@dataclasses.dataclass(frozen=True, eq=False)
class Prices:
    """What the rows of the programme are worth, in migrations.

    :ivar node: float64[n_nodes], of having a node to decide on
    :ivar kind: float64[n_kinds], of room for one of each kind
    :ivar saved: of emptying nodes that cost one less
    """

    node: Floats
    kind: Floats
    saved: float


@dataclasses.dataclass(frozen=True, eq=False)
class Columns:
    """Things that one node may do.

    :ivar node: int64[n]
    :ivar arrive: int64[n, n_kinds]
    :ivar leave: int64[n, n_kinds]
    :ivar saved: float64[n], what is saved, if the node is emptied
    """

    node: Ints
    arrive: Ints
    leave: Ints
    saved: Floats

    @property
    def moved(self) -> Ints:
        """int64[n]: how many leave."""
        moved: Ints = self.leave.sum(axis=1)
        return moved

    @property
    def reward(self) -> float:
        """In migrations, for a cost of one that is saved: rather much."""
        empties = self.saved > 0
        moved = self.moved[empties].sum()
        return REWARD * float(moved / self.saved[empties].sum())

    def __getitem__(self, which: Ints) -> Columns:
        return Columns(
            self.node[which],
            self.arrive[which],
            self.leave[which],
            self.saved[which],
        )

    def __add__(self, other: Columns) -> Columns:
        return Columns(
            np.concatenate([self.node, other.node]),
            np.concatenate([self.arrive, other.arrive]),
            np.concatenate([self.leave, other.leave]),
            np.concatenate([self.saved, other.saved]),
        )


class Master:
    """The programme, solved again and again with more columns.

    It makes the migrations small, less a reward for what is saved.

    :ivar columns: all that there are
    :ivar reward: in migrations, for a cost of one that is saved
    """

    def __init__(self, task: Task, emptied: Columns) -> None:
        """Begin with what empties nodes."""
        self._n_nodes = task.problem.cluster.n_nodes
        self._n_kinds = task.kinds.n_kinds
        self.reward = emptied.reward
        limit = task.problem.max_migrations
        self._solver = Silent()
        self._solver.setOptionValue('random_seed', task.seed % 2**31)
        n, k = self._n_nodes, self._n_kinds
        for lower, upper, count in (
            (-INFINITY, 1.0, n),
            (0.0, INFINITY, k),
            (-INFINITY, INFINITY, 1),
            (-INFINITY, INFINITY if limit is None else float(limit), 1),
        ):
            nothing = np.zeros(0)
            self._solver.addRows(
                count,
                np.full(count, lower),
                np.full(count, upper),
                0,
                np.zeros(count, dtype=np.int32),
                nothing.astype(np.int32),
                nothing,
            )
        self._seen: set[bytes] = set()
        self.columns = emptied[np.zeros(0, dtype=np.int64)]
        self.add(emptied)

    def add(self, columns: Columns) -> int:
        """Add those that are new; return how many."""
        new = np.array(
            [k for k in range(len(columns.node)) if self._is_new(columns, k)],
            dtype=np.int64,
        )
        columns = columns[new]
        self.columns = self.columns + columns
        count = len(new)
        if not count:
            return 0
        row, at, value = self._entries(columns)
        self._solver.addCols(
            count,
            columns.moved - self.reward * columns.saved,
            np.zeros(count),
            np.full(count, INFINITY),
            len(row),
            at,
            row,
            value,
        )
        return count

    def require(self, least: float, most: float) -> None:
        """Save no less and no more."""
        row = self._n_nodes + self._n_kinds
        self._solver.changeRowBounds(row, least - TOLERANCE, most + TOLERANCE)

    def solve(self, deadline: float) -> tuple[Floats, Prices] | None:
        """Return float64[n_columns] and the prices; None out of time.

        :param deadline: on the clock of ``time.monotonic``
        """
        solution = self._solver.solved(deadline)
        if solution is None:
            return None
        dual = np.array(solution.row_dual, dtype=float)
        n, k = self._n_nodes, self._n_kinds
        prices = Prices(
            np.minimum(dual[:n], 0.0),
            np.maximum(dual[n : n + k], 0.0),
            self.reward + float(dual[n + k]),
        )
        return np.array(solution.col_value, dtype=float), prices

    def _is_new(self, columns: Columns, k: int) -> bool:
        parts = columns.node[k], columns.arrive[k], columns.leave[k]
        key = b''.join(part.tobytes() for part in parts)
        known = key in self._seen
        self._seen.add(key)
        return not known

    def _entries(self, columns: Columns) -> tuple[Ints, Ints, Floats]:
        """The matrix column by column: row, where each begins, value."""
        count, n = len(columns.node), self._n_nodes
        net = columns.arrive - columns.leave
        column, kind = np.nonzero(net)
        whole = np.arange(count)
        saving = np.flatnonzero(columns.saved)
        moving = np.flatnonzero(columns.moved)
        last = n + self._n_kinds
        of = np.concatenate([whole, column, saving, moving])
        row = np.concatenate(
            [
                columns.node,
                n + kind,
                np.full(len(saving), last),
                np.full(len(moving), last + 1),
            ]
        )
        value = np.concatenate(
            [
                np.ones(count),
                net[column, kind],
                columns.saved[saving],
                columns.moved[moving],
            ]
        )
        order = np.argsort(of, kind='stable')
        at = np.searchsorted(of[order], whole)
        return (
            row[order].astype(np.int32),
            at.astype(np.int32),
            value[order].astype(float),
        )
