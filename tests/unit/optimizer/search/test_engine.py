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

import unittest
import unittest.mock

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.optimizer.search.cases import Case
from watcher_rearrange.objectives import variance
from watcher_rearrange.objectives.hinge import SoftThreshold
from watcher_rearrange.objectives.migration_cost import MigrationCost
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.optimizer.search import engine
from watcher_rearrange.optimizer.search.kept import Kept
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.rules import Rule


EXAMPLES = hypothesis.settings(
    max_examples=10, derandomize=True, deadline=None
)


def model(case: Case, *more: Rule) -> Model:
    weight = np.array([1.0, 2.0])
    terms: list[tuple[float, Term]] = [
        (1.0, SoftThreshold(case.demand, case.capacity * 0.4, weight)),
        (0.1, MigrationCost(case.start, np.ones(9), case.n_nodes)),
    ]
    return Model(case.start, terms, [*case.rules()[:-1], *more])


def run(of: Model, steps: int = 60, workers: int = 1) -> engine.Outcome:
    everybody = np.arange(len(of.node_of))
    limits = engine.Limits(steps=steps, workers=workers)
    return engine.improve(of, everybody, limits)


class TestEngine(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(st.integers(0, 10**6))
    def test_never_worse_and_valid(self, seed: int) -> None:
        case = Case.of(seed)
        of = model(case)
        before = of.value()
        outcome = run(of)
        self.assertLessEqual(outcome.value, before)
        self.assertTrue(of.valid)
        np.testing.assert_array_equal(of.node_of, outcome.node_of)
        self.assertAlmostEqual(of.value(), outcome.value)
        assert outcome.bound is not None
        self.assertLessEqual(outcome.bound, outcome.value + 1e-9)

    def test_the_same_seed_gives_the_same_answer(self) -> None:
        one, other = run(model(Case.of(3))), run(model(Case.of(3)))
        np.testing.assert_array_equal(one.node_of, other.node_of)

    def test_processes_give_the_answer_of_turns(self) -> None:
        outcome = run(model(Case.of(3)), workers=2)
        self.assertLessEqual(outcome.value, model(Case.of(3)).value())

    def test_it_stops_at_the_bound(self) -> None:
        case = Case.of(1)
        none = SoftThreshold(case.demand, case.capacity * 99, np.ones(2))
        outcome = run(Model(case.start, [(1.0, none)], []))
        self.assertEqual((), outcome.history)

    def test_it_tells_how_far_it_is(self) -> None:
        told: list[engine.Progress] = []
        of = model(Case.of(5))
        limits = engine.Limits(steps=40)
        engine.improve(of, np.arange(9), limits, told.append)
        values = [progress.value for progress in told]
        self.assertEqual(sorted(values, reverse=True), values)
        self.assertTrue(told)

    def test_nobody_to_move(self) -> None:
        of = model(Case.of(5))
        outcome = engine.improve(
            of, np.zeros(0, dtype=np.int64), engine.Limits(steps=10)
        )
        self.assertEqual(of.value(), outcome.value)

    # There is no temperature to begin with.
    def test_no_move_changes_anything(self) -> None:
        for n_nodes in (1, 4):
            case = Case.of(5, n_nodes)
            term = SoftThreshold(case.demand * 0, case.capacity, np.ones(2))
            of = Model(case.start, [(1.0, term)], case.rules()[:1])
            with unittest.mock.patch.object(term, 'lower_bound') as bound:
                bound.return_value = None
                with np.errstate(divide='raise'):
                    outcome = run(of)
            np.testing.assert_array_equal(case.start, outcome.node_of)

    def test_a_term_without_a_linear_form(self) -> None:
        case = Case.of(2)
        term = variance.of_counts(9, case.n_nodes)
        outcome = run(Model(case.start, [(1.0, term)], []))
        self.assertAlmostEqual(
            np.bincount([0, 0, 0, 1, 1, 2, 2, 3, 3]).var(), outcome.value
        )

    def test_what_was_reached_first_is_kept(self) -> None:
        case = Case.of(4)
        weight = np.ones(2)
        first = SoftThreshold(case.demand, case.capacity * 0.4, weight)
        reached = run(Model(case.start, [(1.0, first)], []))
        again = SoftThreshold(case.demand, case.capacity * 0.4, weight)
        kept = Kept(((1.0, again),), reached.value)
        moves = MigrationCost(case.start, np.ones(9), case.n_nodes)
        second = run(Model(reached.node_of, [(1.0, moves)], [kept]))
        first.reset(second.node_of)
        self.assertLessEqual(first.value(), reached.value + 1e-6)


class TestSchedule(unittest.TestCase):
    def setUp(self) -> None:
        self.pilot = np.array([8.0, 4.0, 2.0, 1.0])

    def _between(self, values: list[float], warm: float, cold: float) -> int:
        """How many temperatures there are between two."""
        edges = engine._schedule(self.pilot, np.array(values))
        self.assertEqual(engine.HOT_ROUNDS + 1, len(edges))
        self.assertAlmostEqual(self.pilot[0], edges[0])
        self.assertAlmostEqual(self.pilot[-1], edges[-1])
        self.assertTrue((np.diff(edges) < 0).all())
        return int(((edges <= warm) & (edges >= cold)).sum())

    def test_it_takes_its_time_where_the_quick_one_gained(self) -> None:
        self.assertGreater(
            self._between([50.0, 10.0, 10.0], 4.0, 2.0), engine.HOT_ROUNDS / 2
        )
        self.assertGreater(
            self._between([50.0, 50.0, 10.0], 2.0, 1.0), engine.HOT_ROUNDS / 2
        )

    def test_evenly_where_nothing_was_gained(self) -> None:
        counts = [
            self._between([50.0, 50.0, 60.0], 2.0 * cold, cold)
            for cold in (4.0, 2.0, 1.0)
        ]
        self.assertLessEqual(max(counts) - min(counts), 1)
