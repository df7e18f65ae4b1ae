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

from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.plan import Violation


class TestPlan(unittest.TestCase):
    def test_waves(self) -> None:
        actions = (
            Action('1', 'live_migrate'),
            Action('2', 'live_migrate', parents=('1',)),
            Action('3', 'cold_migrate'),
            Action('4', 'disable_service', parents=('2', '3')),
        )
        plan = Plan(Status.FEASIBLE, actions)
        self.assertEqual({'1': 1, '2': 2, '3': 1, '4': 3}, plan.waves())

    def test_falls_with(self) -> None:
        actions = (
            Action('1', 'live_migrate'),
            Action('2', 'live_migrate', parents=('1',)),
            Action('3', 'cold_migrate', after=('1',)),
            Action('4', 'live_migrate', parents=('3',)),
            Action('5', 'live_migrate', parents=('1', '2')),
            Action('6', 'disable_service', parents=('4', '5')),
        )
        plan = Plan(Status.FEASIBLE, actions)
        self.assertEqual(('2', '5', '6'), plan.falls_with('1'))
        self.assertEqual(('4', '6'), plan.falls_with('3'))
        self.assertEqual((), plan.falls_with('6'))
        with self.assertRaises(KeyError):
            plan.falls_with('7')

    def test_what_a_migration_is(self) -> None:
        kinds = ('live_migrate', 'cold_migrate')
        self.assertTrue(all(Action('1', k).is_migration for k in kinds))
        kinds = ('disable_service', 'enable_service')
        self.assertFalse(any(Action('1', k).is_migration for k in kinds))

    def test_a_status_is_its_name(self) -> None:
        self.assertEqual('OPTIMAL', Status.OPTIMAL.value)

    def test_bad_input_says_every_problem(self) -> None:
        error = BadInput(['a: wrong', 'b: missing'])
        self.assertEqual(('a: wrong', 'b: missing'), error.problems)
        self.assertEqual('a: wrong\nb: missing', str(error))


class TestViolation(unittest.TestCase):
    def test_it_says_the_numbers(self) -> None:
        found = Violation('capacity', ('c1',), 12, 8, 'VCPU')
        self.assertEqual('capacity: c1: 12 VCPU, needed 8', str(found))

    def test_large_amounts_are_written_out(self) -> None:
        found = Violation('capacity', ('c1',), 1048577, 1048576, 'MEMORY_MB')
        self.assertEqual(
            'capacity: c1: 1048577 MEMORY_MB, needed 1048576', str(found)
        )
