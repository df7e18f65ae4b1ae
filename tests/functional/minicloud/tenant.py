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

"""What the users of a cloud do: boot instances and delete them."""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

import openstack

from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import seed


BOOT_S = 300.0
# To list all instances keeps Nova's API busy.
LOOK_S = 0.5
SETTLED = frozenset({'ACTIVE', 'ERROR'})

Size = tuple[int, int, int]
Specs = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Wish:
    """An instance to boot.

    :param host: where, which the scheduler checks; without one it chooses
    :param group: UUID of a server group
    :param zone: that it is pinned to
    :param specs: extra specs of its flavor
    """

    name: str
    host: str | None
    vcpus: int = 1
    memory_mb: int = 1024
    disk_gb: int = 1
    group: str | None = None
    zone: str | None = None
    specs: Specs = ()

    @property
    def size(self) -> Size:
        """VCPU, MiB and GiB."""
        return self.vcpus, self.memory_mb, self.disk_gb


def size_of(server: Any) -> Size:
    """Return VCPU, MiB and GiB of an instance."""
    flavor = server.flavor
    return flavor.vcpus, flavor.ram, flavor.disk


def flavor_name(size: Size, specs: Specs = ()) -> str:
    """Return how the flavor of a size is named."""
    words = ['-'.join(map(str, size))]
    words += [f'{key.split(":")[-1]}={value}' for key, value in specs]
    return ' '.join(words)


class Tenant:
    """See the module.

    :param connection: of the administrator, who may choose hosts
    """

    def __init__(self, connection: openstack.connection.Connection) -> None:
        """Look for the image."""
        self._compute = connection.compute
        self._image = connection.image.find_image(seed.IMAGE).id
        self._flavors: dict[str, str] = {}

    def boot(self, wishes: Sequence[Wish]) -> dict[str, str]:
        """Boot instances and wait for them.

        :returns: their UUIDs by name
        :raises proc.CloudError: if one of them does not become active
        """
        made = {wish.name: self.begin(wish) for wish in wishes}
        self.wait(made.values(), SETTLED, BOOT_S)
        booted = set(made.values())
        broken = [
            s for s in self.servers() if s.id in booted and s.status == 'ERROR'
        ]
        if broken:
            raise proc.CloudError(
                'not booted: '
                + ', '.join(
                    f'{s.name} ({(s.fault or {}).get("message")})'
                    for s in broken
                )
            )
        return made

    def begin(self, wish: Wish) -> str:
        """Ask for an instance.

        :returns: its UUID
        """
        fields: dict[str, Any] = {}
        if wish.host:
            fields['host'] = wish.host
        if wish.zone:
            fields['availability_zone'] = wish.zone
        if wish.group:
            fields['scheduler_hints'] = {'group': wish.group}
        server = self._compute.create_server(
            name=wish.name,
            image_id=self._image,
            flavor_id=self._flavor(wish),
            networks='none',
            **fields,
        )
        uuid: str = server.id
        return uuid

    def flavors(self, sizes: Iterable[Size]) -> dict[Size, str]:
        """Return the flavors of some sizes, made where they are missing."""
        names = {size: flavor_name(size) for size in sizes}
        self._learn(names.values())
        return {
            size: self._known(name, size, ()) for size, name in names.items()
        }

    def _flavor(self, wish: Wish) -> str:
        name = flavor_name(wish.size, wish.specs)
        self._learn([name])
        return self._known(name, wish.size, wish.specs)

    def _learn(self, names: Iterable[str]) -> None:
        if not self._flavors.keys() >= set(names):
            self._flavors.update(
                {f.name: f.id for f in self._compute.flavors()}
            )

    def _known(self, name: str, size: Size, specs: Specs) -> str:
        if name not in self._flavors:
            vcpus, memory_mb, disk_gb = size
            flavor = self._compute.create_flavor(
                name=name, vcpus=vcpus, ram=memory_mb, disk=disk_gb
            )
            if specs:
                self._compute.create_flavor_extra_specs(flavor, dict(specs))
            self._flavors[name] = flavor.id
        return self._flavors[name]

    def servers(self) -> list[Any]:
        """Return all instances of all projects."""
        return list(self._compute.servers(details=True, all_projects=True))

    def wait(
        self,
        uuids: Collection[str],
        statuses: Collection[str],
        seconds: float = 60.0,
    ) -> None:
        """Wait until instances are in one of some states, without a task.

        :raises proc.CloudError: if they are not after so long
        """

        def settled() -> bool:
            found = {
                server.id
                for server in self.servers()
                if server.status in statuses and not server.task_state
            }
            return found.issuperset(uuids)

        what = f'instances to be {" or ".join(sorted(statuses))}'
        proc.wait_for(settled, what, seconds, LOOK_S)

    def delete_all(self) -> None:
        """Delete all instances and server groups, and wait for it."""
        for server in self.servers():
            if server.is_locked:
                self._compute.unlock_server(server)
            self._compute.delete_server(server, force=True)
        proc.wait_for(
            lambda: not self.servers(), 'instances to be gone', BOOT_S, LOOK_S
        )
        for group in self._compute.server_groups(all_projects=True):
            self._compute.delete_server_group(group)
