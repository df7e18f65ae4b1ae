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

"""Neutron's API, as far as plugins of Watcher use it."""

from __future__ import annotations

from typing import Any

from tests.embedded.documents import uuid_of
from tests.embedded.service import Request
from tests.embedded.service import Service
from tests.embedded.state import Server


class Neutron(Service):
    """Each server has one port; its metadata may say of which type."""

    name = 'network'

    def register(self) -> None:
        self.route('GET', '/', _versions)
        self.route('GET', '/v2.0/ports', _ports)

    def error(self, code: int, message: str) -> Any:
        return {'NeutronError': {'type': str(code), 'message': message}}


def _versions(request: Request) -> tuple[int, Any]:
    links = [{'rel': 'self', 'href': f'{request.url}/v2.0/'}]
    version = {'id': 'v2.0', 'status': 'CURRENT', 'links': links}
    return 200, {'versions': [version]}


def _port(server: Server) -> dict[str, Any]:
    metadata = server.document.get('metadata', {})
    return {
        'id': uuid_of('port', server.uuid),
        'device_id': server.uuid,
        'binding:vnic_type': metadata.get('port', 'normal'),
        'binding:host_id': server.host,
        'resource_request': None,
    }


def _ports(request: Request) -> tuple[int, Any]:
    """Answer with a page of the ports, in the order of their ids."""
    with request.cloud.present() as state:
        ports = [_port(server) for server in state.servers.values()]
    ports.sort(key=lambda port: str(port['id']))
    marker = request.query.get('marker', '')
    limit = int(request.query['limit'])
    page = [port for port in ports if str(port['id']) > marker][:limit]
    links = [{'rel': 'previous', 'href': ''}]
    if len(page) == limit:
        links.append({'rel': 'next', 'href': ''})
    return 200, {'ports': page, 'ports_links': links}
