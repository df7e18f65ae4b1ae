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

"""Nova's compute API, as far as Watcher and its plugins use it."""

from __future__ import annotations

import re

from typing import Any

from tests.embedded import nova_actions
from tests.embedded import nova_hosts
from tests.embedded import nova_views
from tests.embedded.paging import links_body
from tests.embedded.paging import page_of
from tests.embedded.service import Request
from tests.embedded.service import Service
from tests.embedded.state import Refused
from tests.embedded.state import Server
from tests.embedded.state import State


Answer = tuple[int, Any]

_ERRORS = {
    400: 'badRequest',
    404: 'itemNotFound',
    405: 'badMethod',
    409: 'conflictingRequest',
    503: 'serviceUnavailable',
}


class Nova(Service):
    name = 'compute'
    minimum = (2, 1)
    maximum = (2, 100)

    def register(self) -> None:
        for path, handler in (
            ('/', _versions),
            ('/v2.1', _version),
            ('/v2.1/servers', _servers),
            ('/v2.1/servers/detail', _servers_detail),
            ('/v2.1/servers/*', _server),
            ('/v2.1/servers/*/migrations', _server_migrations),
            ('/v2.1/servers/*/migrations/*', _server_migration),
            ('/v2.1/flavors', _flavors),
            ('/v2.1/flavors/detail', _flavors),
            ('/v2.1/flavors/*', _flavor),
            ('/v2.1/os-migrations', _migrations),
        ):
            self.route('GET', path, handler)
        nova_hosts.register(self)
        nova_actions.register(self)

    def error(self, code: int, message: str) -> Any:
        key = _ERRORS.get(code, 'computeFault')
        return {key: {'code': code, 'message': message}}


def _version_body(request: Request) -> dict[str, Any]:
    return {
        'id': 'v2.1',
        'status': 'CURRENT',
        'version': '.'.join(map(str, Nova.maximum)),
        'min_version': '.'.join(map(str, Nova.minimum)),
        'updated': '2013-07-23T11:33:21Z',
        'links': [{'rel': 'self', 'href': f'{request.url}/v2.1/'}],
    }


def _versions(request: Request) -> Answer:
    return 200, {'versions': [_version_body(request)]}


def _version(request: Request) -> Answer:
    return 200, {'version': _version_body(request)}


def _servers(request: Request) -> Answer:
    with request.cloud.present() as state:
        page, links = page_of(request, _filter(request, state), 'uuid')
        items = [{'id': s.uuid, 'name': s.name, 'links': []} for s in page]
    return 200, {'servers': items, **links_body('servers', links)}


def _servers_detail(request: Request) -> Answer:
    with request.cloud.present() as state:
        page, links = page_of(request, _filter(request, state), 'uuid')
        items = [nova_views.server_view(state, server) for server in page]
    return 200, {'servers': items, **links_body('servers', links)}


def _filter(request: Request, state: State) -> list[Server]:
    query = request.query
    if 'host' in query:
        uuids = list(state.on_host.get(query['host'], ()))
        servers = [state.servers[uuid] for uuid in uuids]
    else:
        servers = list(state.servers.values())
    project = query.get('project_id') or query.get('tenant_id')
    return [
        server
        for server in servers
        if query.get('uuid') in (None, server.uuid)
        and query.get('status') in (None, nova_views.status_of(server))
        and project in (None, server.document.get('project_id'))
        and (server.state != 'soft-delete' or 'soft_deleted' in query)
        and re.search(query.get('name', ''), server.name)
    ]


def _server(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        body = nova_views.server_view(state, state.server(uuid))
        body['server_groups'] = [
            group.uuid for group in state.groups_of.get(uuid, ())
        ]
    return 200, {'server': body}


def _server_migrations(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        state.server(uuid)
        running = state.running(uuid)
        shown = [nova_views.migration_view(running)] if running else []
    return 200, {'migrations': shown}


def _server_migration(request: Request, uuid: str, number: str) -> Answer:
    with request.cloud.present() as state:
        state.server(uuid)
        running = state.running(uuid)
        if running is None or str(running.number) != number:
            raise Refused(
                404,
                f'In-progress live migration {number} is not found for '
                f'server {uuid}.',
            )
        return 200, {'migration': nova_views.migration_view(running)}


def _migrations(request: Request) -> Answer:
    query = request.query
    with request.cloud.present() as state:
        found = [
            migration
            for migration in reversed(state.migrations)
            if query.get('instance_uuid') in (None, migration.server)
            and query.get('status') in (None, migration.status)
            and query.get('migration_type') in (None, migration.kind)
            and query.get('source_compute') in (None, migration.source)
            and query.get('host')
            in (None, migration.source, migration.destination)
        ]
        page, links = page_of(request, found, 'uuid')
        shown = [nova_views.migration_view(item) for item in page]
    return 200, {'migrations': shown, **links_body('migrations', links)}


def _flavors_of(request: Request) -> dict[str, dict[str, Any]]:
    with request.cloud.present() as state:
        flavors = [
            nova_views.flavor_view(nova_views.flavor_of(server))
            for server in state.servers.values()
        ]
    return {flavor['id']: flavor for flavor in flavors}


def _flavors(request: Request) -> Answer:
    return 200, {'flavors': list(_flavors_of(request).values())}


def _flavor(request: Request, flavor_id: str) -> Answer:
    flavor = _flavors_of(request).get(flavor_id)
    if flavor is None:
        raise Refused(404, f'Flavor {flavor_id} could not be found.')
    return 200, {'flavor': flavor}
