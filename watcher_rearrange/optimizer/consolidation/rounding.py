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

Where the linear programme has decided, it stays so; the nodes that are
divided, and some others drawn by lot, are decided on again, in whole numbers
and exactly (relaxation induced neighbourhood, Danna, Rothberg and Le Pape,
Mathematical Programming 102, 2005).
"""

from __future__ import annotations

import random

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.consolidation.master import REWARD
from watcher_rearrange.optimizer.consolidation.master import TOLERANCE
from watcher_rearrange.optimizer.consolidation.master import Columns
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Program


# Nodes that are decided on again beside those that are divided.
OTHERS = (100, 300)

TREE_NODES = 20

# How near to the best, as a share of all migrations.
GAP = 0.0002


def rounded(
    task: Task, columns: Columns, shares: Floats, saved: float
) -> Ints | None:
    """Return the columns that are taken, or None if none were found.

    Out of time, those of which more than half is taken, which may leave some
    without a place.

    :param shares: float64[n_columns], by the linear programme
    :param saved: what must be saved at least; if that is infinitely little,
        it is rewarded
    """
    divided = np.abs(shares - np.rint(shares)) > TOLERANCE
    taken = np.flatnonzero(np.rint(shares) > 0)
    free = np.zeros(task.problem.cluster.n_nodes, dtype=np.bool_)
    free[columns.node[divided]] = True
    if not free.any():
        return taken
    dice = random.Random(f'{task.seed} whole')
    others = np.setdiff1d(columns.node, np.flatnonzero(free)).tolist()
    dice.shuffle(others)
    for count in OTHERS:
        free[others[:count]] = True
        fixed = taken[~free[columns.node[taken]]]
        rest = _Rest(task, columns, fixed, free)
        found = rest.solved(saved, GAP * float(shares @ columns.moved))
        if found is not None:
            return np.concatenate([fixed, found])
        if count >= len(others):
            break
    return taken if task.problem.out_of_time else None


class _Rest:
    """What is left to decide when some columns are taken."""

    def __init__(
        self, task: Task, columns: Columns, fixed: Ints, free: Bools
    ) -> None:
        self._task = task
        self._open = np.flatnonzero(free[columns.node])
        self._columns = columns[self._open]
        self._reward = columns.reward
        done = columns[fixed]
        self._missing = (done.leave - done.arrive).sum(axis=0)
        self._saved = float(done.saved.sum())
        self._moved = int(done.moved.sum())

    def solved(self, saved: float, gap: float) -> Ints | None:
        """Return the columns to take beside the fixed ones.

        :param gap: how near to the best, in migrations
        """
        columns, problem = self._columns, self._task.problem
        wanted = saved - self._saved
        cost = columns.moved.astype(float)
        if not np.isfinite(wanted):
            cost -= self._reward * columns.saved
        program = Program()
        take = program.columns(len(columns.node), upper=1.0, cost=cost)
        self._restrict(program, take)
        if np.isfinite(wanted):
            program.row(take, columns.saved, lower=wanted)
        # What these nodes cost is not known yet, but about this.
        scale = self._reward / REWARD * max(1.0, wanted)
        if not np.isfinite(wanted):
            scale = max(1.0, self._reward * float(columns.saved.sum()))
        effort = Effort(
            problem.deadline, gap / scale, self._task.seed, nodes=TREE_NODES
        )
        answer = program.solve(effort)
        if not answer.found:
            return None
        found: Ints = self._open[answer.counts(take) > 0]
        return found

    def _restrict(self, program: Program, take: Ints) -> None:
        """Each node does one thing, and whoever leaves arrives."""
        columns, problem = self._columns, self._task.problem
        order = np.argsort(columns.node, kind='stable')
        _, first = np.unique(columns.node[order], return_index=True)
        for own in np.split(take[order], first[1:]):
            program.row(own, 1.0, upper=1.0)
        net = (columns.arrive - columns.leave).astype(float)
        for kind in np.flatnonzero(net.any(axis=0) | (self._missing != 0)):
            at = np.flatnonzero(net[:, kind])
            missing = float(self._missing[kind])
            program.row(take[at], net[at, kind], lower=missing)
        if problem.max_migrations is not None:
            most = float(problem.max_migrations - self._moved)
            program.row(take, columns.moved.astype(float), upper=most)
