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
from watcher_rearrange.optimizer.reductions.fix import Fix


class TestFix(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.rules = small.rules(
            small.snapshot(
                {'c0': 8, 'c1': 8, 'c2': 8},
                {'a': ('c0', 1), 'b': ('c1', 1), 'c': ('c2', 1)},
            )
        )
        self.start = Placement(self.rules.cluster)
        self.fix = Fix(
            np.array([True, True, False]), np.array([False, True, False]), 2
        )

    def test_only_some_nodes_take_part(self) -> None:
        part = self.fix.apply(problem(self.rules), self.start)
        self.assertEqual([True, False, False], part.movable.tolist())
        self.assertEqual([True, True, False], part.open_nodes.tolist())
        self.assertIsNone(part.max_migrations)

    def test_what_is_left_of_the_migrations(self) -> None:
        whole = problem(self.rules, max_migrations=5)
        part = self.fix.apply(whole, self.start)
        self.assertEqual(3, part.max_migrations)

    def test_the_answer_is_that_of_the_whole(self) -> None:
        end = self.start.copy()
        end.move(0, 1)
        self.assertIs(end, self.fix.invert(self.start, end))
