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

"""The HTTP side of the embedded cloud, as a client sees it."""

from __future__ import annotations

import unittest

from typing import Any

import requests

from tests.embedded.api import CloudApi
from tests.embedded.cloud import Cloud
from tests.embedded.documents import uuid_of
from tests.embedded.wsgi import WSGIServer
from tests.unit.embedded import samples


ONE = samples.uuid_of(1)


class ApiTestCase(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = samples.Clock()
        self.cloud = self.make_cloud()
        server = WSGIServer(CloudApi(self.cloud))
        server.start()
        self.addCleanup(server.stop)
        self.url = server.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.addCleanup(self.session.close)

    def make_cloud(self) -> Cloud:
        return samples.cloud(
            self.clock,
            instances=[
                samples.instance(
                    number,
                    'cmp1',
                    metadata={'n': str(number)},
                    locked=number == 1,
                    pinned_az='nova',
                    required_traits=['CUSTOM_A'] if number == 5 else [],
                )
                for number in range(1, 6)
            ],
            server_groups=[
                {
                    'uuid': samples.uuid_of(99),
                    'name': 'db',
                    'policy': 'anti-affinity',
                    'max_server_per_host': 2,
                    'members': [ONE],
                }
            ],
            aggregates=[
                {'name': 'gold', 'hosts': ['cmp1'], 'metadata': {'ssd': '1'}}
            ],
        )

    def call(
        self, method: str, path: str, version: str = '2.96', **kwargs: Any
    ) -> requests.Response:
        service = path.split('/')[1]
        return self.session.request(
            method,
            self.url + path,
            headers={'OpenStack-API-Version': f'{service} {version}'},
            timeout=10,
            **kwargs,
        )

    def nova(self, path: str, version: str = '2.96') -> Any:
        response = self.call('GET', f'/compute/v2.1{path}', version)
        self.assertEqual(200, response.status_code, response.text)
        return response.json()

    def act(self, name: str, parameters: Any) -> requests.Response:
        return self.call(
            'POST',
            f'/compute/v2.1/servers/{ONE}/action',
            json={name: parameters},
        )

    def placement(self, path: str) -> Any:
        response = self.call('GET', f'/placement{path}', '1.39')
        self.assertEqual(200, response.status_code, response.text)
        return response.json()


class NovaTest(ApiTestCase):
    def test_server(self) -> None:
        server = self.nova(f'/servers/{ONE}')['server']
        self.assertEqual(2, server['flavor']['vcpus'])
        self.assertEqual(1024, server['flavor']['ram'])
        self.assertEqual(10, server['flavor']['disk'])
        self.assertTrue(server['locked'])
        self.assertEqual({'n': '1'}, server['metadata'])
        self.assertEqual('nova', server['pinned_availability_zone'])
        self.assertEqual('ACTIVE', server['status'])
        self.assertEqual('cmp1', server['OS-EXT-SRV-ATTR:host'])
        self.assertEqual([samples.uuid_of(99)], server['server_groups'])

    def test_traits_are_in_the_flavor(self) -> None:
        server = self.nova(f'/servers/{samples.uuid_of(5)}')['server']
        self.assertEqual(
            {'trait:CUSTOM_A': 'required'}, server['flavor']['extra_specs']
        )
        self.assertEqual(2, len(self.nova('/flavors/detail')['flavors']))

    def test_servers_page_by_page(self) -> None:
        path = '/servers/detail?host=cmp1&limit=2'
        found = []
        pages = 0
        while path:
            page = self.nova(path)
            pages += 1
            found += [server['id'] for server in page['servers']]
            links = page.get('servers_links')
            path = links[0]['href'].split('/v2.1')[1] if links else ''
        self.assertEqual([samples.uuid_of(n) for n in range(1, 6)], found)
        self.assertEqual(3, pages)

    def test_servers_of_a_host(self) -> None:
        self.assertEqual([], self.nova('/servers/detail?host=cmp2')['servers'])
        self.assertEqual([], self.nova('/servers/detail?limit=0')['servers'])
        found = self.nova(f'/servers/detail?uuid={ONE}&all_tenants=True')
        self.assertEqual(1, len(found['servers']))

    def test_unknown_marker_and_server(self) -> None:
        response = self.call('GET', '/compute/v2.1/servers?marker=x')
        self.assertEqual(400, response.status_code)
        response = self.call('GET', '/compute/v2.1/servers/x')
        self.assertEqual(404, response.status_code)
        self.assertEqual(
            {
                'itemNotFound': {
                    'code': 404,
                    'message': 'Instance x could not be found.',
                }
            },
            response.json(),
        )

    def test_live_migration(self) -> None:
        parameters = {'host': 'cmp2', 'block_migration': 'auto'}
        response = self.act('os-migrateLive', parameters)
        self.assertEqual(202, response.status_code, response.text)
        server = self.nova(f'/servers/{ONE}')['server']
        self.assertEqual('MIGRATING', server['status'])
        self.assertEqual('migrating', server['OS-EXT-STS:task_state'])
        self.assertEqual('cmp1', server['OS-EXT-SRV-ATTR:host'])
        migration = self.nova(f'/servers/{ONE}/migrations')['migrations'][0]
        self.assertEqual('running', migration['status'])
        self.assertEqual('cmp2', migration['dest_compute'])

        self.clock.now_s += 10
        server = self.nova(f'/servers/{ONE}')['server']
        self.assertEqual('ACTIVE', server['status'])
        self.assertEqual('cmp2', server['OS-EXT-SRV-ATTR:host'])
        path = f'/servers/{ONE}/migrations'
        self.assertEqual([], self.nova(path)['migrations'])
        history = self.nova(f'/os-migrations?instance_uuid={ONE}')
        self.assertEqual('completed', history['migrations'][0]['status'])

    def test_abort(self) -> None:
        self.act('os-migrateLive', {'host': 'cmp2'})
        path = f'/compute/v2.1/servers/{ONE}/migrations/'
        self.assertEqual(404, self.call('DELETE', path + '7').status_code)
        self.assertEqual(202, self.call('DELETE', path + '1').status_code)
        self.clock.now_s += 10
        self.assertEqual('cmp1', self.cloud.host_of(ONE))

    def test_cold_migration(self) -> None:
        self.assertEqual(202, self.act('os-stop', None).status_code)
        self.assertEqual(
            202, self.act('migrate', {'host': 'cmp2'}).status_code
        )
        path = f'/servers/{ONE}'
        self.assertEqual('RESIZE', self.nova(path)['server']['status'])
        self.clock.now_s += 10
        self.assertEqual('VERIFY_RESIZE', self.nova(path)['server']['status'])
        self.assertEqual(204, self.act('confirmResize', None).status_code)
        self.assertEqual('SHUTOFF', self.nova(path)['server']['status'])
        self.assertEqual(202, self.act('os-start', None).status_code)
        self.assertEqual(409, self.act('os-start', None).status_code)

    def test_no_valid_host(self) -> None:
        self.cloud.set_service('cmp2', 'disabled')
        response = self.act('os-migrateLive', {'host': 'cmp2'})
        self.assertEqual(400, response.status_code)
        message = response.json()['badRequest']['message']
        self.assertTrue(message.startswith('No valid host was found. '))
        self.assertEqual(1, len(self.cloud.refusals))

    def test_conflict(self) -> None:
        self.act('os-migrateLive', {'host': 'cmp2'})
        response = self.act('os-migrateLive', {'host': 'cmp3'})
        self.assertEqual(409, response.status_code)
        self.assertIn('conflictingRequest', response.json())

    def test_microversions(self) -> None:
        response = self.call('GET', '/compute/v2.1/servers', '2.999')
        self.assertEqual(406, response.status_code)
        response = self.call(
            'POST',
            f'/compute/v2.1/servers/{ONE}/action',
            '2.1',
            json={'migrate': {'host': 'cmp2'}},
        )
        self.assertEqual(400, response.status_code)
        version = self.nova('/')['version']
        self.assertEqual(
            ('2.1', 'v2.1'), (version['min_version'], version['id'])
        )

    def test_hypervisors(self) -> None:
        path = '/os-hypervisors/detail'
        query = '?hypervisor_hostname_pattern=cmp1&with_servers=True'
        new = self.nova(path + query, '2.88')['hypervisors'][0]
        self.assertEqual(5, len(new['servers']))
        self.assertNotIn('vcpus', new)
        old = self.nova(path, '2.53')['hypervisors'][0]
        self.assertNotIn('servers', old)
        self.assertEqual((10, 10), (old['vcpus'], old['vcpus_used']))
        response = self.call(
            'GET', f'/compute/v2.1{path}?hypervisor_hostname_pattern=x'
        )
        self.assertEqual(404, response.status_code)

    def test_exact_name_comes_first(self) -> None:
        with self.cloud.present() as state:
            state.hosts['cmp2'].name = 'a-cmp3'
        path = '/os-hypervisors/detail?hypervisor_hostname_pattern=cmp3'
        found = self.nova(path)['hypervisors']
        self.assertEqual(
            ['cmp3', 'a-cmp3'],
            [hypervisor['hypervisor_hostname'] for hypervisor in found],
        )

    def test_services(self) -> None:
        services = self.nova('/os-services')['services']
        self.assertEqual(5, len(services))
        path = '/os-services?binary=nova-compute&host=cmp2'
        service = self.nova(path)['services'][0]
        url = f'/compute/v2.1/os-services/{service["id"]}'
        body = {'status': 'disabled', 'disabled_reason': 'why'}
        response = self.call('PUT', url, json=body)
        self.assertEqual('disabled', response.json()['service']['status'])
        self.assertEqual(
            'why', self.nova(path)['services'][0]['disabled_reason']
        )
        response = self.call('PUT', url, json={**body, 'status': 'enabled'})
        self.assertEqual(400, response.status_code)
        response = self.call('PUT', url, json={'status': 'enabled'})
        self.assertIsNone(response.json()['service']['disabled_reason'])

    def test_aggregates_and_groups(self) -> None:
        aggregate = self.nova('/os-aggregates')['aggregates'][0]
        self.assertEqual(['cmp1'], aggregate['hosts'])
        group = self.nova('/os-server-groups', '2.64')['server_groups'][0]
        self.assertEqual('anti-affinity', group['policy'])
        self.assertEqual({'max_server_per_host': 2}, group['rules'])
        group = self.nova('/os-server-groups', '2.63')['server_groups'][0]
        self.assertEqual(['anti-affinity'], group['policies'])

    def test_what_it_does_not_know(self) -> None:
        response = self.call('GET', '/compute/v2.1/os-keypairs')
        self.assertEqual(501, response.status_code)
        self.assertIn('os-keypairs', response.text)
        response = self.call('PUT', '/compute/v2.1/servers/detail')
        self.assertEqual(405, response.status_code)
        self.assertEqual(400, self.act('rebuild', {}).status_code)


class PlacementTest(ApiTestCase):
    def test_provider(self) -> None:
        path = '/resource_providers?name=cmp1'
        provider = self.placement(path)['resource_providers'][0]
        self.assertEqual(uuid_of('compute', 'cmp1'), provider['uuid'])
        base = f'/resource_providers/{provider["uuid"]}'
        inventories = self.placement(f'{base}/inventories')['inventories']
        self.assertEqual(2.0, inventories['VCPU']['allocation_ratio'])
        self.assertEqual(1024, inventories['MEMORY_MB']['reserved'])
        self.assertEqual(
            {'VCPU': 10, 'MEMORY_MB': 5120, 'DISK_GB': 50},
            self.placement(f'{base}/usages')['usages'],
        )
        self.assertEqual([], self.placement(f'{base}/traits')['traits'])
        aggregate = self.nova('/os-aggregates')['aggregates'][0]
        self.assertEqual(
            [aggregate['uuid']],
            self.placement(f'{base}/aggregates')['aggregates'],
        )

    def test_allocations_while_it_migrates(self) -> None:
        self.act('os-migrateLive', {'host': 'cmp2'})
        held = self.placement(f'/allocations/{ONE}')['allocations']
        self.assertEqual([uuid_of('compute', 'cmp2')], [*held])
        migration = self.nova(f'/servers/{ONE}/migrations')['migrations'][0]
        path = f'/resource_providers/{uuid_of("compute", "cmp1")}/allocations'
        consumers = self.placement(path)['allocations']
        self.assertNotIn(ONE, consumers)
        self.assertEqual(
            {'VCPU': 2, 'MEMORY_MB': 1024, 'DISK_GB': 10},
            consumers[migration['uuid']]['resources'],
        )

    def test_another_consumer(self) -> None:
        consumer = self.cloud.reserve('cmp1', {'VCPU': 2})
        uuid = uuid_of('compute', 'cmp1')
        path = f'/resource_providers/{uuid}/allocations'
        self.assertEqual(
            {'resources': {'VCPU': 2}},
            self.placement(path)['allocations'][consumer],
        )

    def test_what_there_is_not(self) -> None:
        nobody = self.placement(f'/allocations/{samples.uuid_of(77)}')
        self.assertEqual({}, nobody['allocations'])
        response = self.call(
            'GET', '/placement/resource_providers/x/usages', '1.39'
        )
        self.assertEqual(404, response.status_code)
        self.assertEqual(404, response.json()['errors'][0]['status'])


class FaultTest(ApiTestCase):
    def test_status(self) -> None:
        self.cloud.break_api(status=503, path='/compute')
        response = self.call('GET', '/compute/v2.1/servers')
        self.assertEqual(503, response.status_code)
        self.assertIn('serviceUnavailable', response.json())
        self.placement('/resource_providers')
        self.cloud.break_api()
        self.nova('/servers')

    def test_hanging_ends_when_it_is_mended(self) -> None:
        self.cloud.break_api(hang_s=600)
        with self.assertRaises(requests.Timeout):
            self.session.get(f'{self.url}/compute/v2.1/', timeout=0.2)
        self.cloud.break_api()
        self.nova('/servers')
