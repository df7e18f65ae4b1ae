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

"""Migrations that fail or last too long, and plans that are cancelled."""

from __future__ import annotations

from tests.functional.minicloud import faults


class TestMigrations(faults.FaultTestCase):
    """What the hypervisors do to a plan."""

    def test_failure_on_the_hypervisor(self) -> None:
        """A live and a cold migration fail; the others are not affected."""
        self.boot_on_source('live', 'cold', 'good', 'still')
        self.stop('cold', 'still')
        for name in ('live', 'cold'):
            self.cloud.switches.fail_migration(self.uuids[name])
        plan = self.evacuation()
        self.operator.apply(plan.uuid)
        plan = self.note('failure on the hypervisor', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(
            plan,
            {
                'live': 'FAILED',
                'cold': 'FAILED',
                'good': 'SUCCEEDED',
                'still': 'SUCCEEDED',
            },
        )
        self.assert_says(plan, 'live', 'live did not move: ACTIVE on cmp01')
        self.assert_says(plan, 'cold', 'cold did not move: SHUTOFF on cmp01')
        self.assertEqual([], self.truth.refusals())
        self.go_on()

    def test_longer_than_watcher_waits(self) -> None:
        """The action fails, Nova goes on, and nothing is moved twice."""
        self.configure('[nova]\nmigration_max_retries = 10\n')
        self.boot_on_source('late', 'good')
        self.slow('late', 90.0)
        plan = self.evacuation(max_outgoing=0)
        self.operator.apply(plan.uuid)
        plan = self.note('longer than Watcher waits', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(plan, {'late': 'FAILED', 'good': 'SUCCEEDED'})
        self.assert_says(plan, 'late', 'did not arrive in time', 'migrating')
        # Nova is still at it, and the next audit sees it.
        beside = self.note('audit meanwhile', self.evacuation())
        self.assertNotIn('late', self.actions(beside))
        self.assertIn('late', beside.status_message)
        self.tenant.wait(self.uuids.values(), ['ACTIVE'], 240.0)
        self.truth.wait_settled()
        self.assert_clean()
        self.go_on()


class TestCancel(faults.FaultTestCase):
    """A plan is cancelled half way."""

    def test_cancel(self) -> None:
        """What runs is finished, the rest does not begin."""
        plan, order = self.begin('a', 'b', 'c', slow=1)
        self.operator.cancel(plan.uuid)
        self.operator.wait_plan(plan.uuid)
        plan = self.note('cancelled half way', plan)
        self.assertEqual('CANCELLED', plan.state)
        self.assert_states(
            plan,
            {
                faults.SOURCE: 'SUCCEEDED',
                order[0]: 'SUCCEEDED',
                order[1]: 'SUCCEEDED',
                order[2]: 'CANCELLED',
            },
        )
        self.assertEqual(faults.SOURCE, self.hosts()[order[2]])
        self.assert_clean()
        self.go_on()

    def test_cancel_last(self) -> None:
        """There is nothing left to cancel but what runs."""
        plan, _ = self.begin('a')
        self.operator.cancel(plan.uuid)
        self.operator.wait_plan(plan.uuid)
        plan = self.note('cancelled with the last one', plan)
        self.assertEqual('SUCCEEDED', plan.state)
        self.assert_states(plan, {'a': 'SUCCEEDED'})
        self.assert_clean()
        self.go_on()
