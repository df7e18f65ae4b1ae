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

"""Reading Nova and Placement: pages, retries, and what goes wrong."""

from __future__ import annotations

from unittest import mock

from oslo_config import cfg

from tests.unit.plugin.readers import base
from tests.unit.plugin.readers import recording
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import placement


class TestNova(base.ReadingTestCase):
    def test_servers_of_all_pages(self):
        servers = nova.read().servers
        self.assertEqual(
            {'a', 'b', 'c', 'd'}, {s.name for s in servers.values()}
        )
        pages = [p for p in self.adapter.asked if recording.SERVERS in p]
        self.assertEqual(3, len(pages))
        self.assertTrue(all('all_tenants=1' in page for page in pages))
        found = servers[recording.UUIDS['b']]
        self.assertEqual(
            ('cmp01', 'active', 'migrating', False),
            (found.host, found.vm_state, found.task_state, found.locked),
        )
        self.assertTrue(servers[recording.UUIDS['d']].locked)
        self.assertEqual('resized', servers[recording.UUIDS['a']].vm_state)

    def test_migrations_in_progress(self):
        found = {m.instance: m for m in nova.read().migrations}
        self.assertEqual(
            {
                recording.UUIDS['a']: ('cmp01', 'cmp06', 'finished'),
                recording.UUIDS['b']: ('cmp01', 'cmp03', 'running'),
            },
            {
                uuid: (m.source, m.destination, m.status)
                for uuid, m in found.items()
            },
        )

    def test_services(self):
        for service in self.adapter.document['services']:
            if service['host'] == 'cmp02':
                service['forced_down'] = True
        services = nova.read().services
        self.assertEqual({'cmp01', 'cmp02', 'cmp03', 'cmp06'}, set(services))
        self.assertEqual('up', services['cmp01'].state)
        self.assertEqual('down', services['cmp02'].state)

    def test_zones_that_instances_are_pinned_to(self):
        servers = self.adapter.document['servers']
        for server, zone in zip(servers, (None, 'az1'), strict=False):
            server['pinned_availability_zone'] = zone
        found = [server.pinned_az for server in nova.read().servers.values()]
        self.assertEqual(['', 'az1', None, None], found)

    def test_zones_are_asked_for_where_nova_has_them(self):
        for configured, asked in (
            ('2.56', '2.69'),
            ('2.95', '2.69'),
            ('2.96', '2.96'),
            ('2.100', '2.100'),
        ):
            cfg.CONF.set_override('api_version', configured, 'nova')
            self.addCleanup(cfg.CONF.clear_override, 'api_version', 'nova')
            with mock.patch.object(
                self.adapter, 'get', side_effect=self.adapter.get
            ) as m_get:
                nova.read()
            self.assertEqual(asked, m_get.call_args.kwargs['microversion'])

    def test_an_instance_that_is_nowhere(self):
        self.adapter.document['servers'][0]['OS-EXT-SRV-ATTR:host'] = None
        hosts = [server.host for server in nova.read().servers.values()]
        self.assertIn('', hosts)

    def test_who_is_connected(self):
        for server in self.adapter.document['servers']:
            server['addresses'] = {}
        self.adapter.document['servers'][0]['addresses'] = {'net': [{}]}
        found = [one.is_connected for one in nova.read().servers.values()]
        self.assertEqual([True, False, False, False], found)

    def test_every_request_has_a_timeout(self):
        nova.read()
        self.assertEqual(api.TIMEOUT_S, self.helper.connection.session.timeout)

    def test_transient_errors_are_tried_again(self):
        half = '{"servers": ['
        for trouble in (500, 503, 429, base.TIMEOUT, half, OSError()):
            self.adapter.troubles = {recording.SERVERS: [trouble, trouble]}
            with self.subTest(trouble=trouble):
                self.assertEqual(4, len(nova.read().servers))

    def test_it_gives_up(self):
        for place in (recording.SERVERS, '/os-migrations', '/os-services'):
            for trouble, text in (
                (500, 'HTTP 500'),
                (base.TIMEOUT, 'too late'),
                ('{"serv', 'JSONDecodeError'),
            ):
                self.adapter.troubles = {place: recording.always(trouble)}
                self.adapter.asked = []
                with self.subTest(place=place, trouble=trouble):
                    self.assert_unreadable(text, nova.read)
                    asked = [p for p in self.adapter.asked if place in p]
                    self.assertEqual(self.tries, len(asked))

    def test_what_is_forbidden_is_not_tried_again(self):
        for status in (401, 403, 404, 406):
            self.adapter.troubles = {recording.SERVERS: [status]}
            with self.subTest(status=status):
                self.assert_unreadable(f'HTTP {status}', nova.read)
        self.m_sleep.assert_not_called()

    def test_a_refusal_in_the_words_of_the_service(self):
        for body in (
            '{"forbidden": {"code": 403, "message": "Policy  says\\n no."}}',
            '{"errors": [{"status": 403, "detail": "Policy says no."}]}',
        ):
            answer = recording.Answer(403, body)
            with mock.patch.object(self.adapter, 'get', return_value=answer):
                self.assert_unreadable('HTTP 403: Policy says no.', nova.read)

    def test_a_refusal_of_a_proxy(self):
        for body in ('<html>', '[]', '""', '{"a": {}}'):
            answer = recording.Answer(403, body)
            with (
                mock.patch.object(self.adapter, 'get', return_value=answer),
                self.assertRaises(api.Unreadable) as raised,
            ):
                nova.read()
            self.assertTrue(str(raised.exception).endswith('HTTP 403'))

    def test_all_of_it_has_an_end(self):
        with mock.patch.object(api.time, 'monotonic') as m_monotonic:
            # The requests for services, two of migrations, then time is up.
            m_monotonic.side_effect = [0.0, 1.0, 2.0, 3.0, 901.0]
            self.assert_unreadable('not done after 900 s', nova.read)
        self.assertEqual(3, len(self.adapter.asked))
        self.m_sleep.assert_not_called()

    def test_a_cell_that_goes_meanwhile(self):
        original = self.adapter.get

        def get(path, **given):
            if recording.SERVERS in path:
                silent = {'binary': 'nova-compute', 'host': 'cmp77'}
                silent['status'] = 'UNKNOWN'
                self.adapter.document['services'].append(silent)
            return original(path, **given)

        self.adapter.get = get
        self.assert_unreadable('cmp77', nova.read)

    def test_no_connection(self):
        self.adapter.troubles = {'/': recording.always(base.TIMEOUT)}
        self.assert_unreadable('Nova cannot be read: GET /os-s', nova.read)
        self.assertEqual(self.tries - 1, self.m_sleep.call_count)

    def test_the_second_page_is_missing(self):
        original = self.adapter.get

        def get(path, **given):
            if 'marker' in path:
                return recording.Answer(500, '')
            return original(path, **given)

        self.adapter.get = get
        self.assert_unreadable('HTTP 500', nova.read)

    def test_pages_without_an_end(self):
        page = {
            'servers': recording.RECORDED['servers'][:2],
            'servers_links': [{}],
        }
        with mock.patch.object(
            recording,
            '_page',
            side_effect=[{'migrations': []}] * 11 + [page] * 3,
        ):
            self.assert_unreadable('comes again', nova.read)

    def test_half_answers(self):
        for change in (
            lambda d: d['servers'][3].pop('OS-EXT-SRV-ATTR:host'),
            lambda d: d['servers'][3].pop('OS-EXT-STS:task_state'),
            lambda d: d['migrations'][0].pop('instance_uuid'),
            lambda d: d['services'][2].pop('state'),
            lambda d: d.update(services=None),
        ):
            self.adapter.document = recording.Adapter().document
            change(self.adapter.document)
            self.assert_unreadable('not understood', nova.read)

    def test_a_cell_that_does_not_answer(self):
        self.adapter.document['services'].append(
            {'binary': 'nova-compute', 'host': 'cmp77', 'status': 'UNKNOWN'}
        )
        self.assert_unreadable('cmp77', nova.read)


