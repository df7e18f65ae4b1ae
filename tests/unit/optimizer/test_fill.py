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
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.fill import Filler
from watcher_rearrange.optimizer.fill import tightest


def filler(rules: Rules, *closed: int) -> Filler:
    open_nodes = rules.cluster.receives.copy()
    open_nodes[list(closed)] = False
    found = problem(rules, open_nodes=open_nodes)
    return Filler(found, Placement(rules.cluster), tightest(found))


class TestFiller(unittest.TestCase):
    def test_best_fit_takes_the_node_with_the_least_room(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 4, 'c1': 4, 'c2': 4},
                {'a': ('c0', 2), 'b': ('c1', 1), 'c': ('c2', 2)},
            )
        )
        found = filler(rules)
        self.assertTrue(found.place(0))
        self.assertEqual(2, found.placement.node_of[0])

    def test_one_smaller_instance_makes_room(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 3, 'c1': 4, 'c2': 2},
                {'a': ('c0', 3), 'b': ('c1', 2), 'c': ('c2', 1)},
            )
        )
        found = filler(rules, 0)
        self.assertFalse(found.place(0))
        rules = small.rules(
            small.snapshot(
                {'c0': 3, 'c1': 4, 'c2': 2}, {'a': ('c0', 3), 'b': ('c1', 2)}
            )
        )
        found = filler(rules, 0)
        self.assertTrue(found.place(0))
        self.assertEqual([1, 2], found.placement.node_of.tolist())

    def test_all_or_none(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 3}, {'a': ('c0', 2), 'b': ('c0', 2)}
            )
        )
        found = filler(rules, 0)
        self.assertFalse(found.place_all([0, 1]))
        self.assertEqual([0, 0], found.placement.node_of.tolist())
        self.assertEqual([], found.trail)
        self.assertTrue(found.place_all([0]))

    def test_undo_up_to_a_mark(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 9}, {'a': ('c0', 2), 'b': ('c0', 2)}
            )
        )
        found = filler(rules, 0)
        found.place(0)
        mark = len(found.trail)
        found.place(1)
        found.undo(mark)
        self.assertEqual([1, 0], found.placement.node_of.tolist())
        found.undo()
        used = Placement(rules.cluster).used
        self.assertTrue((used == found.placement.used).all())

    def test_frozen_ones_are_not_evicted(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 3, 'c1': 4, 'c2': 2}, {'a': ('c0', 3), 'b': ('c1', 2)}
            )
        )
        found = problem(rules, frozen=np.array([False, True]))
        start = Placement(rules.cluster)
        self.assertFalse(Filler(found, start, tightest(found)).place(0))
