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

"""The best closed set against trying all of them."""

from __future__ import annotations

import itertools
import random
import unittest

from watcher_rearrange.checker.closure import Closure


def best(gains: dict[int, int], costs: dict[int, int]) -> int:
    """The most that a choice of gains is worth, by trying every choice."""
    values = []
    for size in range(len(gains) + 1):
        for choice in itertools.combinations(gains, size):
            paid = {j for j in costs for mask in choice if mask >> j & 1}
            values.append(
                sum(gains[mask] for mask in choice)
                - sum(costs[j] for j in paid)
            )
    return max(values)


class TestClosure(unittest.TestCase):
    def test_no_gain(self) -> None:
        closure = Closure({}, {0: 3})
        self.assertFalse(closure.beats(0))
        self.assertTrue(closure.beats(-1))
        self.assertEqual(set(), closure.chosen())

    def test_shared_cost_is_paid_once(self) -> None:
        closure = Closure({0b01: 4, 0b11: 4}, {0: 5, 1: 1})
        self.assertTrue(closure.beats(1))
        self.assertEqual(2, closure.profit())
        self.assertEqual({0b01, 0b11}, closure.chosen())

    def test_best_of_all_choices(self) -> None:
        rng = random.Random(3)
        for _case in range(1500):
            costs = {j: rng.randint(1, 9) for j in range(rng.randint(1, 7))}
            gains = {
                rng.randrange(1 << len(costs)): rng.randint(1, 12)
                for _gain in range(rng.randint(1, 7))
            }
            expected = best(gains, costs)
            closure = Closure(gains, costs)
            self.assertTrue(closure.beats(expected - 1), (gains, costs))
            self.assertEqual(expected, closure.profit(), (gains, costs))
            chosen = {mask: gains[mask] for mask in closure.chosen()}
            paid = {j for j in costs for mask in chosen if mask >> j & 1}
            worth = sum(chosen.values()) - sum(costs[j] for j in paid)
            self.assertEqual(expected, worth, (gains, costs))
            self.assertFalse(Closure(gains, costs).beats(expected))
