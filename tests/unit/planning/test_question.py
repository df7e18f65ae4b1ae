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

import time
import unittest

from tests.unit.model import small
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Target
from watcher_rearrange.planning.question import Question


class TestReleased(unittest.TestCase):
    def test_who_leaves_while_it_migrates_gives_up_both_ends(self) -> None:
        snapshot = small.snapshot(
            {'c0': 2, 'c1': 2, 'c2': 2},
            {'a': ('c0', 2), 'b': ('c2', 2)},
            migrations=(Migration('a', 'c0', 'c1', 'running'),),
        )
        for host in ('c0', 'c1'):
            target = Target({'b': host}, release=('a',))
            question = Question.of(snapshot, target)
            path = question.path(time.monotonic() + 60)
            self.assertTrue(path.complete)
            self.assertEqual(1, len(path.moves))

    def test_one_that_stays_holds_both(self) -> None:
        snapshot = small.snapshot(
            {'c0': 2, 'c1': 2, 'c2': 2},
            {'a': ('c0', 2), 'b': ('c2', 2)},
            migrations=(Migration('a', 'c0', 'c1', 'running'),),
        )
        question = Question.of(snapshot, Target({'b': 'c1'}))
        path = question.path(time.monotonic() + 60)
        self.assertFalse(path.complete)
        self.assertTrue(path.proved)
