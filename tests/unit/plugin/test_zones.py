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

"""Availability zones, where they matter."""

from __future__ import annotations

import dataclasses
import unittest

from unittest import mock

from watcher.common import nova_helper

from tests.unit.plugin import builders
from watcher_rearrange.plugin.readers import watcher_model
from watcher_rearrange.plugin.readers import zones


def reading(pinned_az):
    instance = builders.instance_element('a', pinned_az=pinned_az)
    return watcher_model.read(
        builders.model(
            [builders.node_element('cmp01'), builders.node_element('cmp02')],
            {'cmp01': [instance]},
        )
    )


class TestZones(unittest.TestCase):
    def setUp(self):
        super().setUp()
        patcher = mock.patch.object(nova_helper, 'NovaHelper')
        self.m_nova = patcher.start()
        self.addCleanup(patcher.stop)
        self.m_nova.return_value.get_service_list.return_value = [
            dataclasses.replace(builders.service('cmp01'), zone='az1')
        ]

    def test_zones_of_the_services(self):
        found = zones.add(reading('az1')).snapshot.compute_nodes
        self.assertEqual(
            {'cmp01': 'az1', 'cmp02': 'nova'},
            {node.hostname: node.availability_zone for node in found},
        )

    def test_nova_is_not_asked_where_nothing_is_pinned(self):
        before = reading('')
        self.assertIs(before, zones.add(before))
        self.m_nova.assert_not_called()

    def test_nova_does_not_answer(self):
        self.m_nova.side_effect = OSError('no route')
        after = zones.add(reading('az1'))
        self.assertIn('no route', after.messages[0])
        self.assertEqual(reading('az1').snapshot, after.snapshot)
