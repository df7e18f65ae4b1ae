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

"""What Nova's scheduler looks at is read from the cloud."""

from __future__ import annotations

from tests.functional import base


GOLD = 'CUSTOM_GOLD'


class TestFacts(base.FunctionalTestCase):
    def test_server_groups_and_traits(self) -> None:
        """There is one node left for vm1, and none for vm3."""
        gold = {'traits': [GOLD]}
        document = base.snapshot(
            [
                base.node('cmp1'),
                base.node('cmp2', **gold),
                base.node('cmp3'),
                base.node('cmp4', **gold),
            ],
            [
                base.instance(1, 'cmp1', 1024, required_traits=[GOLD]),
                base.instance(2, 'cmp2', 1024),
                base.instance(
                    3,
                    'cmp3',
                    1024,
                    flavor_extra_specs={'pci_passthrough:alias': 'gpu:1'},
                ),
            ],
        )
        vm1, vm2, _ = (i['uuid'] for i in document['instances'])
        document['server_groups'] = [
            {'name': 'db', 'policy': 'anti-affinity', 'members': [vm1, vm2]}
        ]
        self.start(document)
        plan = self.plan('rearrange_evacuate', nodes=['cmp1', 'cmp3'])
        ended, _ = self.apply(plan)
        self.assertEqual('SUCCEEDED', ended['state'], ended)
        self.assertEqual('cmp4', self.hosts()['vm1'])
        self.assertEqual('cmp3', self.hosts()['vm3'])
        self.assertIn('PCI device', plan['status_message'])
        self.assert_clean()

    def test_hypervisors_and_ports(self) -> None:
        """Who goes live goes to no older one; a device stays."""
        new, old = (
            {'hypervisor_version': version} for version in (8002000, 6002000)
        )
        document = base.snapshot(
            [
                base.node('cmp1', **new),
                base.node('cmp2', 16384, **old),
                base.node('cmp3', 3072, **new),
            ],
            [
                base.instance(1, 'cmp1', 2048),
                base.instance(2, 'cmp1', 1024, state='stopped'),
                base.instance(3, 'cmp1', 1024, metadata={'port': 'direct'}),
            ],
        )
        self.start(document)
        plan = self.plan('rearrange_evacuate', nodes=['cmp1'])
        ended, _ = self.apply(plan)
        self.assertEqual('SUCCEEDED', ended['state'], ended)
        hosts = self.hosts()
        self.assertEqual(('cmp3', 'cmp1'), (hosts['vm1'], hosts['vm3']))
        self.assertNotEqual('cmp1', hosts['vm2'])
        self.assertIn('port of type direct', plan['status_message'])
        self.assert_clean()
