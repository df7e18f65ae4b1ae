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
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.path.exact.parts import Parts
from watcher_rearrange.path.exact.reach import Field
from watcher_rearrange.path.exact.reach import Reach


def field(rules: Rules, *target: int) -> Field:
    start = Placement(rules.cluster)
    return Field.of(rules, start, np.array(target, dtype=np.int64))


class TestReach(unittest.TestCase):
    def test_who_fits_nowhere_else_is_fixed(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 9},
                {'a': ('c0', 1), 'b': ('c1', 1), 'big': ('c2', 9)},
            )
        )
        reach = Reach(field(rules, 1, 0, 2))
        self.assertTrue(reach.possible)
        self.assertEqual([False, False, True], reach.fixed.tolist())
        self.assertEqual([False, False, True], reach.nodes[2].tolist())

    def test_who_would_have_to_leave_first_for_ever(self) -> None:
        # Neither fits anywhere but where the other one is.
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 1, 'c3': 1},
                {'a': ('c0', 2), 'b': ('c1', 2)},
            )
        )
        self.assertFalse(Reach(field(rules, 1, 0)).possible)

    def test_all_free_room_together_is_too_little(self) -> None:
        # 'c' can move, but a place of 2 never comes about.
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 2, 'c3': 1},
                {
                    'a': ('c0', 2),
                    'b': ('c1', 2),
                    'c': ('c2', 1),
                    'd': ('c2', 1),
                },
            )
        )
        reach = Reach(field(rules, 1, 0, 2, 2))
        self.assertFalse(reach.possible)

    def test_one_that_cannot_come_back_may_still_leave(self) -> None:
        rules = small.rules(
            Snapshot(
                (small.node('c0', 2, status='disabled'), small.node('c1', 2)),
                (small.instance('a', 'c0', 2),),
            ),
            named_instances=frozenset({'a'}),
        )
        self.assertTrue(Reach(field(rules, 1)).possible)


class TestParts(unittest.TestCase):
    def test_of_equal_empty_nodes_only_so_many_are_kept(self) -> None:
        sizes = {f'c{k}': 2 for k in range(50)}
        rules = small.rules(
            small.snapshot(sizes, {'a': ('c0', 2), 'b': ('c1', 2)})
        )
        asked = field(rules, 1, 0)
        start = Placement(rules.cluster)
        (extent,) = Parts(rules, start, asked, Reach(asked)).extents
        self.assertEqual([0, 1, 2, 3], extent.nodes.tolist())
