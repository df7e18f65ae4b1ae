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

"""The applier and the decision engine are killed and come back."""

from __future__ import annotations

from tests.functional.minicloud import faults
from tests.functional.minicloud import processes as proc


APPLIER = 'watcher-applier'
ENGINE = 'watcher-decision-engine'


class TestApplierKilled(faults.FaultTestCase):
    """It dies in mid-plan, as a crash of its machine would have it."""

    def test_live(self) -> None:
        """Nova finishes what runs; the plan is cancelled on return."""
        plan, order = self.begin('a', 'b', 'c')
        self.cloud.processes.kill(APPLIER)
        # Until it is back, the plan goes on for all that Watcher knows.
        self.assertEqual('CANCELLED', self.audit_over())
        self.note('applier is dead', plan)
        self.restart_applier()
        self.operator.wait_plan(plan.uuid)
        plan = self.note('applier is back', plan)
        self.assertEqual('CANCELLED', plan.state)
        self.assertIn('was stopped while', plan.status_message)
        self.assert_states(
            plan,
            {faults.SOURCE: 'SUCCEEDED', **dict.fromkeys(order, 'CANCELLED')},
        )
        self.tenant.wait(self.uuids.values(), ['ACTIVE'])
        self.truth.wait_settled()
        hosts = self.hosts()
        self.assertNotEqual(faults.SOURCE, hosts[order[0]])
        self.assertEqual(
            [faults.SOURCE] * 2, [hosts[name] for name in order[1:]]
        )
        self.assert_clean()
        self.go_on()

    def test_cold(self) -> None:
        """Nobody confirms a cold migration; the operator does."""
        self.boot_on_source('a', 'b')
        self.stop('a', 'b')
        plan = self.evacuation()
        first = self.in_order(plan)[0]
        self.slow(first)
        self.operator.start(plan.uuid)
        self.wait_action(plan, first)
        proc.wait_for(
            lambda: len(self.truth.migrations()) > 0, 'a cold migration'
        )
        self.cloud.processes.kill(APPLIER)
        self.tenant.wait([self.uuids[first]], ['VERIFY_RESIZE'])
        self.restart_applier()
        self.operator.wait_plan(plan.uuid)
        plan = self.note('applier killed in a cold migration', plan)
        self.assertEqual('CANCELLED', plan.state)
        self.connection.compute.confirm_server_resize(self.uuids[first])
        self.tenant.wait(self.uuids.values(), ['SHUTOFF'])
        self.truth.wait_settled()
        self.assert_clean()
        self.go_on()

    def restart_applier(self) -> None:
        """Start the applier, and once more when it has cancelled the plan.

        Seen once: minutes after that it lost its connection to the bus, and
        plans stayed PENDING. It is a guess that this is because it tells of
        the cancellation before it forks, and the child goes on with its
        parent's connection.
        """
        self.cloud.start(APPLIER)
        self.cloud.processes.stop([APPLIER])
        self.cloud.start(APPLIER)

    def test_cancelling(self) -> None:
        """A plan that was being cancelled stays so; audits go on."""
        plan, _ = self.begin('a', 'b')
        self.operator.cancel(plan.uuid)
        self.cloud.processes.kill(APPLIER)
        self.cloud.start(APPLIER)
        self.tenant.wait(self.uuids.values(), ['ACTIVE'])
        self.go_on()
        plan = self.note('applier killed while cancelling', plan)
        self.assertEqual('CANCELLING', plan.state)

    def test_before_the_start(self) -> None:
        """A plan that is started meanwhile is carried out on return."""
        self.boot_on_source('a')
        plan = self.evacuation()
        self.cloud.processes.kill(APPLIER)
        self.operator.start(plan.uuid)
        self.assertEqual('PENDING', self.note('no applier', plan).state)
        self.cloud.start(APPLIER)
        self.operator.wait_plan(plan.uuid)
        plan = self.note('applier is back', plan)
        self.assertEqual('SUCCEEDED', plan.state)
        self.assert_clean()
        self.go_on()


class TestEngineKilled(faults.FaultTestCase):
    """The decision engine dies during an audit, and between audits."""

    def test_during_an_audit(self) -> None:
        """The audit is cancelled on return; the next one succeeds."""
        self.boot_on_source('a', 'b')
        self.evacuation()
        # Long enough to be met in its audit.
        self.cloud.switches.disturb_nova('GET', '/', status=0, delay_s=30.0)
        audit = self.operator.client.audit.create(
            audit_type='ONESHOT',
            goal=self.operator.goal('rearrange_evacuate'),
            strategy='rearrange_evacuate',
            parameters={'nodes': [faults.SOURCE]},
        )
        self.operator.wait_audit(audit.uuid, ['ONGOING'])
        self.cloud.processes.kill(ENGINE)
        self.cloud.switches.clear()
        self.cloud.start(ENGINE)
        audit = self.operator.wait_audit(audit.uuid)
        self.write(f'engine is back: audit {audit.state}')
        self.assertEqual('CANCELLED', audit.state)
        self.assertEqual([], self.operator.plans(audit.uuid))
        self.go_on()

    def test_during_a_plan(self) -> None:
        """The applier does not need it, and its plans are there after."""
        self.boot_on_source('a', 'b')
        plan = self.evacuation()
        order = self.in_order(plan)
        self.slow(order[0], 5.0)
        self.cloud.processes.kill(ENGINE)
        # Meanwhile the cloud changes.
        self.stop(order[1])
        self.operator.apply(plan.uuid)
        plan = self.note('without a decision engine', plan)
        self.assert_states(plan, {order[0]: 'SUCCEEDED', order[1]: 'FAILED'})
        self.cloud.start(ENGINE)
        # What it missed it knows.
        self.go_on()
