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

"""Instances that come, go and are resized at random in a real cloud."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import random

from collections.abc import Callable
from typing import Any

from openstack import exceptions

from tests.functional.minicloud import tenant


# VCPU, MiB and GiB, and how often each is drawn.
SIZES = {
    (1, 2048, 5): 4,
    (2, 4096, 10): 4,
    (2, 8192, 10): 2,
    (4, 8192, 20): 2,
    (8, 16384, 40): 1,
}
CONFIRM_S = 8.0


def now() -> datetime.datetime:
    """Return the time, in UTC as Nova and Watcher have it."""
    return datetime.datetime.now(datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Change:
    """What became of an instance, and the hosts that have to do with it."""

    at: datetime.datetime
    kind: str
    instance: str
    hosts: frozenset[str]


class Churn:
    """Makes one change after the other.

    :param cloud: the instances; see :class:`.tenant.Tenant`
    :param hosts: that new instances are put on, half of them; Nova's
        scheduler chooses for the others
    :param around: about so many instances there shall be
    """

    def __init__(
        self,
        cloud: tenant.Tenant,
        compute: Any,
        hosts: list[str],
        around: int,
        seed: int,
    ) -> None:
        """Change nothing yet."""
        self._tenant = cloud
        self._compute = compute
        self._hosts = hosts
        self._around = around
        self._random = random.Random(seed)
        self._flavors = cloud.flavors(SIZES)
        self._count = 0
        self._resized: dict[str, tuple[datetime.datetime, str]] = {}
        self.changes: list[Change] = []
        # What Nova refused to this program, as (instance, status).
        self.refused: collections.Counter[tuple[str, int]] = (
            collections.Counter()
        )

    def step(self, servers: list[Any]) -> None:
        """Make one change, of the instances that there are."""
        idle = [
            s for s in servers if s.status == 'ACTIVE' and not s.task_state
        ]
        lack = self._around - len(servers)
        kinds = {
            'create': max(1, 6 + lack),
            'delete': max(1, 6 - lack),
            'resize': 6,
        }
        (kind,) = self._random.choices(list(kinds), list(kinds.values()))
        if kind == 'create':
            self.create()
        elif idle:
            server = self._random.choice(idle)
            self._ask(server, getattr(self, f'_{kind}'))

    def look(self, servers: list[Any]) -> None:
        """Confirm resizes that are ready, remove what could not be built."""
        for server in servers:
            if server.status == 'VERIFY_RESIZE':
                self._confirm(server)
            elif server.status == 'ERROR':
                self._ask(server, self._remove)
            self._note_arrival(server)

    def create(self) -> None:
        """Boot an instance somewhere."""
        (size,) = self._random.choices(list(SIZES), list(SIZES.values()))
        host = self._random.choice([None, self._random.choice(self._hosts)])
        self._count += 1
        self._tenant.begin(tenant.Wish(f'churn{self._count}', host, *size))

    def _ask(self, server: Any, action: Callable[[Any], None]) -> bool:
        """Return whether Nova does it."""
        try:
            action(server)
        except exceptions.HttpException as error:
            # 500 is how Nova says that somebody else was quicker.
            if error.status_code not in (400, 404, 409, 500):
                raise
            # To delete is no action in Nova's log.
            if action not in (self._delete, self._remove):
                self.refused[server.id, error.status_code] += 1
            return False
        return True

    def _delete(self, server: Any) -> None:
        self._compute.delete_server(server)
        self._note('delete', server.id, server.compute_host)

    def _remove(self, server: Any) -> None:
        self._compute.delete_server(server)

    def _resize(self, server: Any) -> None:
        size = tenant.size_of(server)
        # Nova never makes a disk smaller.
        other = [
            identity
            for wanted, identity in self._flavors.items()
            if wanted != size and wanted[2] >= size[2]
        ]
        if not other:
            return
        self._compute.resize_server(server, self._random.choice(other))
        self._resized[server.id] = (now(), server.compute_host)
        self._note('resize', server.id, server.compute_host)

    def _confirm(self, server: Any) -> None:
        if server.id not in self._resized:
            return
        began, source = self._resized[server.id]
        if (now() - began).total_seconds() < CONFIRM_S:
            return
        # Until it is confirmed it is looked at again.
        if self._ask(server, self._compute.confirm_server_resize):
            del self._resized[server.id]
            self._note('confirm', server.id, source, server.compute_host)

    def _note_arrival(self, server: Any) -> None:
        known = {c.instance for c in self.changes if c.kind == 'create'}
        if server.status == 'ACTIVE' and server.id not in known:
            self._note('create', server.id, server.compute_host)

    def _note(self, kind: str, instance: str, *hosts: str) -> None:
        self.changes.append(
            Change(now(), kind, instance, frozenset(filter(None, hosts)))
        )
