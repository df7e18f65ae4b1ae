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

"""The part of Nova's compute API that shows hosts and how they belong."""

from __future__ import annotations

from typing import Any

from tests.embedded import nova_views
from tests.embedded.paging import MAX_LIMIT
from tests.embedded.paging import links_body
from tests.embedded.paging import page_of
from tests.embedded.service import Request
from tests.embedded.service import Service
from tests.embedded.state import Host
from tests.embedded.state import Refused
from tests.embedded.state import State


Answer = tuple[int, Any]


def register(nova: Service) -> None:
    """Add the routes."""
    for path, handler in (
        ('/v2.1/os-hypervisors', _hypervisors),
        ('/v2.1/os-hypervisors/detail', _hypervisors),
        ('/v2.1/os-hypervisors/*', _hypervisor),
        ('/v2.1/os-services', _services),
        ('/v2.1/os-aggregates', _aggregates),
        ('/v2.1/os-aggregates/*', _aggregate),
        ('/v2.1/os-server-groups', _server_groups),
        ('/v2.1/os-server-groups/*', _server_group),
    ):
        nova.route('GET', path, handler)


def _hypervisors(request: Request) -> Answer:
    pattern = request.query.get('hypervisor_hostname_pattern')
    links: list[dict[str, str]] = []
    with request.cloud.present() as state:
        hosts = list(state.hosts.values())
        if pattern is not None:
            hosts = _matching(hosts, pattern)
        else:
            hosts, links = page_of(request, hosts, 'uuid')
        items = [_hypervisor_body(request, state, host) for host in hosts]
    return 200, {'hypervisors': items, **links_body('hypervisors', links)}


def _matching(hosts: list[Host], pattern: str) -> list[Host]:
    found = [host for host in hosts if pattern in host.name]
    if not found:
        raise Refused(
            404, f"No hypervisor matching '{pattern}' could be found."
        )
    # Watcher takes the first, as if the match was exact; the database of a
    # real Nova gives them in no order that one could rely on.
    return sorted(found, key=lambda host: host.name != pattern)


def _hypervisor(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        host = state.host_of_uuid.get(uuid)
        if host is None:
            raise Refused(
                404, f"Hypervisor with ID '{uuid}' could not be found."
            )
        return 200, {'hypervisor': _hypervisor_body(request, state, host)}


def _hypervisor_body(
    request: Request, state: State, host: Host
) -> dict[str, Any]:
    with_servers = request.query.get('with_servers', '').lower()
    return nova_views.hypervisor_view(
        state,
        host,
        old=request.microversion < (2, 88),
        full=with_servers in ('true', '1', 'yes'),
    )


def _services(request: Request) -> Answer:
    query = request.query
    with request.cloud.present() as state:
        services = [
            nova_views.controller_view('nova-conductor'),
            nova_views.controller_view('nova-scheduler'),
        ]
        services += [
            nova_views.service_view(host) for host in state.hosts.values()
        ]
    return 200, {
        'services': [
            service
            for service in services
            if query.get('host') in (None, service['host'])
            and query.get('binary') in (None, service['binary'])
        ]
    }


def _aggregate_views(request: Request) -> list[dict[str, Any]]:
    with request.cloud.present() as state:
        return [
            nova_views.aggregate_view(number, aggregate)
            for number, aggregate in enumerate(state.aggregates, 1)
        ]


def _aggregates(request: Request) -> Answer:
    return 200, {'aggregates': _aggregate_views(request)}


def _aggregate(request: Request, number: str) -> Answer:
    for view in _aggregate_views(request):
        if str(view['id']) == number:
            return 200, {'aggregate': view}
    raise Refused(404, f'Aggregate {number} could not be found.')


def _group_views(request: Request) -> list[dict[str, Any]]:
    with request.cloud.present() as state:
        return [
            nova_views.group_view(state, group, request.microversion < (2, 64))
            for group in state.groups
        ]


def _server_groups(request: Request) -> Answer:
    offset = int(request.query.get('offset', 0))
    limit = min(int(request.query.get('limit', MAX_LIMIT)), MAX_LIMIT)
    views = _group_views(request)[offset : offset + limit]
    return 200, {'server_groups': views}


def _server_group(request: Request, uuid: str) -> Answer:
    for view in _group_views(request):
        if view['id'] == uuid:
            return 200, {'server_group': view}
    raise Refused(404, f'Instance group {uuid} could not be found.')
