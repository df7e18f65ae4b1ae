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

"""The state of the embedded cloud from a snapshot document, and back.

The document is the one that `watcher-rearrange` reads and writes. It is
not validated as the package does: a wrong one fails with the first thing
that does not fit.
"""

from __future__ import annotations

import uuid

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from tests.embedded.ledger import Inventory
from tests.embedded.ledger import Ledger
from tests.embedded.state import COLD
from tests.embedded.state import FINISHED
from tests.embedded.state import LIVE
from tests.embedded.state import RUNNING
from tests.embedded.state import Group
from tests.embedded.state import Host
from tests.embedded.state import Migration
from tests.embedded.state import Server
from tests.embedded.state import State


Document = Mapping[str, Any]

_RUNNING = frozenset(
    {
        'accepted',
        'migrating',
        'post-migrating',
        'pre-migrating',
        'preparing',
        'queued',
        RUNNING,
    }
)


def uuid_of(*names: str) -> str:
    """Return the same uuid for the same names, for what comes without."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, '.'.join(names)))


def read_state(document: Document, clock: Callable[[], float]) -> State:
    """Build the state; without the migrations.

    :raises ValueError: for a uuid that is none or comes twice, or a host
        that is not a compute node
    """
    hosts = _by_key(
        (_host(item) for item in document['compute_nodes']), 'name'
    )
    servers = _by_key(
        (read_server(item) for item in document['instances']), 'uuid'
    )
    ledger = Ledger(
        {name: host.inventories for name, host in hosts.items()}, clock
    )
    for server in servers.values():
        if server.host not in hosts:
            raise ValueError(
                f'{server.uuid} is on {server.host}: no such host'
            )
        ledger.hold(server.uuid, server.host, server.allocations)
    for item in document['compute_nodes']:
        if item.get('held'):
            name = item['hostname']
            ledger.hold(uuid_of('held', name), name, item['held'])
    return State(
        hosts=hosts,
        servers=servers,
        groups=[_group(item) for item in document.get('server_groups', ())],
        aggregates=list(document.get('aggregates', ())),
        ledger=ledger,
    )


def read_server(document: Document) -> Server:
    """Build one instance."""
    specs = document.get('flavor_extra_specs', {})
    return Server(
        uuid=document['uuid'],
        name=document.get('name') or f'instance-{document["uuid"][:8]}',
        host=document['host'],
        state=document.get('state', 'active'),
        allocations=dict(document['allocations']),
        document=document,
        required_traits=_traits(document, 'required', specs),
        forbidden_traits=_traits(document, 'forbidden', specs),
    )


def read_migrations(document: Document, state: State) -> Iterable[Migration]:
    """Return the migrations that still hold both hosts."""
    for number, item in enumerate(document.get('migrations', ()), 1):
        given = item.get('status', RUNNING)
        status = RUNNING if given in _RUNNING else given
        if status not in (RUNNING, FINISHED):
            continue
        server = state.servers[item['instance']]
        live = status == RUNNING and server.state in ('active', 'paused')
        yield Migration(
            uuid=uuid_of('migration', str(number), server.uuid),
            server=server.uuid,
            source=item['source'],
            destination=item['destination'],
            kind=LIVE if live else COLD,
            former_state='active' if status == FINISHED else server.state,
            status=status,
        )


def write_document(state: State) -> dict[str, Any]:
    """Return the state as a snapshot document."""
    return {
        'version': 1,
        'compute_nodes': [_node(host) for host in state.hosts.values()],
        'instances': [_instance(item) for item in state.servers.values()],
        'server_groups': [
            {
                **group.document,
                'uuid': group.uuid,
                'members': [m for m in group.members if m in state.servers],
            }
            for group in state.groups
        ],
        'aggregates': [dict(item) for item in state.aggregates],
        'migrations': [
            {
                'instance': migration.server,
                'source': migration.source,
                'destination': migration.destination,
                'status': migration.status,
            }
            for migration in state.migration_of.values()
        ],
    }


def _by_key(records: Iterable[Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for record in records:
        name = getattr(record, key)
        if name in found:
            raise ValueError(f'{name} comes twice')
        uuid.UUID(record.uuid)
        found[name] = record
    return found


def _host(document: Document) -> Host:
    name = document['hostname']
    return Host(
        name=name,
        uuid=document.get('uuid') or uuid_of('compute', name),
        inventories={
            key: Inventory.from_document(item)
            for key, item in document['inventories'].items()
        },
        traits=frozenset(document.get('traits', ())),
        availability_zone=document.get('availability_zone') or 'nova',
        status=document.get('status', 'enabled'),
        state=document.get('state', 'up'),
        disabled_reason=document.get('disabled_reason'),
        document=document,
    )


def _traits(document: Document, word: str, specs: Document) -> frozenset[str]:
    return frozenset(document.get(f'{word}_traits', ())) | {
        key.removeprefix('trait:')
        for key, value in specs.items()
        if key.startswith('trait:') and value == word
    }


def _group(document: Document) -> Group:
    name = document.get('name', '')
    return Group(
        uuid=document.get('uuid') or uuid_of('server_group', name),
        name=name,
        policy=document['policy'],
        max_server_per_host=document.get('max_server_per_host') or 1,
        members=tuple(document.get('members', ())),
        document=document,
    )


def _node(host: Host) -> dict[str, Any]:
    return {
        **host.document,
        'uuid': host.uuid,
        'status': host.status,
        'state': host.state,
        'disabled_reason': host.disabled_reason,
        'availability_zone': host.availability_zone,
    }


def _instance(server: Server) -> dict[str, Any]:
    return {
        **server.document,
        'name': server.name,
        'host': server.host,
        'state': server.state,
    }
