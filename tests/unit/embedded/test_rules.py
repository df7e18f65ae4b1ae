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

"""What the embedded cloud refuses."""

from __future__ import annotations

import unittest

from typing import Any

from tests.embedded.cloud import Cloud
from tests.embedded.state import COLD
from tests.embedded.state import LIVE
from tests.embedded.state import Refused
from tests.unit.embedded import samples


ONE = samples.uuid_of(1)
TWO = samples.uuid_of(2)


class RefusalTest(unittest.TestCase):
    """Each refusal leaves the instance as it was, and is recorded."""

    def setUp(self) -> None:
        self.clock = samples.Clock()

    def _assert_refused(
        self, cloud: Cloud, destination: str, code: int, reason: str
    ) -> None:
        self._assert_refused_as(cloud, destination, LIVE, code, reason)

    def _assert_refused_as(
        self, cloud: Cloud, destination: str, kind: str, code: int, reason: str
    ) -> None:
        before = cloud.snapshot()
        with self.assertRaises(Refused) as caught:
            cloud.migrate(ONE, destination, kind)
        self.assertEqual(code, caught.exception.code)
        self.assertEqual(before, cloud.snapshot())
        refusal = cloud.refusals[-1]
        self.assertEqual(
            (ONE, 'cmp1', destination, code),
            (
                refusal.instance,
                refusal.source,
                refusal.destination,
                refusal.code,
            ),
        )
        self.assertIn(reason, refusal.reason)

    def _cloud(self, **changes: Any) -> Cloud:
        return samples.cloud(
            self.clock, instances=[samples.instance(1, 'cmp1', **changes)]
        )

    def test_no_room(self) -> None:
        cloud = self._cloud()
        cloud.fill('cmp2', {'MEMORY_MB': 10240 - 1023})
        self._assert_refused(
            cloud, 'cmp2', 400, 'cmp2 has 1023 MEMORY_MB of 10240 free, 1024'
        )

    def test_room_that_is_just_enough(self) -> None:
        cloud = self._cloud()
        cloud.fill('cmp2', {'MEMORY_MB': 9 * 1024, 'VCPU': 18, 'DISK_GB': 90})
        cloud.migrate(ONE, 'cmp2')
        self.assertEqual([], cloud.refusals)

    def test_room_that_a_migration_under_way_still_holds(self) -> None:
        cloud = self._cloud()
        other = cloud.fill('cmp2')
        with cloud.present() as state:
            state.servers[other].allocations = {'DISK_GB': 95}
        cloud.migrate(other, 'cmp3')
        self._assert_refused(cloud, 'cmp2', 400, 'DISK_GB')
        self.clock.now_s += 10
        cloud.migrate(ONE, 'cmp2')

    def test_class_that_the_host_has_not(self) -> None:
        cloud = self._cloud(allocations={'CUSTOM_FPGA': 1})
        self._assert_refused(cloud, 'cmp2', 400, 'cmp2 has no CUSTOM_FPGA')

    def test_amount_that_placement_does_not_give_at_once(self) -> None:
        inventories = {
            'VCPU': {'total': 10, 'allocation_ratio': 16.0, 'max_unit': 10}
        }
        cloud = samples.cloud(
            self.clock,
            compute_nodes=[
                samples.node('cmp1', inventories=inventories),
                samples.node('cmp2', inventories=inventories),
            ],
            instances=[samples.instance(1, 'cmp1', allocations={'VCPU': 11})],
        )
        self._assert_refused(cloud, 'cmp2', 400, 'does not give 11 VCPU')

    def test_unknown_host(self) -> None:
        self._assert_refused(self._cloud(), 'cmp9', 400, 'cmp9 could not be')

    def test_same_host(self) -> None:
        self._assert_refused(self._cloud(), 'cmp1', 400, 'on cmp1 already')
        self._assert_refused_as(
            self._cloud(), 'cmp1', COLD, 400, 'where the server exists'
        )

    def test_disabled_or_dead_service(self) -> None:
        cloud = self._cloud()
        cloud.set_service('cmp2', 'disabled', 'for a reason')
        self._assert_refused(cloud, 'cmp2', 400, 'cmp2 is disabled')
        cloud.set_service('cmp2', 'enabled')
        cloud.set_state('cmp2', 'down')
        self._assert_refused(cloud, 'cmp2', 400, 'cmp2 is down')

    def test_dead_source(self) -> None:
        cloud = self._cloud()
        cloud.set_state('cmp1', 'down')
        self._assert_refused(cloud, 'cmp2', 400, 'unavailable')
        self._assert_refused_as(cloud, 'cmp2', COLD, 409, 'unavailable')

    def test_state_of_the_instance(self) -> None:
        for state, kinds in {
            'stopped': (LIVE,),
            'paused': (COLD,),
            'suspended': (LIVE, COLD),
            'error': (LIVE, COLD),
            'building': (LIVE, COLD),
        }.items():
            for kind in kinds:
                with self.subTest(state=state, kind=kind):
                    self._assert_refused_as(
                        self._cloud(state=state),
                        'cmp2',
                        kind,
                        409,
                        f'in vm_state {state}',
                    )

    def test_locked_does_not_matter_to_an_administrator(self) -> None:
        cloud = self._cloud(locked=True)
        cloud.migrate(ONE, 'cmp2')
        self.assertEqual([], cloud.refusals)

    def test_already_migrating(self) -> None:
        cloud = self._cloud()
        cloud.migrate(ONE, 'cmp2')
        self._assert_refused(cloud, 'cmp3', 409, 'in task_state migrating')

    def test_waiting_to_be_confirmed(self) -> None:
        cloud = self._cloud()
        cloud.migrate(ONE, 'cmp2', COLD)
        self.clock.now_s += 10
        with self.assertRaises(Refused) as caught:
            cloud.migrate(ONE, 'cmp3')
        self.assertEqual(409, caught.exception.code)

    def test_traits(self) -> None:
        nodes = [
            samples.node('cmp1', traits=['HW_CPU_X86_AVX2']),
            samples.node('cmp2'),
            samples.node('cmp3', traits=['HW_CPU_X86_AVX2', 'CUSTOM_OLD']),
        ]
        for changes in (
            {'required_traits': ['HW_CPU_X86_AVX2']},
            {'flavor_extra_specs': {'trait:HW_CPU_X86_AVX2': 'required'}},
        ):
            one = samples.instance(1, 'cmp1', **changes)
            cloud = samples.cloud(
                self.clock, compute_nodes=nodes, instances=[one]
            )
            self._assert_refused(cloud, 'cmp2', 400, 'lacks trait HW_CPU')
            cloud.migrate(ONE, 'cmp3')
        one = samples.instance(1, 'cmp1', forbidden_traits=['CUSTOM_OLD'])
        cloud = samples.cloud(self.clock, compute_nodes=nodes, instances=[one])
        self._assert_refused(cloud, 'cmp3', 400, 'forbidden trait CUSTOM_OLD')

    def test_zone(self) -> None:
        nodes = [
            samples.node('cmp1', availability_zone='az1'),
            samples.node('cmp2', availability_zone='az2'),
        ]
        pinned = samples.instance(1, 'cmp1', pinned_az='az1')
        cloud = samples.cloud(
            self.clock, compute_nodes=nodes, instances=[pinned]
        )
        self._assert_refused(cloud, 'cmp2', 400, 'pinned to az1')
        free = samples.instance(1, 'cmp1')
        cloud = samples.cloud(
            self.clock, compute_nodes=nodes, instances=[free]
        )
        cloud.migrate(ONE, 'cmp2')

    def _group(
        self, policy: str, hosts: list[str], limit: int | None = None
    ) -> Cloud:
        members = [
            samples.instance(number, host)
            for number, host in enumerate(hosts, 1)
        ]
        group = {
            'uuid': samples.uuid_of(99),
            'name': 'db',
            'policy': policy,
            'max_server_per_host': limit,
            'members': [member['uuid'] for member in members],
        }
        return samples.cloud(
            self.clock, instances=members, server_groups=[group]
        )

    def test_anti_affinity(self) -> None:
        cloud = self._group('anti-affinity', ['cmp1', 'cmp2'])
        self._assert_refused(cloud, 'cmp2', 400, 'cmp2 has 1 of the anti-aff')
        cloud.migrate(ONE, 'cmp3')

    def test_anti_affinity_with_one_on_its_way(self) -> None:
        cloud = self._group('anti-affinity', ['cmp1', 'cmp2'])
        cloud.migrate(TWO, 'cmp3')
        for destination in ('cmp2', 'cmp3'):
            self._assert_refused(cloud, destination, 400, 'anti-affinity')
        self.clock.now_s += 10
        cloud.migrate(ONE, 'cmp2')

    def test_anti_affinity_with_some_on_one_host(self) -> None:
        cloud = self._group('anti-affinity', ['cmp1', 'cmp2', 'cmp3'], 2)
        cloud.migrate(ONE, 'cmp2')
        self.clock.now_s += 10
        with self.assertRaises(Refused):
            cloud.migrate(samples.uuid_of(3), 'cmp2')

    def test_affinity(self) -> None:
        cloud = self._group('affinity', ['cmp1', 'cmp1', 'cmp2'])
        self._assert_refused(cloud, 'cmp3', 400, 'none of the affinity group')
        cloud.migrate(ONE, 'cmp2')

    def test_affinity_of_one(self) -> None:
        cloud = self._group('affinity', ['cmp1'])
        cloud.migrate(ONE, 'cmp2')
        self.assertEqual([], cloud.refusals)

    def test_soft_policies_refuse_nothing(self) -> None:
        for policy in ('soft-affinity', 'soft-anti-affinity'):
            cloud = self._group(policy, ['cmp1', 'cmp1', 'cmp2'])
            cloud.migrate(ONE, 'cmp2')
            cloud.migrate(TWO, 'cmp3')
            self.assertEqual([], cloud.refusals)
