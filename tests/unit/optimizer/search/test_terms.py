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

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.optimizer.search.cases import Case
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.disruption import Disruption
from watcher_rearrange.objectives.hinge import SoftThreshold
from watcher_rearrange.objectives.term import Term


EXAMPLES = hypothesis.settings(
    max_examples=60, derandomize=True, deadline=None
)
SEEDS = st.integers(0, 10**6)


def value(term: Term, node_of: Ints) -> float:
    term.reset(node_of)
    return term.value()


class TestDeltas(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_a_shift_changes_the_value_by_its_delta(self, seed: int) -> None:
        case = Case.of(seed)
        for term in case.terms():
            node_of = case.placement()
            before = value(term, node_of)
            deltas = term.shift_deltas(np.arange(case.n_instances))
            for i in range(case.n_instances):
                for node in range(case.n_nodes):
                    after = node_of.copy()
                    after[i] = node
                    self.assertAlmostEqual(
                        value(term, after) - before, deltas[i, node]
                    )

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_a_swap_changes_the_value_by_its_delta(self, seed: int) -> None:
        case = Case.of(seed)
        i = int(case.rng.integers(case.n_instances))
        others = np.delete(np.arange(case.n_instances), i)
        for term in case.terms():
            node_of = case.placement()
            before = value(term, node_of)
            deltas = term.swap_deltas(i, others)
            for j, delta in zip(others, deltas, strict=True):
                after = node_of.copy()
                after[i], after[j] = node_of[j], node_of[i]
                self.assertAlmostEqual(value(term, after) - before, delta)

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_a_trade_changes_the_value_by_its_deltas(self, seed: int) -> None:
        case = Case.of(seed)
        for term in case.terms():
            if type(term).trade_deltas is Term.trade_deltas:
                continue
            node_of = case.placement()
            before = value(term, node_of)
            who, to = case.trade()
            deltas = term.trade_deltas(who)
            rows = np.arange(len(who))
            change = deltas[rows, to] - deltas[rows, node_of[who]]
            if len(np.unique(node_of[who])) < len(who):
                # They cannot all stay: what is told are differences.
                other = case.rng.permutation(case.n_nodes)[: len(who)]
                change = deltas[rows, to] - deltas[rows, other]
                node_of[who] = other
                before = value(term, node_of)
            node_of[who] = to
            after = value(term, node_of)
            self.assertAlmostEqual(after - before, change.sum())

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_a_trade_is_its_moves(self, seed: int) -> None:
        case = Case.of(seed)
        for term, other in zip(case.terms(), case.terms(), strict=True):
            node_of = case.placement()
            who, to = case.trade()
            other.reset(node_of)
            other.trade(who, to)
            node_of[who] = to
            self.assertAlmostEqual(value(term, node_of), other.value())
            everybody = np.arange(case.n_instances)
            np.testing.assert_allclose(
                term.shift_deltas(everybody),
                other.shift_deltas(everybody),
                atol=1e-9,
            )

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_following_moves_is_starting_anew(self, seed: int) -> None:
        case = Case.of(seed)
        for term, fresh in zip(case.terms(), case.terms(), strict=True):
            node_of = case.placement()
            term.reset(node_of)
            for _ in range(10):
                i = int(case.rng.integers(case.n_instances))
                node_of[i] = case.rng.integers(case.n_nodes)
                term.move(i, int(node_of[i]))
            self.assertAlmostEqual(value(fresh, node_of), term.value())
            np.testing.assert_allclose(
                fresh.node_values(), term.node_values(), atol=1e-9
            )
            everybody = np.arange(case.n_instances)
            np.testing.assert_allclose(
                fresh.shift_deltas(everybody),
                term.shift_deltas(everybody),
                atol=1e-9,
            )

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_nothing_is_below_the_bound(self, seed: int) -> None:
        case = Case.of(seed)
        for term in case.terms():
            bound = term.lower_bound()
            if bound is not None:
                found = value(term, case.placement())
                self.assertLessEqual(bound, found + 1e-9)


class TestValues(unittest.TestCase):
    def test_above_a_threshold(self) -> None:
        demand = np.array([[3.0], [4.0], [2.0]])
        term = SoftThreshold(
            demand, np.array([[5.0], [5.0]]), np.array([10.0])
        )
        self.assertEqual(20.0, value(term, np.array([0, 0, 1])))
        self.assertEqual([20.0, 0.0], term.node_values().tolist())
        self.assertEqual(0.0, term.lower_bound())

    def test_the_group_disturbed_most(self) -> None:
        start = np.array([0, 0, 0, 1])
        term = Disruption(start, np.array([0, 0, 1, -1]), 2)
        self.assertEqual(0.0, value(term, start))
        self.assertEqual(2.0, value(term, np.array([1, 1, 1, 0])))
        self.assertEqual(0.0, value(term, np.array([0, 0, 0, 0])))
