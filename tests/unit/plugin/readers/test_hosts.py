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

"""Aggregates, hypervisors and what servers say."""

from __future__ import annotations

import json

from tests.unit.plugin.readers import base
from tests.unit.plugin.readers import recording
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import aggregates
from watcher_rearrange.plugin.readers import hypervisors
from watcher_rearrange.plugin.readers import nova


CPU = records.Cpu('x86_64', 'Intel', 'Nehalem', ('clflush', 'pge'))


class TestAggregates(base.ReadingTestCase):
    def test_all(self):
        gold, silver = nova.read().aggregates
        self.assertEqual(
            records.Aggregate(
                'gold',
                ('cmp01', 'cmp02'),
                {'availability_zone': 'az1', 'ssd': 'true'},
            ),
            gold,
        )
        self.assertEqual(('silver', {}), (silver.name, silver.metadata))

    def test_in_the_scope(self):
        (gold,) = aggregates.in_scope(nova.read().aggregates, {'cmp01'})
        self.assertEqual(('gold', ('cmp01',)), (gold.name, gold.hosts))

    def test_errors(self):
        for trouble in (403, 500, '[', '{"aggregates": [{}]}'):
            self.adapter.troubles = {
                '/os-aggregates': recording.always(trouble)
            }
            with self.subTest(trouble=trouble):
                self.assert_unreadable('aggregates', nova.read)


class TestHypervisors(base.ReadingTestCase):
    PATH = '/os-hypervisors/detail'

    def cpu(self, info):
        self.adapter.document['hypervisors'][1]['cpu_info'] = info
        return nova.read().hypervisors['cmp02'].cpu

    def test_of_all_pages(self):
        self.assertEqual(
            dict.fromkeys(
                ('cmp01', 'cmp02', 'cmp06'),
                hypervisors.Hypervisor('fake', 1000, CPU),
            ),
            nova.read().hypervisors,
        )

    def test_types_and_versions(self):
        one = self.adapter.document['hypervisors'][1]
        for kind, version in (('QEMU', 8002000), ('ironic', 1), ('zvm', 0)):
            one.update(hypervisor_type=kind, hypervisor_version=version)
            found = nova.read().hypervisors['cmp02']
            self.assertEqual((kind, version), (found.type, found.version))
        one.update(hypervisor_type=None, hypervisor_version=None)
        found = nova.read().hypervisors['cmp02']
        self.assertEqual(('', None), (found.type, found.version))

    def test_the_microversion_that_has_them(self):
        versions = {}
        original = self.adapter.get

        def get(path, microversion, **given):
            versions[path.partition('?')[0]] = microversion
            return original(path, **given)

        self.adapter.get = get
        base.set_option(self, 'api_version', '2.100')
        nova.read()
        self.assertEqual('2.69', versions[self.PATH])
        self.assertEqual('2.100', versions[recording.SERVERS])

    def test_as_a_text(self):
        info = self.adapter.document['hypervisors'][1]['cpu_info']
        self.assertEqual(CPU, self.cpu(json.dumps(info)))

    def test_one_that_says_nothing(self):
        for info in ({}, '', None):
            self.assertIsNone(self.cpu(info))

    def test_one_that_says_little(self):
        self.assertEqual(
            records.Cpu(arch='aarch64'),
            self.cpu({'arch': 'aarch64', 'model': None}),
        )

    def test_errors(self):
        for trouble in (403, 500, '[', '{"hypervisors": [{}]}'):
            self.adapter.troubles = {self.PATH: recording.always(trouble)}
            with self.subTest(trouble=trouble):
                self.assert_unreadable('hypervisors', nova.read)

    def test_nova_without_a_field(self):
        for name in ('cpu_info', 'hypervisor_type', 'hypervisor_version'):
            self.adapter.document = recording.Adapter().document
            del self.adapter.document['hypervisors'][1][name]
            self.assert_unreadable('hypervisors not understood', nova.read)

    def test_a_version_that_is_none(self):
        one = self.adapter.document['hypervisors'][1]
        one['hypervisor_version'] = 'new'
        self.assert_unreadable('hypervisors not understood', nova.read)


class TestServers(base.ReadingTestCase):
    def server(self, **fields):
        self.adapter.document['servers'][0].update(fields)
        return nova.read().servers[recording.UUIDS['c']]

    def test_what_it_was_booted_from(self):
        image = recording.RECORDED['images'][0]['id']
        found = self.server(metadata={'tier': 'web'})
        self.assertEqual(
            ('1-1024-1', {}, image, None, {'tier': 'web'}),
            (
                found.flavor,
                found.extra_specs,
                found.image,
                found.image_properties,
                found.metadata,
            ),
        )

    def test_the_state_of_its_guest(self):
        for state in (1, 4, None):
            found = self.server(**{'OS-EXT-STS:power_state': state})
            self.assertEqual(state, found.power_state)

    def test_extra_specs(self):
        specs = {'hw:cpu_policy': 'dedicated'}
        found = self.server(
            flavor={'original_name': 'x', 'extra_specs': specs}
        )
        self.assertEqual(specs, found.extra_specs)

    def test_a_policy_that_hides_extra_specs(self):
        self.adapter.document['servers'][0]['flavor'].pop('extra_specs')
        self.assert_unreadable(nova.EXTRA_SPECS_POLICY, nova.read)

    def test_a_flavor_that_is_gone(self):
        self.assertEqual('', self.server(flavor={}).flavor)

    def test_a_boot_from_volume(self):
        self.assertEqual('', self.server(image='').image)

    def test_image_properties_of_a_later_nova(self):
        image = {'id': 'x', 'properties': {'hw_disk_bus': 'virtio'}}
        found = self.server(image=image)
        self.assertEqual({'hw_disk_bus': 'virtio'}, found.image_properties)
