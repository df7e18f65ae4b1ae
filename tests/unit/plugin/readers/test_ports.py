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

"""Ports of Neutron."""

from __future__ import annotations

from unittest import mock
from urllib import parse

from keystoneauth1 import exceptions as ksa_exceptions
from oslo_config import cfg

from tests.unit.plugin.readers import base
from tests.unit.plugin.readers import recording
from watcher_rearrange.plugin import messages
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import missed
from watcher_rearrange.plugin.readers import ports


C, D = recording.UUIDS['c'], recording.UUIDS['d']
DIRECT = ports.DEVICE.format('direct')
KINDS = (
    'direct',
    'direct-physical',
    'macvtap',
    'vdpa',
    'accelerator-direct',
    'accelerator-direct-physical',
    'remote-managed',
    'smart-nic',
    'virtio-forwarder',
    'baremetal',
    'of tomorrow',
)


def read():
    return ports.read(missed.Missed())


class TestPorts(base.ReadingTestCase):
    def asked(self, place):
        return [path for path in self.adapter.asked if place in path]

    def test_who_stays(self):
        self.assertEqual({C: DIRECT, D: ports.PROMISED}, read())

    def test_only_what_is_needed_is_asked_for_page_by_page(self):
        read()
        pages = self.asked('/ports')
        self.assertEqual(3, len(pages))
        query = parse.parse_qs(parse.urlsplit(pages[1]).query)
        self.assertEqual(list(ports.FIELDS), query['fields'])
        self.assertEqual(['1000'], query['limit'])
        second = self.adapter.document['ports'][1]['id']
        self.assertEqual([second], query['marker'])

    def test_the_last_page_may_be_full(self):
        del self.adapter.document['ports'][4]
        self.assertEqual({C, D}, set(read()))

    def test_every_type_but_the_normal_one(self):
        for kind in KINDS:
            self.adapter.document['ports'][0]['binding:vnic_type'] = kind
            self.adapter.document['ports'][1]['binding:vnic_type'] = 'normal'
            self.assertEqual(ports.DEVICE.format(kind), read()[C])

    def test_what_is_promised_by_an_older_neutron(self):
        port = self.adapter.document['ports'][0]
        for request, expected in (
            ({'required': ['A'], 'resources': {'X': 1}}, ports.PROMISED),
            ({}, None),
            (None, None),
        ):
            self.adapter.document['ports'][1]['binding:vnic_type'] = 'normal'
            port['resource_request'] = request
            self.assertEqual(expected, read().get(C))

    def test_a_neutron_that_promises_nothing(self):
        for port in self.adapter.document['ports']:
            del port['resource_request']
        self.adapter.document['extensions'] = []
        self.assertEqual({C: DIRECT}, read())

    def test_a_policy_that_hides_what_is_promised(self):
        for port in self.adapter.document['ports'][:2]:
            del port['resource_request']
        self.assert_unreadable('get_port:resource_request', read)

    def test_a_user_who_sees_only_its_own(self):
        for port in self.adapter.document['ports']:
            del port['binding:host_id']
        self.assert_unreadable('administrators only', read)

    def test_a_neutron_without_ports(self):
        self.adapter.document['ports'] = []
        self.assertEqual({}, read())

    def test_none_although_instances_have_addresses(self):
        self.adapter.document['ports'] = []
        self.assert_unreadable(
            'administrators only', ports.read, missed.Missed(), True
        )

    def test_a_port_that_is_deleted_meanwhile(self):
        original = self.adapter.get

        def get(path, **given):
            if 'marker' in path and len(self.adapter.document['ports']) == 5:
                del self.adapter.document['ports'][1]
            return original(path, **given)

        self.adapter.get = get
        self.assertEqual({D: ports.PROMISED}, read())

    def test_ports_that_change_all_the_time(self):
        self.adapter.troubles = {'/ports': recording.always(404)}
        self.assert_unreadable('HTTP 404', read)
        self.assertEqual(ports.TRIES, len(self.asked('/ports')))

    def test_transient_errors_are_tried_again(self):
        half = '{"ports": ['
        for trouble in (500, 503, 429, base.TIMEOUT, half, OSError()):
            self.adapter.troubles = {'/ports': [trouble, trouble]}
            with self.subTest(trouble=trouble):
                self.assertEqual({C, D}, set(read()))

    def test_errors(self):
        for trouble in (
            *(401, 403, 503, base.TIMEOUT, '[]', '{}'),
            '{"ports": [{"id": "x", "binding:host_id": "cmp01"}]}',
        ):
            self.adapter.troubles = {'/ports': recording.always(trouble)}
            with self.subTest(trouble=trouble):
                self.assert_unreadable('Neutron cannot be read', read)

    def test_the_option_is_named_however_much_neutron_says(self):
        words = '{"NeutronError": {"message": "%s"}}' % ('no ' * 99)
        answer = recording.Answer(403, words)
        with mock.patch.object(self.adapter, 'get', return_value=answer):
            with self.assertRaises(api.Unreadable) as raised:
                read()
        shown = messages.no_plan([str(raised.exception)])
        self.assertIn('HTTP 403: no no', shown)
        self.assertTrue(shown.endswith('require_neutron = false'))

    def test_the_option_is_named(self):
        self.adapter.troubles = {'/ports': recording.always(403)}
        self.assert_unreadable(
            'HTTP 403; to plan without it: [watcher_rearrange] '
            'require_neutron = false',
            read,
        )

    def test_a_slow_server(self):
        with mock.patch.object(api.time, 'monotonic') as m_monotonic:
            m_monotonic.side_effect = [0.0, 1.0, 2.0, 901.0]
            self.assert_unreadable('not done after 900 s', read)
        self.assertEqual(1, len(self.asked('/ports')))

    def test_every_request_has_a_timeout(self):
        read()
        self.assertEqual(api.TIMEOUT_S, self.helper.connection.session.timeout)


