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
from watcher_rearrange.optimizer.search.rules import Rule


EXAMPLES = hypothesis.settings(
    max_examples=60, derandomize=True, deadline=None
)
SEEDS = st.integers(0, 10**6)


def excess(rule: Rule, node_of: Ints) -> float:
    rule.reset(node_of)
    return rule.excess()


class TestRules(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_an_allowed_shift_breaks_nothing_more(self, seed: int) -> None:
        case = Case.of(seed)
        for rule in case.rules():
            node_of = case.placement()
            before = excess(rule, node_of)
            allowed = rule.shift_allowed(np.arange(case.n_instances))
            for i, node in np.argwhere(allowed).tolist():
                after = node_of.copy()
                after[i] = node
                self.assertLessEqual(excess(rule, after), before + 1e-9)

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_what_keeps_a_kept_rule_is_allowed(self, seed: int) -> None:
        case = Case.of(seed)
        for rule in case.rules():
            node_of = case.placement()
            if excess(rule, node_of):
                continue
            allowed = rule.shift_allowed(np.arange(case.n_instances))
            for i, node in np.argwhere(~allowed).tolist():
                after = node_of.copy()
                after[i] = node
                self.assertGreater(excess(rule, after), 0.0)

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_following_moves_is_starting_anew(self, seed: int) -> None:
        case = Case.of(seed)
        for rule, fresh in zip(case.rules(), case.rules(), strict=True):
            node_of = case.placement()
            rule.reset(node_of)
            for _ in range(10):
                i = int(case.rng.integers(case.n_instances))
                node_of[i] = case.rng.integers(case.n_nodes)
                rule.move(i, int(node_of[i]))
            expected = excess(fresh, node_of)
            self.assertAlmostEqual(expected, rule.excess())
            everybody = np.arange(case.n_instances)
            np.testing.assert_array_equal(
                fresh.shift_allowed(everybody), rule.shift_allowed(everybody)
            )

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_what_is_possible_has_all_that_is_allowed(self, seed: int) -> None:
        case = Case.of(seed)
        everybody = np.arange(case.n_instances)
        for rule in case.rules():
            rule.reset(case.placement())
            wrong = rule.shift_allowed(everybody) & ~rule.possible(everybody)
            self.assertFalse(wrong.any())

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_a_trade_is_its_moves(self, seed: int) -> None:
        case = Case.of(seed)
        for rule, other in zip(case.rules(), case.rules(), strict=True):
            node_of = case.placement()
            who, to = case.trade()
            other.reset(node_of)
            other.trade(who, to)
            node_of[who] = to
            self.assertAlmostEqual(excess(rule, node_of), other.excess())
            everybody = np.arange(case.n_instances)
            np.testing.assert_array_equal(
                rule.shift_allowed(everybody), other.shift_allowed(everybody)
            )

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_who_may_trade_places_is_who_breaks_nothing(
        self, seed: int
    ) -> None:
        case = Case.of(seed)
        one = int(case.rng.integers(case.n_instances))
        for rule in case.rules():
            node_of = case.placement()
            if excess(rule, node_of):
                continue
            others = np.flatnonzero(node_of != node_of[one])
            allowed = rule.swap_allowed(one, others)
            for other, fine in zip(others, allowed, strict=True):
                after = node_of.copy()
                after[[one, other]] = node_of[[other, one]]
                broken = excess(rule, after) > 1e-9
                # Two services may be what each other depends on.
                if not (fine and rule.name == 'dependencies'):
                    self.assertEqual(fine, not broken)

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_capacity_and_groups_know_what_a_trade_does(
        self, seed: int
    ) -> None:
        case = Case.of(seed)
        for rule in case.rules()[:4]:
            node_of = case.placement()
            if excess(rule, node_of):
                continue
            who, to = case.trade()
            home = node_of[who].copy()
            if len(np.unique(home)) < len(who):
                continue
            allowed = rule.trade_allowed(who)[np.arange(len(who)), to].all()
            node_of[who] = to
            self.assertEqual(allowed, not excess(rule, node_of))

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_who_is_let_in_once_those_in_the_way_have_left(
        self, seed: int
    ) -> None:
        case = Case.of(seed)
        one, node = 0, case.n_nodes - 1
        for rule in case.rules()[:4]:
            node_of = case.placement()
            if node_of[one] == node or excess(rule, node_of):
                continue
            if not rule.cleared(np.array([one]))[0, node]:
                continue
            others = case.rng.permutation(np.flatnonzero(node_of == node))
            relief = rule.relief(one, node, others)
            count = rule.in_the_way(one, node, others)
            self.assertEqual(count > 0, bool((relief > 0).any()))
            elsewhere = (node + 1) % case.n_nodes
            for left in range(min(count, len(others)) + 1):
                after = node_of.copy()
                after[others[:left]] = elsewhere
                rule.reset(after)
                fits = bool(rule.shift_allowed(np.array([one]))[0, node])
                self.assertEqual(left >= count, fits)
