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
from tests.unit.optimizer.problems import problem
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.reductions.group import Changes
from watcher_rearrange.optimizer.reductions.group import Group


class TestGroup(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.rules = small.rules(
            small.snapshot(
                {'c0': 8, 'c1': 8, 'c2': 2},
                {
                    'a': ('c0', 1),
                    'b': ('c0', 1),
                    'c': ('c1', 1),
                    'd': ('c1', 4),
                },
                server_groups=(small.apart('a', 'c'),),
            )
        )
        self.start = Placement(self.rules.cluster)

    def test_equal_instances_are_of_one_kind(self) -> None:
        kinds = Group(grouped=False).apply(problem(self.rules), self.start)
        self.assertEqual([0, 0, 0, 1], kinds.of.tolist())
        self.assertEqual([0, 3], kinds.example.tolist())
        self.assertEqual([[2, 1, 0], [0, 1, 0]], kinds.count.tolist())
        self.assertEqual([False, True], (~kinds.allowed[:, 2]).tolist())

    def test_members_of_a_group_are_of_another(self) -> None:
        kinds = Group().apply(problem(self.rules), self.start)
        self.assertEqual([0, 1, 0, 2], kinds.of.tolist())

    def test_what_else_must_be_equal(self) -> None:
        group = Group(keys='xyxx', grouped=False)
        kinds = group.apply(problem(self.rules), self.start)
        self.assertEqual([0, 1, 0, 2], kinds.of.tolist())

    def test_who_stays_is_of_no_kind(self) -> None:
        frozen = np.array([True, False, False, False])
        kinds = Group().apply(problem(self.rules, frozen=frozen), self.start)
        self.assertEqual([-1, 0, 1, 2], kinds.of.tolist())

    def test_counts_are_carried_out(self) -> None:
        group = Group(grouped=False)
        kinds = group.apply(problem(self.rules), self.start)
        leave, arrive = np.zeros((2, 2, 3), dtype=np.int64)
        leave[0] = 2, 0, 0
        arrive[0] = 0, 1, 1
        changes = Changes(kinds, leave, arrive)
        end = group.invert(self.start, changes)
        self.assertEqual([2, 1, 1, 1], end.node_of.tolist())
        self.assertEqual([0, 0, 1, 1], self.start.node_of.tolist())
