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

"""What is said of rules, put together."""

from __future__ import annotations

import unittest

from tests.unit.plugin import builders
from tests.unit.plugin.readers import test_cloud
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import cloud
from watcher_rearrange.plugin.readers import facts
from watcher_rearrange.plugin.readers import hypervisors
from watcher_rearrange.plugin.readers import images
from watcher_rearrange.plugin.readers import instances
from watcher_rearrange.plugin.readers import mobility
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import placement
from watcher_rearrange.plugin.readers import requirements
from watcher_rearrange.plugin.readers import server_groups
from watcher_rearrange.plugin.readers import trees
from watcher_rearrange.plugin.readers import watcher_model
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


class FactsTestCase(unittest.TestCase):
    def reading(self, servers, elsewhere=None, found=(), ports=(), **said):
        """Merge what is said of instances that are as in the model."""
        uuids = {s.name: s.uuid for s in servers}
        model = builders.model(
            [builders.node_element(host) for host in ('cmp01', 'cmp02')],
            {
                host: [
                    builders.instance_element(s.name)
                    for s in servers
                    if s.host == host
                ]
                for host in ('cmp01', 'cmp02')
            },
        )
        providers = {
            host: placement.Provider(
                test_cloud.INVENTORIES,
                {
                    uuids[s.name]: test_cloud.SIZE
                    for s in servers
                    if s.host == host
                },
                ('COMPUTE_NODE', requirements.DISABLED),
            )
            for host in ('cmp01', 'cmp02')
        }
        services = {
            'cmp01': nova.Service('enabled', 'up', None, 'nova'),
            'cmp02': nova.Service('disabled', 'up', None, 'nova'),
        }
        cloud_said = nova.Cloud(
            {s.uuid: s for s in servers}, (), services, **said
        )
        return cloud.merge(
            watcher_model.read(model),
            facts.Facts(
                cloud_said,
                providers,
                elsewhere or trees.Elsewhere(),
                dict(found),
                dict(ports),
            ),
        )


