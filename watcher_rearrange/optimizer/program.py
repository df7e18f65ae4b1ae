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

"""A mixed integer programme, built row by row and solved by HiGHS.

Source: Huangfu and Hall, Parallelizing the dual revised simplex method,
Mathematical Programming Computation 10 (2018), which HiGHS grew from.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import time

from collections.abc import Sequence

import highspy
import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats


INFINITY = math.inf

# What an objective may be off by, in shares of it.
TOLERANCE = 1e-6


class Outcome(enum.Enum):
    """How far the solver came."""

    OPTIMAL = 'optimal'
    FEASIBLE = 'feasible'
    INFEASIBLE = 'infeasible'
    UNKNOWN = 'unknown'


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """What the solver found.

    :ivar values: float64[n_columns], empty if there is no solution
    :ivar objective: of these values; infinite if there are none
    :ivar bound: no solution has a lower objective
    """

    outcome: Outcome
    values: Floats
    objective: float
    bound: float

    @property
    def found(self) -> bool:
        """Whether there is a solution."""
        return bool(len(self.values))

    def counts(self, columns: Ints) -> Ints:
        """Return int64: the values of integer columns."""
        counts: Ints = np.rint(self.values[columns]).astype(np.int64)
        return counts


@dataclasses.dataclass(frozen=True)
class Effort:
    """How hard to try.

    :ivar deadline: on the clock of ``time.monotonic``
    :ivar gap: stop when this close to the bound, as a share of it
    :ivar nodes: of the search tree, at most; None for no limit. Unlike the
        clock, it stops at the same place on every machine
    """

    deadline: float
    gap: float = 0.0
    seed: int = 0
    nodes: int | None = None


class Silent(highspy.Highs):
    """A solver that writes nothing to standard output.

    HiGHS 1.16 greets while it is set up, before it can be told not to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setOptionValue('output_flag', False)

    def enableCallbacks(self) -> None:  # noqa: N802
        """Do what is next in being set up."""
        self.setOptionValue('output_flag', False)
        super().enableCallbacks()

    def solved(self, deadline: float) -> highspy.HighsSolution | None:
        """Go on from the last solution to the optimum; None out of time.

        :param deadline: on the clock of ``time.monotonic``
        """
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return None
        # The clock of the solver goes on from one run to the next.
        self.setOptionValue('time_limit', self.getRunTime() + left_s)
        self.run()
        if self.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return self.getSolution()


