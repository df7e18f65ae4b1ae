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

"""What the judge of the real cloud must see, one wrong thing at a time."""

from __future__ import annotations

import types
import unittest

from typing import Any

from benchmarks import real_cloud_judge
from benchmarks import real_cloud_stage
from benchmarks import real_cloud_table
from tests.functional.minicloud import judging


STRATEGY = 'rearrange_evacuate'
FLAVOR = types.SimpleNamespace(vcpus=1, ram=1024, disk=1)
HELD = {'VCPU': 1, 'MEMORY_MB': 1024, 'DISK_GB': 1}


def server(uuid: str, host: str, **fields: Any) -> Any:
    return types.SimpleNamespace(
        id=uuid,
        name=uuid,
        compute_host=host,
        flavor=FLAVOR,
        **{
            'status': 'ACTIVE',
            'task_state': None,
            'is_locked': False,
            **fields,
        },
    )


def action(state: str = 'SUCCEEDED') -> Any:
    return types.SimpleNamespace(
        action_type='guarded_migrate',
        state=state,
        status_message='because',
        input_parameters={
            'resource_id': 'a',
            'resource_name': 'a',
            'source_node': 'cmp01',
            'destination_node': 'cmp02',
        },
    )


class Cloud:
    """Session, operator, tenant and truth of one that does as it is told."""

    def __init__(self) -> None:
        self.audit_state = 'SUCCEEDED'
        self.audit_message = None
        self.plan = types.SimpleNamespace(
            uuid='plan', state='SUCCEEDED', status_message='OPTIMAL'
        )
        self.made = [action()]
        self.after = [server('a', 'cmp02'), server('b', 'cmp02')]
        self.held = {'a': {'cmp02': HELD}, 'b': {'cmp02': HELD}}
        self.moved = [
            {
                'instance_uuid': 'a',
                'status': 'completed',
                'dest_compute': 'cmp02',
            }
        ]
        self.refused: list[str] = []
        self.full: list[str] = []
        self.now = [server('a', 'cmp01'), server('b', 'cmp02')]
        self.operator = self.tenant = self
        self.client = types.SimpleNamespace(
            action_plan=types.SimpleNamespace(get=lambda uuid: self.plan)
        )

    def audit(self, strategy: str, parameters: dict[str, Any]) -> Any:
        return types.SimpleNamespace(
            uuid='audit',
            state=self.audit_state,
            status_message=self.audit_message,
        )

    def plans(self, audit: str) -> list[Any]:
        return [self.plan]

    def actions(self, plan: str) -> list[Any]:
        return self.made

    def start(self, plan: str) -> None:
        self.now = self.after

    def servers(self) -> list[Any]:
        return self.now

    def misallocated(self, unconfirmed: int) -> list[str]:
        return judging.differences(self.now, self.held, unconfirmed)

    def migrations(self) -> list[dict[str, Any]]:
        return self.moved

    def refusals(self) -> list[str]:
        return self.refused

    def overloads(self) -> list[str]:
        return self.full


class TestJudge(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud = Cloud()
        self.parameters: dict[str, Any] = {'nodes': ['cmp01']}
        self.disabled: tuple[str, ...] = ()

    def faults(self) -> list[str]:
        scenario: Any = types.SimpleNamespace(
            disabled=self.disabled, dead=None, parameters=self.parameters
        )
        session: Any = self.cloud
        truth: Any = self.cloud
        prepared = real_cloud_stage.Prepared(truth, None, None)
        judge = real_cloud_judge.Judge(session, scenario, prepared)
        steps = [real_cloud_judge.Step(STRATEGY, self.parameters)]
        return real_cloud_table.faults(judge.run(steps, again=False))

    def assert_fault(self, text: str) -> None:
        found = self.faults()
        self.assertTrue(any(text in fault for fault in found), found)

    def test_nothing_is_wrong(self) -> None:
        self.assertEqual([], self.faults())

    def test_refused(self) -> None:
        self.cloud.refused = ['400']
        self.assert_fault('refused: 400')

    def test_nova_failed(self) -> None:
        self.cloud.moved[0]['status'] = 'error'
        self.assert_fault('nova failed: a: error')

    def test_never_done(self) -> None:
        self.cloud.moved = []
        self.assert_fault('0 of 1 migrations done')

    def test_actions(self) -> None:
        for state, name in (
            ('FAILED', 'failed'),
            ('SKIPPED', 'skipped'),
            ('CANCELLED', 'unfinished'),
            ('PENDING', 'unfinished'),
        ):
            with self.subTest(state):
                self.cloud.made = [action(state)]
                self.assert_fault(f'{name}: guarded_migrate a: because')

    def test_audit(self) -> None:
        self.cloud.audit_state = 'FAILED'
        self.assert_fault('unfinished: audit FAILED')

    def test_not_read(self) -> None:
        self.cloud.audit_message = 'No plan: Nova cannot be read'
        self.assert_fault('unfinished: No plan: Nova cannot be read')

    def test_plan(self) -> None:
        self.cloud.plan.state = 'CANCELLED'
        self.assert_fault('unfinished: CANCELLED')

    def test_overloads(self) -> None:
        self.cloud.full = ['cmp02: 3 of 2 VCPU']
        self.assert_fault('overloads: cmp02')

    def test_misplaced(self) -> None:
        self.cloud.after[0].compute_host = 'cmp03'
        self.assert_fault('misplaced: a: on cmp03, not cmp02')

    def test_gone(self) -> None:
        self.cloud.after.pop()
        self.assert_fault('misplaced: b: gone')

    def test_misallocated(self) -> None:
        self.cloud.held['a'] = {'cmp02': {**HELD, 'VCPU': 2}}
        self.assert_fault('misallocated: a holds')

    def test_held_by_a_stranger(self) -> None:
        self.cloud.held['stranger'] = {'cmp01': HELD}
        self.assert_fault('1 consumers that are no instances')

    def test_closed(self) -> None:
        self.disabled = ('cmp02',)
        self.assert_fault('rules: a goes to cmp02, which was closed')

    def test_locked(self) -> None:
        self.cloud.now[0].is_locked = True
        self.assert_fault('rules: a is locked and was moved')

    def test_too_many(self) -> None:
        self.parameters['max_migrations'] = 0
        self.assert_fault('rules: 1 migrations, at most 0 wanted')

    def test_disturbed(self) -> None:
        self.cloud.after[1].status = 'ERROR'
        self.assert_fault('rules: b was ACTIVE and is ERROR')
