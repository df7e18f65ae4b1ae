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

from __future__ import annotations

import subprocess
import sys
import time
import unittest

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.optimizer.consolidation.program import Aim
from watcher_rearrange.optimizer.consolidation.program import (
    ConsolidationProgram,
)
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Outcome
from watcher_rearrange.optimizer.program import Program
from watcher_rearrange.optimizer.reductions.group import Group


SOLVE = """
import time
from watcher_rearrange.optimizer.program import Effort, Program
program = Program()
program.columns(3, upper=4, cost=-1.0)
assert program.solve(Effort(time.monotonic() + 30)).found
"""


def effort() -> Effort:
    return Effort(time.monotonic() + 30)


class TestProgram(unittest.TestCase):
    def setUp(self) -> None:
        self.program = Program()
        self.x = self.program.columns(
            3, upper=4, cost=np.array([-1.0, -2.0, -3.0])
        )
        self.program.row(self.x, 1.0, upper=5.5)

    def test_nothing_to_decide(self) -> None:
        for lower, outcome in (
            (0.0, Outcome.OPTIMAL),
            (1.0, Outcome.INFEASIBLE),
        ):
            program = Program()
            none = np.zeros(0, dtype=np.int64)
            program.row(none, 1.0, lower=lower, upper=5.0)
            answer = program.solve(effort())
            self.assertEqual(outcome, answer.outcome)
            if answer.found:
                self.assertEqual(0.0, answer.bound)

    def test_integers_are_integers(self) -> None:
        answer = self.program.solve(effort())
        self.assertEqual(Outcome.OPTIMAL, answer.outcome)
        self.assertEqual([0, 1, 4], answer.counts(self.x).tolist())
        self.assertAlmostEqual(-14.0, answer.bound)

    def test_the_next_objective(self) -> None:
        first = self.program.solve(effort())
        self.program.row(self.x, np.array([1.0, 2.0, 3.0]), lower=14)
        self.program.clear_costs()
        self.program.cost(self.x[2:], 1.0)
        answer = self.program.solve(effort(), start=first.values)
        # x + 2 y + 3 z >= 14 with x + y + z <= 5: z = 4 and y = 1.
        self.assertAlmostEqual(4.0, answer.objective)

    def test_no_solution(self) -> None:
        self.program.row(self.x, 1.0, lower=6)
        answer = self.program.solve(effort())
        self.assertEqual(Outcome.INFEASIBLE, answer.outcome)
        self.assertFalse(answer.found)

    def test_no_time(self) -> None:
        answer = self.program.solve(Effort(time.monotonic() - 1))
        self.assertEqual(Outcome.UNKNOWN, answer.outcome)

    def test_fractions_give_their_own_bound(self) -> None:
        program = Program()
        program.columns(2, upper=1.5, cost=-1.0, integer=False)
        answer = program.solve(effort())
        self.assertAlmostEqual(-3.0, answer.objective)
        self.assertAlmostEqual(-3.0, answer.bound)

    def test_values_are_worth_what_is_said(self) -> None:
        # Two ways to hold one thing; the dearer one is the start.
        rules = small.rules(
            Snapshot(
                tuple(
                    small.node(f'c{k}', 2, availability_zone=f'az{k % 2}')
                    for k in range(4)
                ),
                (
                    small.instance('a', 'c1', 1),
                    small.instance('b', 'c2', 2, pinned_az='az0'),
                ),
            )
        )
        start = Placement(rules.cluster)
        kinds = Group().apply(problem(rules), start)
        consolidation = ConsolidationProgram(
            problem(rules), start, kinds, Aim(np.array([1.0, 1.0, 2.0, 1.0]))
        )
        found = consolidation.solve(effort(), start)
        assert found.answer is not None
        costs = found.answer.values[consolidation.in_use] @ [1, 1, 2, 1]
        self.assertAlmostEqual(2.0, costs)
        self.assertEqual(1, found.migrations)

    def test_nothing_is_written(self) -> None:
        # The solver writes beside sys.stdout.
        result = subprocess.run(
            [sys.executable, '-c', SOLVE], capture_output=True, check=True
        )
        self.assertEqual((b'', b''), (result.stdout, result.stderr))
