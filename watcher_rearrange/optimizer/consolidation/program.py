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

"""Consolidation as an integer programme over counts.

A node is in use unless everything on it leaves and nothing arrives. First
the cost of the nodes in use is minimised, then, with that cost fixed, the
migrations, then the memory that they move.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.consolidation.bound import TOLERANCE
from watcher_rearrange.optimizer.consolidation.bound import rounded_up
from watcher_rearrange.optimizer.counts import Counts
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.program import Answer
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.reductions.group import Kinds


# How hard to look for less memory to move.
MEMORY_GAP = 0.05
MEMORY_NODES = 5


@dataclasses.dataclass(frozen=True, eq=False)
class Aim:
    """What is to be made small.

    :ivar cost: float64[n_nodes], of a node in use
    :ivar least: the cost need not be, or cannot be, below this
    :ivar weight: float64[n_kinds], of a migration; 1 unless given
    :ivar most: nodes in use; None for as many as at the start
    """

    cost: Floats
    least: float = 0.0
    weight: Floats | None = None
    most: int | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """What the programme says.

    :ivar answer: the best one, None if there is none
    :ivar cost: no placement has nodes in use that cost less
    :ivar migrations: no placement whose nodes in use cost what those of
        the answer cost takes fewer; None if nothing is known
    """

    answer: Answer | None
    cost: float
    migrations: int | None


class ConsolidationProgram:
    """The counts of a placement, with a column for every node in use.

    :ivar counts: who leaves and arrives
    :ivar in_use: int64[n_nodes], columns
    """

    def __init__(
        self, problem: Problem, placement: Placement, kinds: Kinds, aim: Aim
    ) -> None:
        self.counts = Counts(problem, placement, kinds)
        self._cost = aim.cost
        self._least = aim.least
        self._weight = (
            np.ones(kinds.n_kinds) if aim.weight is None else aim.weight
        )
        used = occupied(placement)
        stays = _stay(placement, kinds)
        self.in_use = self.counts.program.columns(
            problem.cluster.n_nodes, upper=1.0, lower=np.where(stays, 1.0, 0.0)
        )
        # Not even where many are cheaper than one.
        most = int(used.sum()) if aim.most is None else aim.most
        self.counts.program.row(self.in_use, 1.0, upper=float(most))
        # A node that cannot change needs no rows.
        concerned = kinds.allowed.any(axis=0) | kinds.count.any(axis=0)
        for node in np.flatnonzero(concerned).tolist():
            if not stays[node]:
                self._link(node, bool(used[node]))

    def solve(
        self, effort: Effort, start: Placement | None = None, gap: float = 0.0
    ) -> Found:
        """Minimise the cost, then the migrations.

        :param start: a placement that is known to be valid
        :param gap: how near to their bound the migrations have to come
        """
        program = self.counts.program
        program.row(self.in_use, self._cost, lower=self._least - TOLERANCE)
        program.clear_costs()
        program.cost(self.in_use, self._cost)
        known = None if start is None else self.encoded(start)
        first = program.solve(effort, known)
        bound = rounded_up(first.bound, self._cost)
        if not first.found:
            return Found(None, bound, None)
        best = float(first.values @ program.costs)
        program.row(self.in_use, self._cost, upper=best + TOLERANCE)
        program.clear_costs()
        program.cost(self.counts.arrive, self._weight[self.counts.arrive_kind])
        second = program.solve(
            dataclasses.replace(effort, gap=gap), first.values
        )
        if not second.found:
            return Found(first, bound, None)
        fewest = 0
        # The solver may end before it has any bound.
        if math.isfinite(second.bound):
            fewest = max(0, math.ceil(second.bound - TOLERANCE))
        return Found(second, bound, fewest)

    def lighter(self, effort: Effort, answer: Answer) -> Answer:
        """Return one with as many migrations that move less memory."""
        counts, program = self.counts, self.counts.program
        moved = float(answer.values[counts.arrive].sum())
        program.row(counts.arrive, 1.0, upper=moved + TOLERANCE)
        memory = counts.memory_mb[counts.arrive_kind]
        program.clear_costs()
        program.cost(counts.arrive, memory / max(1.0, memory.max(initial=0)))
        limited = dataclasses.replace(
            effort, gap=MEMORY_GAP, nodes=MEMORY_NODES
        )
        third = program.solve(limited, answer.values)
        return third if third.found else answer

    def encoded(self, end: Placement) -> Floats | None:
        """Return float64[n_columns], or None: a placement as a solution."""
        values = self.counts.encoded(end)
        if values is not None:
            values[self.in_use] = occupied(end)
        return values

    def _link(self, node: int, used: bool) -> None:
        """Tie the column of a node in use to who is on it."""
        counts, in_use = self.counts, int(self.in_use[node])
        program, kinds = counts.program, counts.kinds
        columns, there = counts.leaving(node)
        for column, count in zip(
            columns.tolist(), there.tolist(), strict=True
        ):
            program.row([column, in_use], [1.0, count], lower=count)
        if not len(counts.arriving(node)[0]):
            return
        columns, kind, sign = counts.at(node)
        held = counts.problem.cluster.held[node]
        limit = counts.problem.limit[node] - held
        start = counts.placement.used[node] - held
        overfull = bool((start > limit).any())
        for rc_idx in range(len(limit)):
            amount = (kinds.demand[kind, rc_idx] * sign).astype(float)
            if start[rc_idx] > limit[rc_idx] or not amount.any():
                continue
            program.row(
                np.append(columns, in_use),
                np.append(amount, -float(limit[rc_idx])),
                upper=-float(start[rc_idx]),
            )
        self._one_by_one(node, overfull)

    def _one_by_one(self, node: int, overfull: bool) -> None:
        """Kinds that ask for nothing arrive only on a node in use, too."""
        counts = self.counts
        columns, kind = counts.arriving(node)
        for column, k in zip(columns.tolist(), kind.tolist(), strict=True):
            if overfull or not counts.kinds.demand[k].any():
                total = float(counts.kinds.count[k].sum())
                counts.program.row(
                    [column, int(self.in_use[node])], [1.0, -total], upper=0.0
                )


def _stay(placement: Placement, kinds: Kinds) -> Bools:
    """bool[n_nodes]: in use, and somebody on it stays."""
    held: Bools = np.any(placement.cluster.held, axis=1)
    stays = held & occupied(placement)
    here = placement.node_of >= 0
    stays[placement.node_of[here & (kinds.of < 0)]] = True
    return stays