class Program:
    """Columns with bounds and costs, rows with bounds; costs are minimised."""

    def __init__(self) -> None:
        self._cost: list[Floats] = []
        self._lower: list[Floats] = []
        self._upper: list[Floats] = []
        self._integer: list[bool] = []
        self._row_bounds: list[tuple[float, float]] = []
        self._index: list[Ints] = []
        self._value: list[Floats] = []

    @property
    def n_columns(self) -> int:
        """How many columns there are."""
        return len(self._integer)

    @property
    def costs(self) -> Floats:
        """float64[n_columns]: what each column costs."""
        return np.concatenate([*self._cost, np.zeros(0)])

    def columns(
        self,
        count: int,
        upper: Floats | float = INFINITY,
        cost: Floats | float = 0.0,
        lower: Floats | float = 0.0,
        integer: bool = True,
    ) -> Ints:
        """Add columns; return int64[count], their indices."""
        first = self.n_columns
        for column, value in (
            (self._cost, cost),
            (self._lower, lower),
            (self._upper, upper),
        ):
            column.append(np.broadcast_to(np.asarray(value, float), (count,)))
        self._integer += [integer] * count
        return np.arange(first, first + count)

    def row(
        self,
        columns: Ints | Sequence[int],
        factors: Floats | Sequence[float] | float,
        lower: float = -INFINITY,
        upper: float = INFINITY,
    ) -> int:
        """Add lower <= factors * columns <= upper; return its index."""
        index = np.asarray(columns, dtype=np.int64)
        self._index.append(index)
        self._value.append(
            np.broadcast_to(np.asarray(factors, float), index.shape)
        )
        self._row_bounds.append((lower, upper))
        return len(self._row_bounds) - 1

    def cost(self, columns: Ints, cost: Floats | float) -> None:
        """Change what columns cost, for instance to the next objective."""
        costs = self.costs
        costs[columns] = cost
        self._cost = [costs]

    def clear_costs(self) -> None:
        """Make every column free."""
        self._cost = [np.zeros(self.n_columns)]

    def solve(self, effort: Effort, start: Floats | None = None) -> Answer:
        """Minimise the cost.

        :param start: float64[n_columns], a solution that is known
        """
        answer = self._solved(effort, start)
        if start is None or not answer.found:
            return answer
        costs = float(answer.values @ self.costs)
        slack = TOLERANCE * max(1.0, abs(costs))
        if costs <= answer.objective + slack:
            return answer
        # HiGHS 1.16 may take a start for as good as what its presolve makes
        # of it. Then the values are the start, which is worse than it says,
        # and nothing between the two was looked at.
        again = self._solved(effort, None)
        if again.found and again.objective <= costs + slack:
            return again
        bound = max(answer.bound, again.bound)
        return Answer(Outcome.FEASIBLE, answer.values, costs, bound)

    def _solved(self, effort: Effort, start: Floats | None) -> Answer:
        left_s = effort.deadline - time.monotonic()
        if left_s <= 0:
            return Answer(Outcome.UNKNOWN, np.zeros(0), INFINITY, -INFINITY)
        solver = Silent()
        for name, value in (
            ('time_limit', left_s),
            ('mip_rel_gap', effort.gap),
            ('random_seed', effort.seed % 2**31),
        ):
            solver.setOptionValue(name, value)
        if effort.nodes is not None:
            solver.setOptionValue('mip_max_nodes', effort.nodes)
        solver.passModel(self._model())
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = start.tolist()
            solver.setSolution(solution)
        solver.run()
        return self._answer(solver)

    def _model(self) -> highspy.HighsLp:
        model = highspy.HighsLp()
        model.num_col_ = self.n_columns
        model.num_row_ = len(self._row_bounds)
        model.col_cost_ = self.costs
        model.col_lower_ = np.concatenate([*self._lower, np.zeros(0)])
        model.col_upper_ = np.concatenate([*self._upper, np.zeros(0)])
        bounds = np.array(self._row_bounds, dtype=float).reshape(-1, 2)
        model.row_lower_, model.row_upper_ = bounds[:, 0], bounds[:, 1]
        sizes = [len(index) for index in self._index]
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        matrix.index_ = np.concatenate(
            [*self._index, np.zeros(0, dtype=np.int64)]
        )
        matrix.value_ = np.concatenate([*self._value, np.zeros(0)])
        if any(self._integer):
            kinds = highspy.HighsVarType
            model.integrality_ = [
                kinds.kInteger if integer else kinds.kContinuous
                for integer in self._integer
            ]
        return model

    def _answer(self, solver: highspy.Highs) -> Answer:
        status = solver.getModelStatus()
        info = solver.getInfo()
        statuses = highspy.HighsModelStatus
        is_integer = any(self._integer)
        if status == statuses.kInfeasible:
            return Answer(Outcome.INFEASIBLE, np.zeros(0), INFINITY, INFINITY)
        if status == statuses.kModelEmpty:
            return self._without_columns()
        bound = info.mip_dual_bound if is_integer else -INFINITY
        feasible = highspy.kSolutionStatusFeasible
        if info.primal_solution_status != feasible:
            return Answer(Outcome.UNKNOWN, np.zeros(0), INFINITY, bound)
        values = np.array(solver.getSolution().col_value, dtype=float)
        objective = float(info.objective_function_value)
        if status == statuses.kOptimal:
            bound = bound if is_integer else objective
            return Answer(Outcome.OPTIMAL, values, objective, bound)
        return Answer(Outcome.FEASIBLE, values, objective, bound)

    def _without_columns(self) -> Answer:
        """Return what holds where nothing is to be decided."""
        if all(lower <= 0 <= upper for lower, upper in self._row_bounds):
            return Answer(Outcome.OPTIMAL, np.zeros(0), 0.0, 0.0)
        return Answer(Outcome.INFEASIBLE, np.zeros(0), INFINITY, INFINITY)
