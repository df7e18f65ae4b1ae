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

"""What the tests of reading have in common."""

from __future__ import annotations

import unittest

from unittest import mock

from keystoneauth1 import exceptions as ksa_exceptions
from oslo_config import cfg
from watcher.common import nova_helper
from watcher.common import placement_helper

from tests.unit.plugin.readers import recording
from watcher_rearrange.plugin.readers import api


TIMEOUT = ksa_exceptions.ConnectTimeout('too late')


class ReadingTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.adapter = recording.Adapter()
        helper = self.helper = mock.Mock()
        helper.connection.compute = self.adapter
        helper.connection.placement = self.adapter
        helper.connection.image = self.adapter
        helper.connection.network = self.adapter
        helper.connection.config.get_endpoint.return_value = None
        catalogue = self.catalogue = {'network': ['of Neutron']}
        access = helper.connection.session.auth.get_access.return_value
        endpoints = access.service_catalog.get_endpoints_data
        endpoints.side_effect = lambda **_: catalogue
        self.m_endpoints = endpoints
        for module, name in (
            (nova_helper, 'NovaHelper'),
            (placement_helper, 'PlacementHelper'),
        ):
            patcher = mock.patch.object(module, name, return_value=helper)
            self.m_helper = patcher.start()
            self.addCleanup(patcher.stop)
        patcher = mock.patch.object(api.time, 'sleep')
        self.m_sleep = patcher.start()
        self.addCleanup(patcher.stop)
        self.tries = cfg.CONF.nova.http_retries + 1

    def uuids(self, *names):
        providers = recording.RECORDED['providers']
        return [providers[name]['uuid'] for name in names]

    def assert_unreadable(self, text, read, *args):
        with self.assertRaises(api.Unreadable) as raised:
            read(*args)
        self.assertIn(text, str(raised.exception))


def set_option(test: unittest.TestCase, name: str, value: str) -> None:
    """Set an option of ``[nova]`` for a test."""
    cfg.CONF.set_override(name, value, 'nova')
    test.addCleanup(cfg.CONF.clear_override, name, 'nova')
