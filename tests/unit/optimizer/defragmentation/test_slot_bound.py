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

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.defragmentation.test_defragment import wanted
from tests.unit.optimizer.problems import problem
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.defragmentation import slot_bound


class TestBound(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.rules = small.rules(
            small.snapshot(
                {'c0': 8, 'c1': 8, 'c2': 16},
                {
                    'a': ('c0', 4),
                    **{f'b{k}': ('c1', 2) for k in range(3)},
                    **{f'c{k}': ('c2', 5) for k in range(3)},
                },
            )
        )
        self.start = Placement(self.rules.cluster)

    def leavers(self, node: int) -> list[int]:
        size = np.array([0, 8])
        return slot_bound.leavers(
            problem(self.rules), self.start, node, size, 0
        )

    def test_how_many_leave(self) -> None:
        self.assertEqual(
            [[1], [3], [2, 3]], [self.leavers(n) for n in (0, 1, 2)]
        )

    def test_the_cheapest_slots_come_first(self) -> None:
        flavors = wanted(3, 8).flavors
        found = [
            slot_bound.fewest(problem(self.rules), self.start, flavors, gain)
            for gain in range(6)
        ]
        # 1, then two for 3 together, then 3; there is no fifth.
        self.assertEqual([0, 1, 3, 4, 7, 7], found)

    def test_what_a_limit_of_migrations_brings(self) -> None:
        flavors = wanted(3, 8).flavors
        found = [
            slot_bound.most_gained(
                problem(self.rules, max_migrations=most), self.start, flavors
            )
            for most in (0, 1, 2, 3, 4, 7, 9)
        ]
        self.assertEqual([0, 1, 1, 2, 3, 4, 4], found)
        unlimited = problem(self.rules)
        self.assertEqual(
            np.inf, slot_bound.most_gained(unlimited, self.start, flavors)
        )

    def test_convex(self) -> None:
        self.assertEqual([1.0, 2.0], slot_bound.convex([1, 3]))
        self.assertEqual([1.5, 1.5, 4.0], slot_bound.convex([2, 3, 7]))
        self.assertEqual([], slot_bound.convex([]))
