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

"""Capacities, and what a node has too much of already."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.checker.documents import MOVE
from tests.unit.checker.documents import breaches
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import move
from tests.unit.checker.documents import node
from tests.unit.checker.documents import plan
from tests.unit.checker.documents import small_cluster
from tests.unit.checker.documents import snapshot
from watcher_rearrange import checker


class TestCapacity(unittest.TestCase):
    def fits(self, memory_mb: int, **inventory: Any) -> bool:
        tight = snapshot(
            [node('n1', 1000), node('n2')], [instance('a', 'n1', memory_mb)]
        )
        tight['compute_nodes'][1]['inventories']['MEMORY_MB'].update(inventory)
        return not breaches(tight, MOVE)

    def test_reserved_and_ratio(self) -> None:
        self.assertTrue(self.fits(100))
        self.assertFalse(self.fits(101))
        self.assertTrue(self.fits(90, reserved=10))
        self.assertFalse(self.fits(91, reserved=10))
        self.assertTrue(self.fits(135, reserved=10, allocation_ratio=1.5))
        self.assertFalse(self.fits(136, reserved=10, allocation_ratio=1.5))

    def test_rounded_down_and_not_negative(self) -> None:
        self.assertTrue(self.fits(16, total=11, allocation_ratio=1.5))
        self.assertFalse(self.fits(17, total=11, allocation_ratio=1.5))
        self.assertFalse(self.fits(1, total=10, reserved=20))
        self.assertTrue(self.fits(0, total=10, reserved=20))

    def test_class_without_inventory(self) -> None:
        for amount, wrong in ((1, [('capacity', ('n2', 'VGPU'))]), (0, [])):
            special = small_cluster()
            special['instances'][0]['allocations']['VGPU'] = amount
            self.assertEqual(wrong, breaches(special, MOVE))

    def test_nothing_left_by_the_reserve(self) -> None:
        reserved = small_cluster()
        memory = reserved['compute_nodes'][1]['inventories']['MEMORY_MB']
        memory['reserved'] = 120
        report = checker.check_plan(reserved, plan(MOVE))
        self.assertEqual([0], [found.needed for found in report.violations])

    def test_numbers_of_the_violation(self) -> None:
        small = small_cluster({'n2': {'memory_mb': 50}})
        report = checker.check_plan(small, plan(MOVE))
        self.assertEqual(
            'node n2 holds 60 MiB of MEMORY_MB, its capacity is 50 MiB '
            '(list order, action 1)',
            str(report.violations[0]),
        )

    def test_over_capacity_at_the_start(self) -> None:
        over = snapshot(
            [node('n1', 50), node('n2')],
            [
                instance('a', 'n1', 40),
                instance('b', 'n1', 40),
                instance('c', 'n2', 1),
                instance('d', 'n2', 0),
            ],
        )
        leave = move('1', 'a', 'n1', 'n2')
        self.assertEqual([], breaches(over, leave))
        enter = move('2', 'c', 'n2', 'n1')
        wrong = [('capacity', ('n1', 'MEMORY_MB'))]
        self.assertEqual(wrong, breaches(over, enter))
        self.assertEqual(wrong, breaches(over, leave, enter))
        enter['parents'] = ['1']
        self.assertEqual([], breaches(over, leave, enter))
        # Who needs nothing of it may come.
        self.assertEqual([], breaches(over, move('3', 'd', 'n2', 'n1')))
