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

from tests.functional.minicloud import faults


ACTION = '/servers/[^/]+/action$'


class TestNova(faults.FaultTestCase):
    """Nova's API is there, but not well."""

    def setUp(self) -> None:
        """Boot two instances."""
        super().setUp()
        self.uuids = self.boot_on_source('a', 'b')

    def test_errors_to_migrations(self) -> None:
        """Every request to migrate is answered with 500."""
        plan = self.evacuation()
        self.cloud.switches.disturb_nova('POST', ACTION)
        self.operator.apply(plan.uuid)
        plan = self.note('500 to migrate', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(plan, {'a': 'FAILED', 'b': 'FAILED'})
        self.assert_says(plan, 'a', 'switch')
        self.go_on()

    def test_errors_to_questions_of_an_audit(self) -> None:
        """The audit succeeds without a plan, or fails, and says why."""
        self.cloud.switches.disturb_nova('GET', '/')
        audit = self.operator.audit(
            'rearrange_evacuate', {'nodes': [faults.SOURCE]}
        )
        self.cloud.switches.clear()
        self.write(f'500 to the audit: {audit.state} {audit.status_message}')
        plans = self.operator.plans(audit.uuid)
        for plan in plans:
            self.note('500 to the audit', plan)
        self.go_on()

    def test_errors_to_questions_of_a_plan(self) -> None:
        """Actions that cannot look do not act."""
        plan = self.evacuation()
        self.cloud.switches.disturb_nova('GET', '/')
        self.operator.apply(plan.uuid)
        self.cloud.switches.clear()
        plan = self.note('500 to GET in a plan', plan)
        self.assertEqual('FAILED', plan.state)
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
        self.assert_clean()
        self.assert_whole(self.uuids.values())

    def go_on(self) -> None:
        """Let everything work again."""
        self.cloud.switches.clear()
        self.assert_whole(self.uuids.values())
        self.assert_next_audit_succeeds()
        self.assert_whole(self.uuids.values())


class TestOthers(faults.FaultTestCase):
    """Placement, Keystone or the bus are away for some time."""

    def setUp(self) -> None:
        """Boot three instances."""
        super().setUp()
        self.uuids = self.boot_on_source('a', 'b', 'c')

    def test_without_placement(self) -> None:
        """Nobody is sent away: Nova would leave the instance in ERROR."""
        plan = self.evacuation()
        order = self.in_order(plan)
        self.slow([self.uuids[order[0]]], 8.0)
        self.operator.start(plan.uuid)
        self.wait_moving(self.uuids[order[0]])
        self.cloud.processes.kill('placement')
        self.wait_action(plan, order[1], faults.OVER)
        self.operator.wait_plan(plan.uuid)
        audit = self.operator.audit(
            'rearrange_evacuate', {'nodes': [faults.SOURCE]}
        )
        self.write(f'no Placement: {audit.state} {audit.status_message}')
        self.cloud.start('placement')
        plan = self.note('no Placement', plan)
        self.assert_says(plan, order[1], 'Placement cannot be read')
        self.assertEqual('FAILED', plan.state)
        self.assertIn('Placement cannot be read', audit.status_message)
        self.tenant.wait(self.uuids.values(), ['ACTIVE'])
        self.free_ended_migrations()
        self.assert_whole(self.uuids.values())
        self.assert_next_audit_succeeds()

    def test_without_keystone(self) -> None:
        """Nobody gets a token for a while."""
        plan = self.evacuation()
        order = self.in_order(plan)
        self.slow([self.uuids[order[0]]], 8.0)
        self.operator.start(plan.uuid)
        self.wait_moving(self.uuids[order[0]])
        self.cloud.processes.kill('keystone')
        self.tenant.wait([self.uuids[order[0]]], ['ACTIVE'], 60.0)
        self.cloud.start('keystone')
        self.operator.wait_plan(plan.uuid)
        plan = self.note('no Keystone', plan)
        self.tenant.wait(self.uuids.values(), ['ACTIVE'])
        self.free_ended_migrations()
        self.assert_whole(self.uuids.values())
        self.assert_next_audit_succeeds()

    def test_bus_stands_still(self) -> None:
        """RabbitMQ is stopped for some seconds in mid-plan."""
        plan = self.evacuation()
        order = self.in_order(plan)
        self.slow([self.uuids[order[0]]], 5.0)
        self.operator.start(plan.uuid)
        self.wait_moving(self.uuids[order[0]])
        self.cloud.processes.signal('bus', signal.SIGSTOP)
        try:
            self.pause(15.0)
        finally:
            self.cloud.processes.signal('bus', signal.SIGCONT)
        self.operator.wait_plan(plan.uuid)
        plan = self.note('bus stood still', plan)
        self.assertEqual('SUCCEEDED', plan.state)
        self.assert_clean()
        self.assert_whole(self.uuids.values())
