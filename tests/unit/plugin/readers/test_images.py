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

"""Images of Glance."""

from __future__ import annotations

from oslo_config import cfg

from tests.unit.plugin.readers import base
from tests.unit.plugin.readers import recording
from watcher_rearrange.plugin.readers import images


IMAGE = recording.RECORDED['images'][0]['id']
MISSING = '00000000-0000-4000-8000-000000000000'


def read(*uuids):
    found, errors = images.read(uuids)
    assert not errors, errors
    return found


class TestImages(base.ReadingTestCase):
    def test_name_and_properties(self):
        self.adapter.document['images'][0]['trait:A'] = 'required'
        found = read(IMAGE, IMAGE)[IMAGE]
        self.assertEqual('tiny', found.name)
        self.assertEqual('required', found.properties['trait:A'])
        self.assertNotIn('status', found.properties)
        self.assertEqual('raw', found.disk_format)
        self.assertEqual([f'/images/{IMAGE}'], self.adapter.asked)

    def test_one_that_was_deleted(self):
        self.assertEqual({IMAGE}, set(read(MISSING, IMAGE)))

    def test_one_without_a_name(self):
        self.adapter.document['images'][0]['name'] = None
        self.assertEqual('', read(IMAGE)[IMAGE].name)

    def test_one_without_a_format(self):
        self.adapter.document['images'][0]['disk_format'] = None
        self.assertEqual('', read(IMAGE)[IMAGE].disk_format)

    def test_none_is_not_asked_for(self):
        self.assertEqual({}, read())
        self.assertEqual([], self.adapter.asked)

    def test_errors(self):
        for trouble in (403, 503, base.TIMEOUT, '[]', '{}'):
            self.adapter.troubles = {'/images': recording.always(trouble)}
            with self.subTest(trouble=trouble):
                found, (error,) = images.read([IMAGE])
                self.assertEqual({}, found)
                self.assertIn('Glance cannot be read', str(error))

    def test_one_that_cannot_be_read(self):
        self.adapter.troubles = {f'/images/{MISSING}': recording.always(403)}
        found, (error,) = images.read([MISSING, IMAGE])
        self.assertEqual({IMAGE}, set(found))
        self.assertIn(f'{MISSING}: HTTP 403', str(error))

    def test_who_does_not_answer_is_not_asked_again_and_again(self):
        self.adapter.troubles = {'/images': recording.always(503)}
        found, errors = images.read([MISSING, IMAGE])
        self.assertEqual(({}, 2), (found, len(errors)))
        self.assertEqual(self.tries, len(self.adapter.asked))
        self.assertIn('(and 1 other images)', str(images.summed_up(errors)))

    def test_it_is_looked_for_where_nova_is(self):
        base.set_option(self, 'region_name', 'north')
        read(IMAGE)
        self.assertEqual('north', cfg.CONF.glance.region_name)
