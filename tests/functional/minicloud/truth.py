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
from tests.functional.minicloud import layout as layouts


Amounts = dict[str, int]

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

    def hosts(self) -> dict[str, str]:
        """Return the host of every instance, by UUID."""
        return {
            server.id: server.compute_host
            for server in self._connection.compute.servers(
                details=True, all_projects=True
            )
        }

    def allocations(self) -> dict[str, dict[str, Amounts]]:
        """Return what each consumer holds, by provider and class."""
        found: dict[str, dict[str, Amounts]] = {}
        for provider in self._providers():
            answer = self._placement(
                f'/resource_providers/{provider["uuid"]}/allocations'
            )
            for consumer, held in answer['allocations'].items():
                amounts = found.setdefault(consumer, {})
                amounts[provider['name']] = held['resources']
        return found

    def overloads(self) -> list[str]:
        """Return the nodes that hold more than their capacity, and how."""
        found = []
        for provider in self._providers():
            path = f'/resource_providers/{provider["uuid"]}'
            usages = self._placement(f'{path}/usages')['usages']
            for name, capacity in self._capacity(provider).items():
                if usages.get(name, 0) > capacity:
                    found.append(
                        f'{provider["name"]}: {usages[name]} of '
                        f'{capacity} {name}'
                    )
        return found

    def capacities(self) -> dict[str, Amounts]:
        """Return what each node can give, by class."""
        return {p['name']: self._capacity(p) for p in self._providers()}

    def _capacity(self, provider: dict[str, Any]) -> Amounts:
        path = f'/resource_providers/{provider["uuid"]}/inventories'
        inventories = self._placement(path)['inventories']
        return {
            name: math.floor(
                (inventory['total'] - inventory['reserved'])
                * inventory['allocation_ratio']
            )
            for name, inventory in inventories.items()
        }

    def _providers(self) -> list[dict[str, Any]]:
        answer = self._placement('/resource_providers')
        providers: list[dict[str, Any]] = answer['resource_providers']
        return providers

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
