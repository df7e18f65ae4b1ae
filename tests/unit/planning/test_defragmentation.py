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

import dataclasses
import unittest

from typing import Any

from tests.unit.model import small
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Flavor
from watcher_rearrange.model.records import Snapshot


FOUR = small.snapshot(
    {f'c{k}': 8 for k in range(4)}, {f'i{k}': (f'c{k}', 4) for k in range(4)}
)
BIG = {'VCPU': 8, 'MEMORY_MB': 1024}


def defragment(
    flavors: dict[str, Any], snapshot: Snapshot = FOUR, **given: Any
) -> Plan:
    return plan(snapshot, 'defragment', flavors=flavors, **given)


class TestAsManyAsPossible(unittest.TestCase):
    def test_room_comes_together(self) -> None:
        found = defragment({'big': BIG})
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((4, 2), objective(found, 'blocked_slots'))
        self.assertEqual(2, len(moves(found)))
        self.assertIn(
            'room for 2 more, before the plan for 0', found.messages[0]
        )
        reasons = {action.reason[:19] for action in found.actions}
        self.assertEqual({'makes room for big '}, reasons)

    def test_the_limit_of_migrations(self) -> None:
        found = defragment({'big': BIG}, max_migrations=1)
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((4, 3), objective(found, 'blocked_slots'))

    def test_a_deadline(self) -> None:
        found = defragment({'big': BIG}, deadline_s=0.1)
        self.assertEqual(Status.NO_CHANGE, found.status)

    def test_an_empty_cluster(self) -> None:
        found = defragment({'big': BIG}, Snapshot((), ()))
        self.assertEqual(Status.NO_CHANGE, found.status)


class TestTogether(unittest.TestCase):
    def test_the_fewest_migrations(self) -> None:
        found = defragment({'big': {'count': 1, **BIG}})
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((1, 0), objective(found, 'unplaced_instances'))
        self.assertEqual(1, len(moves(found)))

    def test_there_is_room_already(self) -> None:
        found = defragment({'small': {'count': 4, 'VCPU': 4}})
        self.assertEqual(Status.NO_CHANGE, found.status)
        self.assertIn('1 on c0, 1 on c1', found.messages[0])

    def test_two_flavors_do_not_use_the_same_room(self) -> None:
        both = {'big': {'count': 1, **BIG}, 'small': {'count': 2, 'VCPU': 4}}
        found = defragment(both)
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual(1, len(moves(found)))
        both['small']['count'] = 3
        self.assertEqual(Status.INFEASIBLE, defragment(both).status)

    def test_the_proof_says_how_many_fit(self) -> None:
        found = defragment({'big': {'count': 3, **BIG}})
        self.assertEqual(Status.INFEASIBLE, found.status)
        self.assertEqual((), found.actions)
        self.assertIn('at most 2 fit', found.messages[0])
        self.assertIn('2 of 3 big', found.messages[0])

    def test_too_few_migrations(self) -> None:
        found = defragment({'big': {'count': 2, **BIG}}, max_migrations=1)
        self.assertEqual(Status.INFEASIBLE, found.status)
        self.assertIn('with at most 1 migrations', found.messages[0])

    def test_half_of_it_by_the_deadline_is_of_no_use(self) -> None:
        found = defragment({'big': {'count': 2, **BIG}}, deadline_s=0.1)
        self.assertEqual(Status.NO_CHANGE, found.status)
        self.assertEqual({}, moves(found))

    def test_not_where_traits_forbid_it(self) -> None:
        wish = {'count': 1, 'required_traits': ['CUSTOM_GOLD'], **BIG}
        found = defragment({'big': wish})
        self.assertEqual(Status.INFEASIBLE, found.status)
        self.assertIn('at most 0 fit', found.messages[0])

    def test_a_class_that_no_node_has(self) -> None:
        found = defragment({'gpu': {'count': 1, 'VGPU': 1}})
        self.assertEqual(Status.INFEASIBLE, found.status)


class TestSizes(unittest.TestCase):
    def test_from_the_snapshot(self) -> None:
        known = dataclasses.replace(FOUR, flavors=(Flavor('big', BIG),))
        found = defragment({'big': 1}, known)
        self.assertEqual(1, len(moves(found)))

    def test_what_is_refused(self) -> None:
        for flavors, text in (
            ({}, 'name at least one'),
            ({'big': 1}, 'flavors.big: the size'),
            ({'big': BIG, 'two': {'count': 2, **BIG}}, 'to each of them'),
            ({'big': -1}, 'not valid'),
            ({'big': {'vcpu': 1}}, 'not valid'),
        ):
            with self.assertRaisesRegex(BadInput, text):
                defragment(flavors)
