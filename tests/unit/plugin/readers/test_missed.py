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

"""What an audit goes without."""

from __future__ import annotations

from unittest import mock

from oslo_config import cfg

from tests.unit.plugin import builders
from tests.unit.plugin.readers import base
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import cloud
from watcher_rearrange.plugin.readers import images
from watcher_rearrange.plugin.readers import missed
from watcher_rearrange.plugin.readers import ports
from watcher_rearrange.plugin.readers import watcher_model


NO_GLANCE = api.Unreadable('Glance cannot be read: HTTP 503')
NO_NEUTRON = api.Unreadable('Neutron cannot be read: HTTP 403')


class TestMissed(base.ReadingTestCase):
    def setUp(self):
        super().setUp()
        for module, name, way in (
            (images, 'read', {'return_value': ({}, [NO_GLANCE])}),
            (ports, '_read', {'side_effect': NO_NEUTRON}),
        ):
            patcher = mock.patch.object(module, name, **way)
            patcher.start()
            self.addCleanup(patcher.stop)

    def set(self, **required):
        for name, value in required.items():
            cfg.CONF.set_override(name, value, options.GROUP)
            self.addCleanup(cfg.CONF.clear_override, name, options.GROUP)

    def read(self, all_images=False):
        model = builders.model([builders.node_element('cmp01')], {})
        return cloud.add(watcher_model.read(model), all_images)

    def test_all_is_required_by_default(self):
        self.assert_unreadable('require_glance = false', self.read)
        self.set(require_glance=False)
        self.assert_unreadable('require_neutron = false', self.read)

    def test_plans_say_what_they_go_without(self):
        self.set(require_glance=False, require_neutron=False)
        first, second, *_ = self.read().messages
        self.assertEqual(f'{missed.MISSED[missed.GLANCE]}: {NO_GLANCE}', first)
        self.assertEqual(
            f'{missed.MISSED[missed.NEUTRON]}: {NO_NEUTRON}', second
        )

    def test_what_can_be_read_is_known(self):
        self.set(require_glance=False, require_neutron=False)
        image = images.Image('tiny', {})
        images.read.return_value = ({'i': image}, [NO_GLANCE, NO_GLANCE])
        accepted = missed.Missed()
        said = mock.Mock(servers={})
        self.assertEqual(
            {'i': image}, cloud._images(said, {'cmp01'}, accepted)
        )
        (message,) = accepted.messages
        self.assertIn('(and 1 other images)', message)

    def test_rules_about_images_cannot_do_without(self):
        self.set(require_glance=False, require_neutron=False)
        with self.assertRaises(api.Unreadable) as raised:
            self.read(all_images=True)
        self.assertIs(NO_GLANCE, raised.exception)

    def test_each_thing_is_said_once(self):
        self.set(require_neutron=False)
        found = missed.Missed()
        for _ in range(2):
            found.accept(missed.NEUTRON, NO_NEUTRON)
        self.assertEqual(1, len(found.messages))
