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

"""Targets and plans: what is taken, and every problem that is named."""

from __future__ import annotations

from typing import Any

from tests.unit.snapshot import base
from tests.unit.snapshot import documents
from watcher_rearrange.model import plan
from watcher_rearrange.snapshot import reader


class TestTarget(base.ReaderTestCase):
    def setUp(self):
        self.snapshot = reader.snapshot_from_document(documents.snapshot())

    def test_reads(self):
        target = reader.target_from_document(documents.target(), self.snapshot)
        self.assertEqual({'a': 'cmp02'}, target.placement)
        self.assertEqual(('b',), target.release)
        self.assertEqual('cmp01', target.provision[0].host)

    def test_a_provision_may_be_described_as_an_instance(self):
        document = documents.target()
        document['provision'][0].update(
            {'state': 'active', 'required_traits': ['CUSTOM_A']}
        )
        target = reader.target_from_document(document, self.snapshot)
        self.assertEqual('c', target.provision[0].uuid)

    def test_every_problem(self):
        document = {
            'version': 1,
            'placement': {'z': 'cmp01', 'a': 'cmp99', 'b': 'cmp01'},
            'release': ['b', 'y', 'b'],
            'provision': [
                {'uuid': 'a', 'host': 'q', 'allocations': {}, 'state': 1}
            ],
        }
        self.assertEqual(
            [
                'placement.b: is also among those of release',
                "placement.z: 'z' is not an instance",
                "placement.a: 'cmp99' is not a compute node",
                "release[1]: 'y' is not an instance",
                "release[2]: 'b' stands twice",
                "provision[0].state: 1 is not a string",
                "provision[0].uuid: duplicate uuid 'a'",
                "provision[0].host: 'q' is not a compute node",
            ],
            self.problems(
                reader.target_from_document, document, self.snapshot
            ),
        )


class TestPlan(base.ReaderTestCase):
    def setUp(self):
        self.snapshot = reader.snapshot_from_document(documents.snapshot())

    def refuse(self, document: Any, **kwargs: Any) -> list[str]:
        return self.problems(
            reader.plan_from_document, document, self.snapshot, **kwargs
        )

    def test_reads(self):
        result = reader.plan_from_document(documents.plan(), self.snapshot)
        self.assertIs(plan.Status.FEASIBLE, result.status)
        self.assertEqual({'1': 1, '2': 2}, result.waves())
        self.assertEqual('cmp01', result.actions[0].node)
        self.assertEqual(('1',), result.actions[1].parents)
        self.assertEqual(15.0, result.path.makespan_s)
        self.assertEqual(('cmp01', 'VCPU'), result.violations_before[0].things)

    def test_a_plan_may_be_short(self):
        document = {'version': 1, 'status': 'NO_CHANGE', 'actions': []}
        result = reader.plan_from_document(document, self.snapshot)
        self.assertEqual(plan.Plan(plan.Status.NO_CHANGE), result)

    def test_keys_of_the_other_kind_of_action(self):
        document = documents.plan()
        document['actions'][0]['instance'] = 'a'
        document['actions'][1]['node'] = 'cmp01'
        self.assertEqual(
            [
                'actions[0].instance: unknown key',
                'actions[1].node: unknown key',
            ],
            self.refuse(document),
        )

    def test_every_problem(self):
        document = documents.plan()
        document['status'] = 'GOOD'
        document['actions'] += [
            {'id': '2', 'type': 'live_migrate', 'instance': 'z'},
            {'id': '4', 'type': 'resize'},
            {'id': '5'},
            7,
            {'id': '6', 'type': 'enable_service', 'node': 'q'},
        ]
        document['actions'][1]['parents'] = ['1', '99']
        self.assertEqual(
            [
                "status: 'GOOD' is not one of OPTIMAL, FEASIBLE, NO_CHANGE, "
                'INFEASIBLE, TIME_LIMIT',
                "actions[1].parents[1]: '99' is not an action",
                "actions[2].id: duplicate id '2'",
                "actions[2].instance: 'z' is not an instance",
                'actions[2].source: is missing',
                'actions[2].destination: is missing',
                "actions[3].type: 'resize' is not one of live_migrate, "
                'cold_migrate, disable_service, enable_service',
                'actions[4].type: is missing',
                'actions[5]: 7 is not an object',
                "actions[6].node: 'q' is not a compute node",
            ],
            self.refuse(document),
        )

    def test_parents_stand_before_their_children(self):
        document = documents.plan()
        document['actions'][0]['parents'] = ['1', '2']
        self.assertEqual(
            [
                "actions[0].parents[0]: '1' does not stand before this action",
                "actions[0].parents[1]: '2' does not stand before this action",
            ],
            self.refuse(document),
        )
        reader.plan_from_document(document, self.snapshot, ordered=False)