class TestFacts(FactsTestCase):
    def test_the_snapshot_can_be_written(self):
        uuid = builders.uuid_of('a')
        reading = self.reading(
            [test_cloud.server('a', 'cmp01'), test_cloud.server('x', 'cmp77')],
            server_groups=(
                records.ServerGroup(
                    builders.uuid_of('g'),
                    'affinity',
                    (uuid, builders.uuid_of('x')),
                ),
            ),
            aggregates=(records.Aggregate('gold', ('cmp01', 'cmp77')),),
            hypervisors={
                'cmp01': hypervisors.Hypervisor(
                    'QEMU', 8002000, records.Cpu('x86_64')
                )
            },
        )
        document = writer.snapshot_document(reading.snapshot)
        self.assertEqual(
            reading.snapshot, reader.snapshot_from_document(document)
        )
        self.assertEqual(
            server_groups.LEFT_BEHIND, test_cloud.found(reading, 'a').stays
        )
        (group,) = reading.snapshot.server_groups
        self.assertEqual((uuid,), group.members)
        (aggregate,) = reading.snapshot.aggregates
        self.assertEqual(('cmp01',), aggregate.hosts)
        known, unknown = reading.snapshot.compute_nodes
        self.assertEqual('x86_64', known.cpu.arch)
        self.assertEqual(
            ('QEMU', 8002000),
            (known.hypervisor_type, known.hypervisor_version),
        )
        self.assertEqual(
            (None, '', None),
            (unknown.cpu, unknown.hypervisor_type, unknown.hypervisor_version),
        )

    def test_traits_and_what_asks_for_them(self):
        reading = self.reading(
            [
                test_cloud.server(
                    'a', 'cmp01', extra_specs={'trait:A': 'required'}
                )
            ]
        )
        found = test_cloud.found(reading, 'a')
        self.assertEqual(('A',), found.required_traits)
        self.assertEqual((requirements.DISABLED,), found.forbidden_traits)
        enabled, disabled = reading.snapshot.compute_nodes
        self.assertIn(requirements.DISABLED, enabled.traits)
        # Its service says so.
        self.assertEqual(('COMPUTE_NODE',), disabled.traits)
        self.assertIn('enabled compute nodes are', reading.messages[-1])

    def test_an_image(self):
        image = images.Image('tiny', {'trait:A': 'required', 'hw_x': '1'})
        for said, properties in (
            (None, {'trait:A': 'required', 'hw_x': '1'}),
            ({'hw_x': '2'}, {'trait:A': 'required', 'hw_x': '2'}),
        ):
            reading = self.reading(
                [
                    test_cloud.server(
                        'a', 'cmp01', image='i', image_properties=said
                    )
                ],
                found={'i': image},
            )
            found = test_cloud.found(reading, 'a')
            self.assertEqual('tiny', found.image)
            self.assertEqual(properties, found.image_properties)
            self.assertEqual(('A',), found.required_traits)

    def test_an_image_that_is_gone(self):
        reading = self.reading([test_cloud.server('a', 'cmp01', image='i')])
        self.assertEqual('i', test_cloud.found(reading, 'a').image)

    def test_nobody_goes_cold_whose_image_is_not_known(self):
        vgpu = {'resources:VGPU': '1'}
        for reason, more in (
            (instances.NO_IMAGE, {'vm_state': 'stopped'}),
            (instances.NO_IMAGE, {'extra_specs': vgpu}),
            ('', {}),
            ('', {'vm_state': 'stopped', 'image_properties': {}}),
            ('', {'vm_state': 'stopped', 'image': ''}),
        ):
            server = test_cloud.server('a', 'cmp01', **{'image': 'i', **more})
            with self.subTest(more):
                found = test_cloud.found(self.reading([server]), 'a')
                self.assertEqual(reason, found.stays)
        server = test_cloud.server('a', 'cmp01', image='i', vm_state='stopped')
        reading = self.reading([server], found={'i': images.Image('tiny', {})})
        self.assertEqual('', test_cloud.found(reading, 'a').stays)

    def test_why_some_stay_and_some_do_not_go_live(self):
        encrypted = {'hw_mem_encryption': 'true'}
        reading = self.reading(
            [
                test_cloud.server(
                    'a', 'cmp01', image='i', image_properties=encrypted
                ),
                test_cloud.server('b', 'cmp01', flavor=''),
                test_cloud.server(
                    'c', 'cmp01', extra_specs={'resources1:X': '1'}
                ),
                test_cloud.server('d', 'cmp01'),
                test_cloud.server('e', 'cmp01'),
                test_cloud.server('f', 'cmp01', power_state=4),
            ],
            ports={builders.uuid_of('e'): 'has a port'},
            elsewhere=trees.Elsewhere({builders.uuid_of('d'): ('VGPU',)}),
        )
        self.assertEqual(
            mobility.ENCRYPTED, test_cloud.found(reading, 'a').not_live
        )
        self.assertEqual('', test_cloud.found(reading, 'a').stays)
        self.assertEqual(
            instances.NO_FLAVOR, test_cloud.found(reading, 'b').stays
        )
        self.assertEqual(mobility.GROUPS, test_cloud.found(reading, 'c').stays)
        self.assertIn('VGPU', test_cloud.found(reading, 'd').stays)
        self.assertEqual('has a port', test_cloud.found(reading, 'e').stays)
        self.assertIn('shut down', test_cloud.found(reading, 'f').not_live)

    def test_metadata_is_that_of_nova(self):
        reading = self.reading(
            [test_cloud.server('a', 'cmp01', metadata={'k': 'v'})]
        )
        self.assertEqual({'k': 'v'}, test_cloud.found(reading, 'a').metadata)
        self.assertIn('1 instances have other metadata', reading.messages[0])
