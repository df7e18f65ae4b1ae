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

"""Plans are made from what Nova and Placement say, not from the model.

Watcher's collector keeps its first model here, as it does where Nova's
notifications do not come.
"""

from __future__ import annotations

import time

from typing import Any

from oslo_config import cfg

from tests.embedded.cloud import Cloud
from tests.embedded.control_plane import ControlPlane
from tests.embedded.state import COLD
from tests.functional import base
from watcher_rearrange.plugin import options


TIMEOUT_S = 60.0
# It has an image, the others were booted from volumes.
ON_DISK = {'VCPU': 1, 'MEMORY_MB': 2048, 'DISK_GB': 1}
UUIDS = {f'vm{n}': base.instance(n, '', 0)['uuid'] for n in range(1, 5)}


class TestReading(base.FunctionalTestCase):
    """vm1 and vm2 on cmp1, vm3 on cmp2; cmp3 and cmp4 are empty."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = Cloud(
            base.snapshot(
                [base.node(f'cmp{n}') for n in range(1, 5)],
                [
                    base.instance(1, 'cmp1', 2048),
                    base.instance(2, 'cmp1', 2048),
                    base.instance(3, 'cmp2', 2048, allocations=ON_DISK),
                ],
            ),
            migration_s=base.MIGRATION_S,
        )
        options = {'nova': {'http_retries': 1, 'timeout': 2}}
        plane = ControlPlane(self.cloud, options=options, follow=False)
        self.plane = self.enterContext(plane)
        self.client = self.plane.client()
        # The model is collected now, and never again.
        self.plan('rearrange_rebalance', threshold_pct=100)

    def evacuate(self, *nodes: str) -> tuple[base.Record, dict[str, Any]]:
        """Plan and apply; nothing is refused, failed or skipped."""
        plan = self.plan('rearrange_evacuate', nodes=list(nodes))
        ended, actions = self.apply(plan)
        self.assertEqual('SUCCEEDED', ended['state'], ended)
        states = {action['state'] for action in actions.values()}
        self.assertEqual({'SUCCEEDED'}, states)
        self.assert_clean()
        return plan, actions

    def settle(self) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while self.cloud.running_count and time.monotonic() < end_s:
            time.sleep(0.05)

    def test_a_ghost(self) -> None:
        self.cloud.delete(UUIDS['vm1'])
        _, actions = self.evacuate('cmp1')
        self.assertEqual({'cmp1', 'vm2'}, set(actions))

    def test_one_that_was_moved(self) -> None:
        self.cloud.migrate(UUIDS['vm1'], 'cmp3')
        self.settle()
        _, actions = self.evacuate('cmp1', 'cmp3')
        self.assertEqual('cmp3', self.source(actions, 'vm1'))
        self.assertFalse({'cmp1', 'cmp3'} & set(self.hosts().values()))

    def source(self, actions: dict[str, Any], name: str) -> str:
        return str(actions[name]['input_parameters']['source_node'])

    def test_one_that_the_model_lacks(self) -> None:
        for host in ('cmp2', 'cmp3'):
            self.cloud.fill(host, {'MEMORY_MB': 5120})
        plan, actions = self.evacuate('cmp1')
        self.assertEqual({'cmp1', 'vm1', 'vm2'}, set(actions))
        self.assertIn("model does not have", plan['status_message'])

    def test_a_cold_migration_to_be_confirmed(self) -> None:
        self.cloud.stop(UUIDS['vm3'])
        self.cloud.migrate(UUIDS['vm3'], 'cmp3', COLD)
        self.settle()
        # Its room on cmp2 is not to be had.
        self.cloud.reserve('cmp2', {'MEMORY_MB': 4608})
        self.cloud.reserve('cmp3', {'MEMORY_MB': 4608})
        self.evacuate('cmp1')
        self.assertEqual('cmp4', self.hosts()['vm1'])
        self.assertEqual('cmp4', self.hosts()['vm2'])
        self.assertEqual('cmp3', self.hosts()['vm3'])
        self.cloud.confirm(UUIDS['vm3'])

    def test_a_migration_in_flight(self) -> None:
        slow = Cloud.migrate
        self.cloud._migrator._migration_s = 3.0
        slow(self.cloud, UUIDS['vm1'], 'cmp3')
        self.cloud._migrator._migration_s = base.MIGRATION_S
        _, actions = self.evacuate('cmp1')
        self.assertEqual({'cmp1', 'vm2'}, set(actions))

    def test_room_of_another_consumer(self) -> None:
        # What is left is less than vm1 or vm2 needs.
        for host, memory_mb in (('cmp2', 5120), ('cmp3', 7168)):
            self.cloud.reserve(host, {'MEMORY_MB': memory_mb})
        plan, _ = self.evacuate('cmp1')
        self.assertEqual('cmp4', self.hosts()['vm1'])
        self.assertIn('2 consumers in Placement', plan['status_message'])

    def test_a_service_that_went_down(self) -> None:
        self.cloud.set_state('cmp2', 'down')
        self.cloud.set_service('cmp3', 'disabled', 'broken fan')
        self.evacuate('cmp1', 'cmp2')
        self.assertEqual('cmp4', self.hosts()['vm1'])
        self.assertEqual('cmp2', self.hosts()['vm3'])

    def test_what_cannot_be_read_is_no_plan(self) -> None:
        for path, text in (
            ('/servers/detail', 'No plan: Nova cannot be read: GET /servers'),
            ('/os-migrations', 'GET /os-migrations: HTTP 500'),
            ('/os-server-groups', 'GET /os-server-groups: HTTP 500'),
            ('/os-aggregates', 'GET /os-aggregates: HTTP 500'),
            ('/os-hypervisors', 'GET /os-hypervisors/detail: HTTP 500'),
            ('/allocations', 'No plan: Placement cannot be read'),
            ('/traits', 'No plan: Placement cannot be read'),
            ('/image', 'No plan: Glance cannot be read'),
            ('/network', 'No plan: Neutron cannot be read: GET /ports'),
        ):
            self.cloud.break_api(status=500, path=path)
            plan = self.plan('rearrange_evacuate', nodes=['cmp1'])
            self.assertEqual([], self.client.actions(plan['uuid']))
            self.assertIn(text, plan['status_message'])
        self.cloud.break_api()
        self.evacuate('cmp1')

    def test_without_neutron_and_glance_if_they_need_not_be_there(
        self,
    ) -> None:
        for name in ('require_neutron', 'require_glance'):
            cfg.CONF.set_override(name, False, options.GROUP)
            self.addCleanup(cfg.CONF.clear_override, name, options.GROUP)
        for path, text in (
            ('/image', 'images are not fully known'),
            ('/network', 'ports are not fully known'),
        ):
            self.cloud.break_api(status=500, path=path)
            plan = self.plan('rearrange_evacuate', nodes=['cmp1'])
            self.assertIn('vm1', self.actions(plan))
            self.assertIn(text, plan['status_message'])

    def test_what_hangs_is_no_plan(self) -> None:
        self.cloud.break_api(hang_s=60, path='/placement')
        plan = self.plan('rearrange_evacuate', nodes=['cmp1'])
        self.assertIn('No plan: Placement', plan['status_message'])
        self.cloud.break_api()
        self.evacuate('cmp1')

    def test_a_continuous_audit_goes_on(self) -> None:
        self.cloud.break_api(status=503, path='/placement')
        audit = self.client.create_audit(
            'cloud_evacuation',
            'rearrange_evacuate',
            {'nodes': ['cmp1']},
            audit_type='CONTINUOUS',
            interval='1',
        )
        self.assertIn('No plan: ', self.first(audit, empty=True))
        self.cloud.break_api()
        self.assertIn('migrations', self.first(audit, empty=False))
        state = self.client.audit(audit['uuid'])['state']
        self.assertEqual('ONGOING', state)

    def first(self, audit: base.Record, empty: bool) -> str:
        """Return the message of the first plan with actions, or without."""
        end_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end_s:
            for plan in self.client.action_plans(audit['uuid']):
                if bool(self.client.actions(plan['uuid'])) != empty:
                    return plan['status_message'] or ''
            time.sleep(0.2)
        self.fail('no such plan')
