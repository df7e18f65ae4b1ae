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

"""The records of the embedded cloud and their indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from tests.embedded.ledger import Inventory
from tests.embedded.ledger import Ledger
from tests.embedded.ledger import Resources


LIVE = 'live-migration'
COLD = 'migration'

#: Status of a migration that occupies both of its hosts and may still fail.
RUNNING = 'running'
#: Status of a cold migration that waits to be confirmed.
FINISHED = 'finished'


class Refused(Exception):
    """What the cloud would not do, with the answer that Nova would give.

    :param code: HTTP status of the answer
    :param message: message of the answer
    :param reason: the true reason, with numbers; Nova writes it to the log
        of its scheduler only
    """

    def __init__(self, code: int, message: str, reason: str = '') -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or message


@dataclass
class Host:
    """A compute node and its compute service."""

    name: str
    uuid: str
    inventories: Mapping[str, Inventory]
    traits: frozenset[str]
    availability_zone: str
    status: str
    state: str
    disabled_reason: str | None
    document: Mapping[str, Any]

    @property
    def hypervisor(self) -> tuple[str, int]:
        """Its type and its version."""
        return (
            self.document.get('hypervisor_type') or 'QEMU',
            self.document.get('hypervisor_version') or 8000000,
        )


@dataclass
class Server:
    """An instance; `state` is its vm_state."""

    uuid: str
    name: str
    host: str
    state: str
    allocations: Resources
    document: Mapping[str, Any]
    required_traits: frozenset[str] = frozenset()
    forbidden_traits: frozenset[str] = frozenset()
    task_state: str | None = None

    @property
    def pinned_az(self) -> str:
        return self.document.get('pinned_az') or ''


@dataclass(frozen=True)
class Group:
    """A server group."""

    uuid: str
    name: str
    policy: str
    max_server_per_host: int
    members: tuple[str, ...]
    document: Mapping[str, Any]


@dataclass
class Migration:
    """A migration record; `number` is its id in Nova, given at its start."""

    uuid: str
    server: str
    source: str
    destination: str
    kind: str
    former_state: str
    status: str = RUNNING
    number: int = 0
    ends_s: float = 0.0
    #: Whether it will fail, and leave the instance in error.
    fails: bool = False
    breaks: bool = False


@dataclass
class State:
    """Everything that the cloud is at one moment."""

    hosts: dict[str, Host]
    servers: dict[str, Server]
    groups: list[Group]
    aggregates: list[Mapping[str, Any]]
    ledger: Ledger
    migrations: list[Migration] = field(default_factory=list)
    #: The running or unconfirmed migration of each server that has one.
    migration_of: dict[str, Migration] = field(default_factory=dict)
    #: uuids of the servers on each host, in the order in which they came.
    on_host: dict[str, dict[str, None]] = field(default_factory=dict)
    groups_of: dict[str, list[Group]] = field(default_factory=dict)
    host_of_uuid: dict[str, Host] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.on_host = {name: {} for name in self.hosts}
        for server in self.servers.values():
            self.on_host[server.host][server.uuid] = None
        for group in self.groups:
            for member in group.members:
                self.groups_of.setdefault(member, []).append(group)
        self.host_of_uuid = {host.uuid: host for host in self.hosts.values()}

    def server(self, uuid: str) -> Server:
        """:raises Refused: 404 if there is no such server."""
        try:
            return self.servers[uuid]
        except KeyError:
            raise Refused(404, f'Instance {uuid} could not be found.')

    def host(self, name: str) -> Host:
        """:raises Refused: 404 if there is no such host."""
        try:
            return self.hosts[name]
        except KeyError:
            raise Refused(404, f'Compute host {name} could not be found.')

    def put(self, server: Server, host: str) -> None:
        """Make a host the home of a server."""
        self.on_host[server.host].pop(server.uuid, None)
        self.on_host[host][server.uuid] = None
        server.host = host

    def add(self, server: Server) -> None:
        self.servers[server.uuid] = server
        self.on_host[server.host][server.uuid] = None

    def remove(self, server: Server) -> None:
        del self.servers[server.uuid]
        del self.on_host[server.host][server.uuid]

    def running(self, uuid: str) -> Migration | None:
        """Return the migration of a server that has not ended yet."""
        migration = self.migration_of.get(uuid)
        if migration is not None and migration.status == RUNNING:
            return migration
        return None
