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

"""What becomes of a plan when parts of it fail, are skipped or cancelled."""

from __future__ import annotations

import time

from tests.functional import base


TIMEOUT_S = 30.0


class TestFailures(base.FunctionalTestCase):
    """Rotation of full nodes through one that is empty.

    vm2 leaves cmp2 for cmp3, then vm1 can leave cmp1 for cmp2.
    """

    def setUp(self) -> None:
        super().setUp()
        # Only cmp2 can take vm1, and only once vm2 has left it.
        self.start(
            base.snapshot(
                [
                    base.node('cmp1', 4096),
                    base.node('cmp2', 4096),
                    base.node('cmp3', 3072),
                    base.node('cmp4', 3072),
                    base.node('cmp5', 1024),
                ],
                [
                    base.instance(1, 'cmp1', 3584),
                    base.instance(2, 'cmp2', 2048),
                    base.instance(3, 'cmp4', 1024),
                    base.instance(4, 'cmp1', 256),
                    base.instance(5, 'cmp5', 256),
                ],
            )
        )

    def _plan(self) -> base.Record:
        plan = self.plan('rearrange_evacuate', nodes=['cmp1', 'cmp5'])
        actions = self.actions(plan)
        self.assertIn('vm2', actions, 'vm2 has to make room')
        self.assertIn(
            actions['vm2']['uuid'],
            actions['vm1']['input_parameters']['depends_on'],
        )
        return plan

    def test_nothing_fails(self) -> None:
        ended, _ = self.apply(self._plan())
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual('cmp2', self.hosts()['vm1'])
        self.assert_clean()

    def test_one_fails_and_one_is_skipped(self) -> None:
        plan = self._plan()
        before = self.actions(plan)
        self.cloud.fail(base.instance(2, '', 0)['uuid'])
        self.client.skip_action(before['vm5']['uuid'], 'not today')

        ended, actions = self.apply(plan)

        self.assertEqual('FAILED', ended['state'])
        states = {name: action['state'] for name, action in actions.items()}
        self.assertEqual(
            {
                'cmp1': 'SUCCEEDED',
                'cmp5': 'SUCCEEDED',
                'vm1': 'SKIPPED',
                'vm2': 'FAILED',
                'vm4': 'SUCCEEDED',
                'vm5': 'SKIPPED',
            },
            states,
        )
        self.assertIn('vm2', actions['vm1']['status_message'])
        self.assertIn('FAILED', actions['vm1']['status_message'])
        hosts = self.hosts()
        self.assertEqual('cmp1', hosts['vm1'])
        self.assertEqual('cmp2', hosts['vm2'])
        self.assertEqual('cmp5', hosts['vm5'])
        self.assert_clean()
        # The next audit goes on from there.
        ended, _ = self.apply(self._plan())
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertNotIn('cmp1', self.hosts().values())
        self.assert_clean()

    def test_instance_that_makes_room_is_gone(self) -> None:
        plan = self._plan()
        self.cloud.delete(base.instance(2, '', 0)['uuid'])
        ended, actions = self.apply(plan)
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual('SKIPPED', actions['vm2']['state'])
        self.assertEqual('SUCCEEDED', actions['vm1']['state'])
        self.assertEqual('cmp2', self.hosts()['vm1'])
        self.assert_clean()

    def test_service_is_disabled_already(self) -> None:
        plan = self._plan()
        self.cloud.set_service('cmp1', 'disabled', 'somebody was faster')
        ended, actions = self.apply(plan)
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual('SKIPPED', actions['cmp1']['state'])
        self.assertEqual('SUCCEEDED', actions['vm1']['state'])
        self.assert_clean()

    def test_cancel_half_way(self) -> None:
        plan = self._plan()
        self.client.start(plan['uuid'])
        end_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end_s:
            if self.actions(plan)['vm2']['state'] == 'ONGOING':
                break
        self.client.cancel(plan['uuid'])
        ended = self.client.wait_plan(plan['uuid'])
        self.assertEqual('CANCELLED', ended['state'])
        self.assert_clean()
        ended, _ = self.apply(self._plan_or_rest())
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertNotIn('cmp1', self.hosts().values())
        self.assert_clean()

    def _plan_or_rest(self) -> base.Record:
        return self.plan('rearrange_evacuate', nodes=['cmp1', 'cmp5'])
