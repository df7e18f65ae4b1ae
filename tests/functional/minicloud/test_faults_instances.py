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

"""Instances that change between the audit and the start, or in mid-plan."""

from __future__ import annotations

from typing import Any

from tests.functional.minicloud import faults
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import tenant


CHANGED = (
    'deleted',
    'resized',
    'confirmed',
    'moved',
    'stopped',
    'locked',
    'paused',
)
ELSEWHERE = 'is not running on source node'
# What becomes of their actions, and what the messages say.
ENDS = {
    'deleted': ('SKIPPED', 'not found'),
    'resized': ('SKIPPED', ELSEWHERE),
    'confirmed': ('SKIPPED', ELSEWHERE),
    'moved': ('SKIPPED', ELSEWHERE),
    'stopped': ('FAILED', 'current status: SHUTOFF'),
    'locked': ('SKIPPED', 'was locked after the audit'),
    'paused': ('FAILED', 'current status: PAUSED'),
    'same': ('SUCCEEDED', ''),
}


class TestChangedInstances(faults.FaultTestCase):
    """Each instance of the source meets with something else."""

    def setUp(self) -> None:
        """Boot an instance for each kind of change."""
        super().setUp()
        self.larger = self.tenant.flavors([(1, 2048, 1)])[1, 2048, 1]

    def test_between_audit_and_start(self) -> None:
        """The plan leaves alone what changed; the next ones take it."""
        self.boot_on_source(*CHANGED, 'same')
        plan = self.evacuation()
        self.change()
        self.operator.apply(plan.uuid)
        self.check(plan)

    def test_in_mid_plan(self) -> None:
        """The same while another instance moves."""
        # The largest goes first.
        first = tenant.Wish('first', faults.SOURCE, memory_mb=8192)
        self.boot_on_source(*CHANGED, 'same')
        self.uuids |= self.boot(first)
        plan = self.evacuation()
        self.assertEqual('first', self.in_order(plan)[0])
        self.slow('first', 40.0)
        self.operator.start(plan.uuid)
        self.wait_moving('first')
        self.change()
        self.assertEqual('ONGOING', self.actions(plan)['first'].state)
        self.operator.wait_plan(plan.uuid)
        self.assert_states(plan, {'first': 'SUCCEEDED'})
        self.check(plan)

    def change(self) -> None:
        """Change every instance but those that stay as they are."""
        compute = self.connection.compute
        compute.delete_server(self.uuids['deleted'])
        for name in ('resized', 'confirmed'):
            compute.resize_server(self.uuids[name], self.larger)
        compute.live_migrate_server(
            self.uuids['moved'], host='cmp03', block_migration='auto'
        )
        compute.stop_server(self.uuids['stopped'])
        compute.lock_server(self.uuids['locked'])
        compute.pause_server(self.uuids['paused'])
        self.wait('VERIFY_RESIZE', 'resized', 'confirmed')
        compute.confirm_server_resize(self.uuids['confirmed'])
        self.wait('SHUTOFF', 'stopped')
        self.wait('PAUSED', 'paused')
        self.wait('ACTIVE', 'confirmed', 'moved')
        proc.wait_for(
            lambda: 'deleted' not in self.hosts(), 'an instance to be gone'
        )

    def wait(self, status: str, *names: str) -> None:
        """Wait until instances are in a state."""
        self.tenant.wait([self.uuids[name] for name in names], [status])

    def check(self, plan: Any) -> None:
        """Check what became of the plan, and go on from there."""
        plan = self.note('instances changed', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(plan, {n: end for n, (end, _) in ENDS.items()})
        for name, (_, words) in ENDS.items():
            self.assert_says(plan, name, words)
        self.assertEqual([], self.truth.refusals())
        hosts = self.hosts()
        stay = {n for n, host in hosts.items() if host == faults.SOURCE}
        self.assertEqual({'stopped', 'locked', 'paused'}, stay)
        self.move_the_rest()

    def move_the_rest(self) -> None:
        """Move what can be moved, and then what the operator frees."""
        compute = self.connection.compute
        self.truth.start()
        plan = self.evacuation()
        for name in ('locked', 'paused'):
            self.assertIn(name, plan.status_message)
        plan = self.note('next audit', self.operator.apply(plan.uuid))
        self.assertEqual('SUCCEEDED', plan.state)
        self.assertEqual({'stopped'}, set(self.actions(plan)))
        self.assertEqual([], self.truth.refusals())
        compute.unlock_server(self.uuids['locked'])
        compute.unpause_server(self.uuids['paused'])
        compute.confirm_server_resize(self.uuids['resized'])
        self.wait('ACTIVE', 'paused', 'resized')
        del self.uuids['deleted']
        self.go_on()
