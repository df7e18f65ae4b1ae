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

"""What Nova and Placement say, whatever a plan says of itself."""

from __future__ import annotations

import dataclasses
import math
import re

from typing import Any

import openstack

from tests.functional.minicloud import client
from tests.functional.minicloud import judging
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc


# Migrations that did what they should, and those that are over.
DONE = frozenset({'completed', 'confirmed', 'done'})
OVER = DONE | {'cancelled', 'error', 'failed', 'reverted'}
# A resize or a cold migration that waits for its confirmation.
UNCONFIRMED = 'finished'

SETTLE_S = 60.0
LOOK_S = 0.5

# A request to do something to an instance, refused.
REFUSAL = re.compile(
    r'"POST /v2\.1/servers/(?P<server>[0-9a-f-]{36})/action [^"]*" '
    r'(?P<status>[45]\d\d) '
)


@dataclasses.dataclass(frozen=True)
class Refusal:
    """An action on an instance that Nova's API refused."""

    server: str
    status: int


class Truth:
    """See the module.

    :param layout: of the cloud
    :param connection: of its administrator
    """

    def __init__(
        self,
        layout: layouts.Layout,
        connection: openstack.connection.Connection,
    ) -> None:
        """Count from now on."""
        self._log = layout.access_log('nova')
        self._connection = connection
        self._seen = 0
        self._known_migrations: set[int] = set()
        self.start()

    def start(self) -> None:
        """Forget the refusals and migrations so far."""
        self._seen = self._log.stat().st_size
        self._known_migrations = {m['id'] for m in self._migrations()}

    def refusals(self) -> list[Refusal]:
        """Return what Nova's API refused since the start."""
        with self._log.open() as log:
            log.seek(self._seen)
            matches = REFUSAL.finditer(log.read())
        return [Refusal(m['server'], int(m['status'])) for m in matches]

    def migrations(self) -> list[dict[str, Any]]:
        """Return Nova's records of the migrations since the start."""
        return [
            migration
            for migration in self._migrations()
            if migration['id'] not in self._known_migrations
        ]

    def passing(self) -> list[dict[str, Any]]:
        """Return the migrations since the start that go on by themselves."""
        return [
            migration
            for migration in self.migrations()
            if migration['status'] not in OVER | {UNCONFIRMED}
        ]

    def wait_passed(self, seconds: float = SETTLE_S) -> None:
        """Wait until no migration since the start goes on.

        :raises proc.CloudError: if one still does after so long
        """
        proc.wait_for(
            lambda: not self.passing(),
            'migrations to be over',
            seconds,
            LOOK_S,
        )

    def wait_settled(self, seconds: float = SETTLE_S) -> None:
        """Wait until no migration goes on, and none holds room.

        An instance is ACTIVE on its new host, or confirmed, before Nova ends
        the migration and deletes what it holds on the source.

        :raises proc.CloudError: if that is not so after so long
        """
        self.wait_passed(seconds)
        proc.wait_for(
            lambda: not self._held_by_migrations(),
            'migrations to give up their room',
            seconds,
            LOOK_S,
        )

    def hosts(self) -> dict[str, str]:
        """Return the host of every instance, by UUID."""
        return {server.id: server.compute_host for server in self._servers()}

    def allocations(self) -> dict[str, dict[str, judging.Amounts]]:
        """Return what each consumer holds, by provider and class."""
        found: dict[str, dict[str, judging.Amounts]] = {}
        for name, uuid in self.providers().items():
            answer = self._placement(f'/resource_providers/{uuid}/allocations')
            for consumer, held in answer['allocations'].items():
                amounts = found.setdefault(consumer, {})
                amounts[name] = held['resources']
        return found

    def misallocated(self, unconfirmed: int = 0) -> list[str]:
        """Return who does not hold what its flavor says on its host alone.

        :param unconfirmed: how many resizes wait for confirmation; what the
            instances were holds room, too
        """
        return judging.differences(
            self._servers(), self.allocations(), unconfirmed
        )

    def overloads(self) -> list[str]:
        """Return the nodes that hold more than their capacity, and how."""
        found = []
        for node, uuid in self.providers().items():
            path = f'/resource_providers/{uuid}/usages'
            usages = self._placement(path)['usages']
            found += [
                f'{node}: {usages[name]} of {capacity} {name}'
                for name, capacity in self._capacity(uuid).items()
                if usages.get(name, 0) > capacity
            ]
        return found

    def capacities(self) -> dict[str, judging.Amounts]:
        """Return what each node can give, by class."""
        return {
            name: self._capacity(uuid)
            for name, uuid in self.providers().items()
        }

    def providers(self) -> dict[str, str]:
        """Return the UUIDs of the resource providers by name."""
        providers = self._placement('/resource_providers')
        return {p['name']: p['uuid'] for p in providers['resource_providers']}

    def _held_by_migrations(self) -> set[str]:
        held = set(self.allocations())
        return held & {m['uuid'] for m in self._migrations()}

    def _servers(self) -> list[Any]:
        return list(
            self._connection.compute.servers(details=True, all_projects=True)
        )

    def _capacity(self, provider: str) -> judging.Amounts:
        path = f'/resource_providers/{provider}/inventories'
        inventories = self._placement(path)['inventories']
        return {
            name: math.floor(
                (inventory['total'] - inventory['reserved'])
                * inventory['allocation_ratio']
            )
            for name, inventory in inventories.items()
        }

    def _placement(self, path: str) -> dict[str, Any]:
        answer = self._connection.placement.get(path)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    def _migrations(self) -> list[dict[str, Any]]:
        answer = self._connection.compute.get(
            '/os-migrations', microversion=client.COMPUTE_VERSION
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()['migrations']
        return found