class TestPlacement(base.ReadingTestCase):
    def test_providers(self):
        (uuid,) = self.uuids('cmp02')
        found = placement.read([uuid]).nodes[uuid]
        self.assertEqual(
            {
                'VCPU': records.Inventory(16, 0, 2.0, 16),
                'MEMORY_MB': records.Inventory(32768, 1024, 1.0, 32768),
                'DISK_GB': records.Inventory(500, 0, 1.0, 500),
            },
            found.inventories,
        )
        held = {'VCPU': 1, 'MEMORY_MB': 1024, 'DISK_GB': 1}
        self.assertEqual(
            {recording.UUIDS['c']: held, recording.UUIDS['d']: held},
            found.allocations,
        )

    def test_one_that_there_is_not(self):
        missing = '00000000-0000-4000-8000-000000000000'
        (uuid,) = self.uuids('cmp01')
        self.assertEqual({uuid}, set(placement.read([uuid, missing]).nodes))

    def test_transient_errors_are_tried_again(self):
        wanted = self.uuids('cmp01', 'cmp02')
        self.adapter.troubles = {'/allocations': [502, base.TIMEOUT, 500]}
        self.assertEqual(set(wanted), set(placement.read(wanted).nodes))

    def test_it_gives_up(self):
        for place in ('/inventories', '/allocations'):
            self.adapter.troubles = {place: recording.always(503)}
            with self.subTest(place=place):
                self.assert_unreadable(
                    'HTTP 503', placement.read, self.uuids('cmp01', 'cmp02')
                )

    def test_forbidden(self):
        self.adapter.troubles = {'/allocations': [403]}
        self.assert_unreadable('HTTP 403', placement.read, self.uuids('cmp01'))

    def test_half_answers(self):
        provider = self.adapter.document['providers']['cmp01']
        provider['inventories']['inventories']['VCPU'].pop('total')
        self.assert_unreadable(
            'not understood', placement.read, self.uuids('cmp01')
        )
