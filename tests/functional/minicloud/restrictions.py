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

"""What an administrator restricts: groups, zones, aggregates and traits."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import openstack

from tests.functional.minicloud import processes as proc


CUSTOM = 'CUSTOM_'
# A compute may write to its provider at the same time.
ATTEMPTS = 5
CONFLICT = 409


class Restrictions:
    """See the module.

    :param connection: of the administrator
    """

    def __init__(self, connection: openstack.connection.Connection) -> None:
        """Change nothing yet."""
        self._compute = connection.compute
        self._placement = connection.placement

    def group(self, name: str, policy: str, most: int | None = None) -> str:
        """Make a server group.

        :param most: members on one host, if the policy is anti-affinity
        :returns: its UUID
        """
        fields: dict[str, Any] = {'name': name, 'policy': policy}
        if most is not None:
            fields['rules'] = {'max_server_per_host': most}
        uuid: str = self._compute.create_server_group(**fields).id
        return uuid

    def groups(self) -> list[Any]:
        """Return all server groups."""
        return list(self._compute.server_groups(all_projects=True))

    def aggregate(
        self, name: str, hosts: Iterable[str], metadata: Mapping[str, str]
    ) -> None:
        """Make an aggregate; its metadata may name an availability zone.

        Nova refuses to take a host with instances to another zone.
        """
        made = self._compute.create_aggregate(name=name)
        if metadata:
            self._compute.set_aggregate_metadata(made, dict(metadata))
        for host in hosts:
            self._compute.add_host_to_aggregate(made, host)

    def aggregates(self) -> list[Any]:
        """Return all aggregates."""
        return list(self._compute.aggregates())

    def leave(self, name: str, host: str) -> None:
        """Take a host from an aggregate."""
        for aggregate in self.aggregates():
            if aggregate.name == name:
                self._compute.remove_host_from_aggregate(aggregate, host)

    def zones(self) -> dict[str, str]:
        """Return the availability zone of each host."""
        services = self._compute.services(binary='nova-compute')
        return {s.host: s.availability_zone for s in services}

    def traits(self) -> dict[str, frozenset[str]]:
        """Return the traits of each node."""
        return {
            name: frozenset(self._traits(uuid)['traits'])
            for name, uuid in self._providers().items()
        }

    def set_trait(self, trait: str, hosts: Collection[str]) -> None:
        """Let just these nodes have a custom trait."""
        made = self._placement.put(f'/traits/{trait}')
        made.raise_for_status()
        for name, uuid in self._providers().items():
            self._change(
                uuid,
                lambda found, has=name in hosts: (
                    found | {trait} if has else found - {trait}
                ),
            )

    def lift(self) -> None:
        """Take back all aggregates, zones and custom traits of nodes.

        There must be no instances left. Server groups end with those.
        """
        for aggregate in self.aggregates():
            for host in aggregate.hosts or ():
                self._compute.remove_host_from_aggregate(aggregate, host)
            self._compute.delete_aggregate(aggregate)
        for uuid in self._providers().values():
            self._change(
                uuid,
                lambda found: {t for t in found if not t.startswith(CUSTOM)},
            )

    def _providers(self) -> dict[str, str]:
        answer = self._placement.get('/resource_providers')
        answer.raise_for_status()
        found = answer.json()['resource_providers']
        return {provider['name']: provider['uuid'] for provider in found}

    def _traits(self, uuid: str) -> dict[str, Any]:
        answer = self._placement.get(f'/resource_providers/{uuid}/traits')
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _change(self, uuid: str, change: Any) -> None:
        for _ in range(ATTEMPTS):
            found = self._traits(uuid)
            before = set(found['traits'])
            after = change(before)
            if after == before:
                return
            answer = self._placement.put(
                f'/resource_providers/{uuid}/traits',
                json={**found, 'traits': sorted(after)},
            )
            if answer.status_code != CONFLICT:
                answer.raise_for_status()
                return
        raise proc.CloudError(f'the traits of {uuid} change all the time')
