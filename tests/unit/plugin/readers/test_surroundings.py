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

import unittest

from tests.unit.plugin import builders
from tests.unit.plugin.readers.test_cloud import migration
from tests.unit.plugin.readers.test_cloud import server
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import facts
from watcher_rearrange.plugin.readers import images
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import surroundings


UP = nova.Service('enabled', 'up', None, 'az1')
GROUP = records.ServerGroup('g', 'affinity', ('in', 'out'))
RACK = records.Aggregate('rack', ('cmp01', 'cmp09'), {})


class TestWhole(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.inside = server('in', 'cmp01')
        self.scope = records.Snapshot(
            (records.ComputeNode('cmp01', {}),),
            (records.Instance(self.inside.uuid, 'cmp01', {}, name='in'),),
            (GROUP,),
        )

    def _whole(self, *outside, migrations=()):
        servers = (self.inside, *outside)
        said = nova.Cloud(
            {one.uuid: one for one in servers},
            migrations,
            {'cmp01': UP, 'cmp09': UP},
            (GROUP,),
            (RACK,),
        )
        known = {'i1': images.Image('debian', {})}
        return surroundings.whole(
            self.scope, facts.Facts(said, {}, images=known)
        )

    def test_all_is_in_the_scope(self):
        self.assertIsNone(self._whole())

    def test_who_is_nowhere_does_not_count(self):
        self.assertIsNone(self._whole(server('out', '')))

    def test_outside(self):
        out = server(
            'out', 'cmp09', image='i1', metadata={'role': 'db'}, flavor='big'
        )
        found = self._whole(out)
        self.assertEqual(
            [('cmp01', 'nova'), ('cmp09', 'az1')],
            [(n.hostname, n.availability_zone) for n in found.compute_nodes],
        )
        self.assertEqual(self.scope.instances[0], found.instances[0])
        self.assertEqual(
            records.Instance(
                builders.uuid_of('out'),
                'cmp09',
                {},
                name='out',
                project_id='project',
                metadata={'role': 'db'},
                flavor='big',
                image='debian',
            ),
            found.instances[1],
        )
        self.assertEqual(
            ((GROUP,), (RACK,)), (found.server_groups, found.aggregates)
        )

    def test_an_image_that_is_gone(self):
        found = self._whole(server('out', 'cmp09', image='i2'))
        self.assertEqual('i2', found.instances[1].image)

    def test_migrations(self):
        moving = (migration('out', 'cmp09', 'cmp01'),)
        found = self._whole(server('out', 'cmp09'), migrations=moving)
        self.assertEqual(
            (records.Migration(builders.uuid_of('out'), 'cmp09', 'cmp01'),),
            found.migrations,
        )
