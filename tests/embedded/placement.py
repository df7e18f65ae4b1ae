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

"""Placement's API, as far as Watcher and its plugins use it."""

from __future__ import annotations

import dataclasses

from typing import Any

from tests.embedded.documents import uuid_of
from tests.embedded.service import Request
from tests.embedded.service import Service
from tests.embedded.state import Host
from tests.embedded.state import Refused
from tests.embedded.state import State


Answer = tuple[int, Any]

_GENERATION = {'resource_provider_generation': 1}
_TITLES = {404: 'Not Found', 405: 'Method Not Allowed'}


class Placement(Service):
    name = 'placement'
    minimum = (1, 0)
    maximum = (1, 39)

    def register(self) -> None:
        provider = '/resource_providers/*'
        for path, handler in (
            ('/', _versions),
            ('/resource_providers', _providers),
            (provider, _provider),
            (f'{provider}/inventories', _inventories),
            (f'{provider}/inventories/*', _inventory),
            (f'{provider}/traits', _traits),
            (f'{provider}/usages', _usages),
            (f'{provider}/allocations', _provider_allocations),
            (f'{provider}/aggregates', _aggregates),
            ('/allocations/*', _allocations),
        ):
            self.route('GET', path, handler)

    def error(self, code: int, message: str) -> Any:
        title = _TITLES.get(code, 'Error')
        return {
            'errors': [
                {
                    'status': code,
                    'title': title,
                    'detail': message,
                    'request_id': 'req-0',
                }
            ]
        }


def _versions(request: Request) -> Answer:
    version = {
        'id': 'v1.0',
        'status': 'CURRENT',
        'min_version': '.'.join(map(str, Placement.minimum)),
        'max_version': '.'.join(map(str, Placement.maximum)),
        'links': [{'rel': 'self', 'href': ''}],
    }
    return 200, {'versions': [version]}


def _host(state: State, uuid: str) -> Host:
    host = state.host_of_uuid.get(uuid)
    if host is None:
        raise Refused(
            404, f'No resource provider with uuid {uuid} found : No resource.'
        )
    return host


def _provider_view(host: Host) -> dict[str, Any]:
    return {
        'uuid': host.uuid,
        'name': host.name,
        'generation': 1,
        'parent_provider_uuid': None,
        'root_provider_uuid': host.uuid,
        'links': [],
    }


def _providers(request: Request) -> Answer:
    query = request.query
    uuid = query.get('uuid') or query.get('in_tree')
    with request.cloud.present() as state:
        found = [
            _provider_view(host)
            for host in state.hosts.values()
            if query.get('name') in (None, host.name)
            and uuid in (None, host.uuid)
            and query.get('required') in (None, *host.traits)
        ]
    return 200, {'resource_providers': found}


def _provider(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        return 200, _provider_view(_host(state, uuid))


def _inventories(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        inventories = {
            name: dataclasses.asdict(inventory)
            for name, inventory in _host(state, uuid).inventories.items()
        }
    return 200, {'inventories': inventories, **_GENERATION}


def _inventory(request: Request, uuid: str, name: str) -> Answer:
    with request.cloud.present() as state:
        inventory = _host(state, uuid).inventories.get(name)
        if inventory is None:
            raise Refused(404, f'No inventory of class {name} for {uuid}')
        return 200, {**dataclasses.asdict(inventory), **_GENERATION}


def _traits(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        traits = sorted(_host(state, uuid).traits)
    return 200, {'traits': traits, **_GENERATION}


def _usages(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        used = state.ledger.used(_host(state, uuid).name)
    return 200, {'usages': used, **_GENERATION}


def _provider_allocations(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        consumers = state.ledger.consumers(_host(state, uuid).name)
    allocations = {
        consumer: {'resources': dict(resources)}
        for consumer, resources in consumers.items()
    }
    return 200, {'allocations': allocations, **_GENERATION}


def _aggregates(request: Request, uuid: str) -> Answer:
    with request.cloud.present() as state:
        name = _host(state, uuid).name
        uuids = [
            uuid_of('aggregate', aggregate['name'])
            for aggregate in state.aggregates
            if name in aggregate.get('hosts', ())
        ]
    return 200, {'aggregates': uuids, **_GENERATION}


def _allocations(request: Request, consumer: str) -> Answer:
    with request.cloud.present() as state:
        held = state.ledger.allocation(consumer)
        if held is None:
            return 200, {'allocations': {}}
        name, resources = held
        provider = state.hosts[name].uuid
    project = uuid_of('project').replace('-', '')
    return 200, {
        'allocations': {
            provider: {'resources': dict(resources), 'generation': 1}
        },
        'project_id': project,
        'user_id': project,
        'consumer_generation': 1,
        'consumer_type': 'INSTANCE',
    }
