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

"""Traits, nested providers and sharing ones."""

from __future__ import annotations

from tests.unit.plugin.readers import base
from tests.unit.plugin.readers import recording
from watcher_rearrange.plugin.readers import placement
from watcher_rearrange.plugin.readers import trees


C = recording.UUIDS['c']
AGGREGATE = 'b62c2a9c-3d0e-4a4c-8b6f-2f6f4c8f3b11'


class TreesTestCase(base.ReadingTestCase):
    def setUp(self):
        super().setUp()
        self.providers = self.adapter.document['providers']

    def add(self, name, root, classes, traits=()):
        """Add a provider at which c holds one of each class."""
        uuid = f'00000000-0000-4000-8000-{len(self.providers):012}'
        total = {'total': 4, 'reserved': 0, 'max_unit': 4}
        self.providers[name] = {
            'uuid': uuid,
            'root_provider_uuid': self.providers[root]['uuid']
            if root
            else uuid,
            'inventories': {
                'inventories': {
                    rc: {**total, 'allocation_ratio': 1.0} for rc in classes
                }
            },
            'allocations': {
                'allocations': {C: {'resources': dict.fromkeys(classes, 1)}}
            },
            'traits': {'traits': list(traits)},
            'aggregates': {'aggregates': []},
        }
        return self.providers[name]

    def share(self, *nodes):
        pool = self.add('ceph', '', ['DISK_GB'], [trees.SHARING_TRAIT])
        for provider in (pool, *(self.providers[node] for node in nodes)):
            provider['aggregates']['aggregates'] = [AGGREGATE]
        return pool

    def stays(self, *nodes):
        uuids = self.uuids(*nodes)
        return placement.read(uuids).elsewhere.stays(uuids)


class TestTraits(TreesTestCase):
    def test_traits(self):
        (uuid,) = self.uuids('cmp01')
        found = placement.read([uuid]).nodes[uuid]
        self.assertIn('COMPUTE_NODE', found.traits)
        self.assertEqual(sorted(found.traits), list(found.traits))

    def test_errors(self):
        for place in ('/traits', '/resource_providers'):
            for trouble in (403, 503, '{}'):
                self.adapter.troubles = {place: recording.always(trouble)}
                with self.subTest(place=place, trouble=trouble):
                    self.assert_unreadable(
                        'Placement cannot be read',
                        placement.read,
                        self.uuids('cmp01', 'cmp02'),
                    )

    def test_one_that_goes_meanwhile(self):
        self.adapter.troubles = {'/traits': [404]}
        self.assertEqual({}, placement.read(self.uuids('cmp01')).nodes)


class TestNested(TreesTestCase):
    def test_none(self):
        self.assertEqual({}, self.stays('cmp01', 'cmp02'))

    def test_one_that_holds_a_part_of_its_node(self):
        self.add('gpu', 'cmp02', ['VGPU'])
        self.add('nic', 'cmp02', ['NET_PACKET_RATE_KILOPACKET_PER_SEC'])
        self.assertEqual(
            {
                C: 'has NET_PACKET_RATE_KILOPACKET_PER_SEC, VGPU of a nested '
                'provider'
            },
            self.stays('cmp01', 'cmp02'),
        )

    def test_parts_of_other_nodes_are_not_read(self):
        gpu = self.add('gpu', 'cmp02', ['VGPU'])
        self.assertEqual({}, self.stays('cmp01'))
        self.assertFalse([p for p in self.adapter.asked if gpu['uuid'] in p])

    def test_one_that_goes_meanwhile(self):
        gpu = self.add('gpu', 'cmp02', ['VGPU'])
        self.adapter.troubles = {f'{gpu["uuid"]}/allocations': [404]}
        self.assertEqual({}, self.stays('cmp02'))

    def test_errors(self):
        gpu = self.add('gpu', 'cmp02', ['VGPU'])
        self.adapter.troubles = {gpu['uuid']: recording.always(500)}
        self.assert_unreadable('HTTP 500', self.stays, 'cmp02')


class TestSharing(TreesTestCase):
    def test_it_serves_all_nodes(self):
        self.share('cmp01', 'cmp02')
        self.assertEqual({}, self.stays('cmp01', 'cmp02'))

    def test_it_does_not_serve_all_nodes(self):
        self.share('cmp02')
        found = self.stays('cmp01', 'cmp02')
        self.assertEqual([C], list(found))
        self.assertIn('has DISK_GB of ceph, which does not serve', found[C])

    def test_it_is_in_no_aggregate(self):
        pool = self.share('cmp02')
        pool['aggregates']['aggregates'] = []
        self.assertEqual([C], list(self.stays('cmp02')))

    def test_it_has_no_room_for_a_second_allocation(self):
        pool = self.share('cmp02')
        pool['inventories']['inventories']['DISK_GB']['reserved'] = 3
        self.assertIn('has not as much free', self.stays('cmp02')[C])

    def test_errors(self):
        pool = self.share('cmp02')
        for kind in ('allocations', 'inventories', 'aggregates'):
            path = f'{pool["uuid"]}/{kind}'
            self.adapter.troubles = {path: recording.always(502)}
            self.assert_unreadable('HTTP 502', self.stays, 'cmp02')
