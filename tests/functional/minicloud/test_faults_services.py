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

"""Nova's API answers with errors or hangs; other services are away."""

from __future__ import annotations

import signal

from typing import Any

from tests.functional.minicloud import faults


ACTION = '/servers/[^/]+/action$'


class TestNova(faults.FaultTestCase):
    """Nova's API is there, but not well."""

    def setUp(self) -> None:
        """Boot two instances."""
        super().setUp()
        self.boot_on_source('a', 'b')

    def test_errors_to_migrations(self) -> None:
        """Every request to migrate is answered with 500."""
        plan = self.evacuation()
        self.cloud.switches.disturb_nova('POST', ACTION)
        self.operator.apply(plan.uuid)
        plan = self.note('500 to migrate', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(plan, {'a': 'FAILED', 'b': 'FAILED'})
        for name in ('a', 'b'):
            self.assert_says(plan, name, 'Action failed in execute: switch')
        self.assertEqual([], self.truth.migrations())
        self.go_on()

    def test_errors_to_questions_of_an_audit(self) -> None:
        """The audit succeeds with a plan of nothing that says why."""
        self.cloud.switches.disturb_nova('GET', '/')
        audit = self.operator.audit(
            'rearrange_evacuate', {'nodes': [faults.SOURCE]}
        )
        self.cloud.switches.clear()
        self.write(f'500 to the audit: {audit.state} {audit.status_message}')
        plan = self.note('500 to the audit', self.operator.plan(audit.uuid))
        why = 'No plan: Nova cannot be read: GET /os-services: HTTP 500'
        for found in (audit, plan):
            self.assertEqual('SUCCEEDED', found.state)
            self.assertEqual(why, found.status_message)
        self.assertEqual({}, self.actions(plan))
        self.go_on()

    def test_errors_to_questions_of_a_plan(self) -> None:
        """Actions that cannot look do not act."""
        plan = self.evacuation()
        self.cloud.switches.disturb_nova('GET', '/')
        self.operator.apply(plan.uuid)
        self.cloud.switches.clear()
        plan = self.note('500 to GET in a plan', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(
            plan, {faults.SOURCE: 'FAILED', 'a': 'SKIPPED', 'b': 'SKIPPED'}
        )
        self.assert_says(
            plan, faults.SOURCE, 'Action failed in pre_condition: switch'
        )
        for name in ('a', 'b'):
            self.assert_says(
                plan,
                name,
                'waits for: nova-compute of cmp01 to be disabled',
                'which is FAILED',
            )
        self.assertEqual([], self.truth.migrations())
        self.go_on()

    def test_hanging(self) -> None:
        """Watcher waits for it."""
        plan = self.evacuation()
        self.cloud.switches.disturb_nova(
            'POST', ACTION, status=0, delay_s=15.0
        )
        self.operator.apply(plan.uuid)
        plan = self.note('Nova hangs', plan)
        self.assertEqual('SUCCEEDED', plan.state)
        self.assert_states(plan, {'a': 'SUCCEEDED', 'b': 'SUCCEEDED'})
        self.assert_clean()
        self.go_on()


class TestOthers(faults.FaultTestCase):
    """Placement, Keystone or the bus are away for some time."""

    def test_without_placement(self) -> None:
        """Nobody is sent away: Nova would leave the instance in ERROR."""
        plan, order = self.begin('a', 'b', 'c', seconds=8.0)
        self.cloud.processes.kill('placement')
        self.operator.wait_plan(plan.uuid)
        audit = self.operator.audit(
            'rearrange_evacuate', {'nodes': [faults.SOURCE]}
        )
        self.write(f'no Placement: {audit.state} {audit.status_message}')
        self.cloud.start('placement')
        plan = self.note('no Placement', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(
            plan, {order[0]: 'SUCCEEDED', **dict.fromkeys(order[1:], 'FAILED')}
        )
        for name in order[1:]:
            self.assert_says(
                plan,
                name,
                'Action failed in pre_condition',
                'Placement cannot be read: GET /allocations/',
            )
        self.assertEqual('SUCCEEDED', audit.state)
        self.assertIn(
            'No plan: Placement cannot be read', audit.status_message
        )
        self.assertEqual([], self.truth.refusals())
        self.assertEqual(1, self.free_ended_migrations())
        self.go_on()

    def test_without_keystone(self) -> None:
        """Nobody gets a token while an instance moves."""
        plan, order = self.begin('a', 'b', 'c', seconds=8.0)
        self.cloud.processes.kill('keystone')
        self.tenant.wait([self.uuids[order[0]]], ['ACTIVE'], 60.0)
        self.cloud.start('keystone')
        self.succeed('no Keystone', plan)

    def test_bus_stands_still(self) -> None:
        """RabbitMQ is stopped for some seconds in mid-plan."""
        plan, _ = self.begin('a', 'b', 'c', seconds=5.0)
        self.cloud.processes.signal('bus', signal.SIGSTOP)
        try:
            self.pause(15.0)
        finally:
            self.cloud.processes.signal('bus', signal.SIGCONT)
        self.succeed('bus stood still', plan)

    def succeed(self, what: str, plan: Any) -> None:
        """Find that the plan went on as if nothing were."""
        self.operator.wait_plan(plan.uuid)
        plan = self.note(what, plan)
        self.assertEqual('SUCCEEDED', plan.state)
        self.assert_states(plan, dict.fromkeys(self.uuids, 'SUCCEEDED'))
        self.assert_clean()
        self.go_on()