class TestCatalogue(base.ReadingTestCase):
    def test_no_endpoint(self):
        for found in ({}, {'network': []}):
            self.catalogue.clear()
            self.catalogue.update(found)
            with self.assertLogs(ports.LOG.logger, 'INFO') as logs:
                self.assertEqual({}, read())
            self.assertIn('no ports are read', logs.output[0])
        self.assertEqual([], self.adapter.asked)

    def test_one_of_another_region_or_kind_is_there_too(self):
        read()
        self.m_endpoints.assert_called_once_with(service_type='network')

    def test_an_endpoint_that_is_configured(self):
        self.catalogue.clear()
        config = self.helper.connection.config
        config.get_endpoint.return_value = 'http://neutron'
        self.assertEqual({C, D}, set(read()))
        config.get_endpoint.assert_called_with('network')

    def test_without_keystone(self):
        self.helper.connection.session.auth = object()
        self.assertEqual({}, read())

    def test_a_keystone_that_fails_at_first(self):
        for error in (
            ksa_exceptions.ConnectFailure('no'),
            ksa_exceptions.ServiceUnavailable(),
        ):
            self.m_endpoints.side_effect = [error, {'network': ['x']}]
            self.assertEqual({C, D}, set(read()))

    def test_a_keystone_that_fails(self):
        self.m_endpoints.side_effect = ksa_exceptions.Unauthorized('no')
        self.assert_unreadable(
            'Neutron cannot be read: GET the service catalogue', read
        )
        self.assertEqual(self.tries, self.m_endpoints.call_count)
        self.assertEqual([], self.adapter.asked)

    def test_it_is_looked_for_where_nova_is(self):
        base.set_option(self, 'region_name', 'north')
        read()
        self.assertEqual('north', cfg.CONF.neutron.region_name)


class TestWithout(base.ReadingTestCase):
    """Neutron need not be read."""

    def setUp(self):
        super().setUp()
        self.missed = missed.Missed()
        cfg.CONF.set_override(missed.NEUTRON, False, options.GROUP)
        self.addCleanup(cfg.CONF.clear_override, missed.NEUTRON, options.GROUP)

    def read(self):
        return ports.read(self.missed)

    def assert_missed(self, text):
        (message,) = self.missed.messages
        self.assertIn(text, message)
        self.assertIn('Nova may refuse', message)

    def test_all_is_well(self):
        self.assertEqual({C, D}, set(self.read()))
        self.assertEqual([], self.missed.messages)

    def test_errors(self):
        for trouble in (401, 403, 503, base.TIMEOUT, '[]', '{}'):
            self.missed = missed.Missed()
            self.adapter.troubles = {'/ports': recording.always(trouble)}
            with self.subTest(trouble=trouble):
                self.assertEqual({}, self.read())
                self.assert_missed('Neutron cannot be read')

    def test_a_keystone_that_fails(self):
        self.m_endpoints.side_effect = ksa_exceptions.Unauthorized('no')
        self.assertEqual({}, self.read())
        self.assert_missed('the service catalogue')

    def test_what_is_shown_counts(self):
        for port in self.adapter.document['ports']:
            del port['resource_request']
        self.assertEqual({C: DIRECT}, self.read())
        self.assert_missed('get_port:resource_request')

    def test_a_user_who_sees_only_its_own(self):
        for port in self.adapter.document['ports']:
            del port['binding:host_id']
        self.assertEqual({C, D}, set(self.read()))
        self.assert_missed('administrators only')

    def test_one_port_that_is_not_understood(self):
        del self.adapter.document['ports'][0]['binding:vnic_type']
        self.assertIn(D, self.read())
        self.assert_missed('not understood')

    def test_what_is_no_port(self):
        direct = {
            'id': 'p',
            'device_id': C,
            'binding:vnic_type': 'direct',
            'binding:host_id': 'cmp01',
            'resource_request': None,
        }
        with mock.patch.object(ports, '_all', return_value=[None, direct]):
            self.assertEqual({C: DIRECT}, self.read())
        self.assert_missed('not understood: TypeError')
