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

"""Makes a scenario true in a real cloud."""

from __future__ import annotations

import dataclasses
import itertools

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from openstack import exceptions

from benchmarks import real_cloud_scenarios as scenarios
from tests.functional.minicloud import hosts as host_files
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import session as sessions
from tests.functional.minicloud import tenant
from tests.functional.minicloud import truth as truths


# So many at a time, or Nova's scheduler answers late.
BATCH = 50
DOWN_S = 300.0
# Longer than an audit takes and shorter than most plans.
SLOW_S = 30.0

STATUSES = {
    'stopped': 'SHUTOFF',
    'paused': 'PAUSED',
    'suspended': 'SUSPENDED',
    'error': 'ERROR',
    'locked': 'ACTIVE',
}


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A scenario that is true now.

    :param truth: counts since just before what is under way started
    :param flying: UUID of the instance that is under way
    :param unconfirmed: UUID of the instance that was resized
    """

    truth: truths.Truth
    flying: str | None
    unconfirmed: str | None


class Stage:
    """Makes one scenario true in an empty cloud.

    :param session: of the cloud
    """

    def __init__(
        self, session: sessions.Session, scenario: scenarios.Scenario
    ) -> None:
        """Do nothing yet."""
        self._session = session
        self._scenario = scenario
        self._compute = session.connection.compute
        self._uuids: dict[str, str] = {}

    def prepare(self) -> Prepared:
        """Make it true.

        :raises proc.CloudError: if the cloud does not do as it should
        """
        scenario = self._scenario
        self._boot(scenario.instances)
        # An audit may ask for it before anybody has booted one.
        self._session.tenant.flavors(scenarios.FLAVORS)
        unconfirmed = self._resize()
        self._enter_states()
        self._close()
        self._boot(scenario.created)
        truth = self._session.truth()
        flying = self._fly()
        if flying is None:
            truth.start()
        self._delete()
        return Prepared(truth, flying, unconfirmed)

    def _boot(self, wishes: Iterable[tenant.Wish]) -> None:
        left = iter(wishes)
        while batch := tuple(itertools.islice(left, BATCH)):
            self._uuids.update(self._session.tenant.boot(batch))

    def _enter_states(self) -> None:
        enter = {
            'stopped': self._compute.stop_server,
            'paused': self._compute.pause_server,
            'suspended': self._compute.suspend_server,
            'locked': self._compute.lock_server,
            'error': lambda uuid: self._compute.reset_server_state(
                uuid, 'error'
            ),
        }
        for name, state in self._scenario.states.items():
            enter[state](self._uuids[name])
        for state, status in STATUSES.items():
            uuids = [
                self._uuids[name]
                for name, found in self._scenario.states.items()
                if found == state
            ]
            self._session.tenant.wait(uuids, (status,))

    def _resize(self) -> str | None:
        if self._scenario.resized is None:
            return None
        uuid = self._uuids[self._scenario.resized]
        size = scenarios.RESIZED[1]
        flavor = self._session.tenant.flavors([size])[size]
        self._compute.resize_server(uuid, flavor)
        # Without room for it Nova takes the task back.
        self._session.tenant.wait([uuid], ('VERIFY_RESIZE', 'ACTIVE'))
        resized = self._compute.get_server(uuid)
        return uuid if resized.status == 'VERIFY_RESIZE' else None

    def _close(self) -> None:
        for service in self._compute.services(binary='nova-compute'):
            if service.host in self._scenario.disabled:
                self._compute.disable_service(
                    service, disabled_reason='maintenance'
                )
        dead = self._scenario.dead
        if dead is not None:
            self._session.cloud.processes.kill(f'compute-{dead}')
            proc.wait_for(
                lambda: self._session.states()[dead] == 'down',
                f'Nova to see that {dead} is down',
                DOWN_S,
                1.0,
            )

    def _fly(self) -> str | None:
        if self._scenario.migrating is None:
            return None
        uuid = self._uuids[self._scenario.migrating]
        self._session.cloud.switches.slow_migration(uuid, SLOW_S)
        try:
            self._compute.live_migrate_server(uuid, block_migration='auto')
        except exceptions.BadRequestException:
            # There is no room for it, or its host is dead.
            return None
        return uuid

    def _delete(self) -> None:
        uuids = {self._uuids[name] for name in self._scenario.deleted}
        for uuid in uuids:
            self._compute.delete_server(uuid)
        proc.wait_for(
            lambda: uuids.isdisjoint(s.id for s in self._servers()),
            'instances to be gone',
            every_s=1.0,
        )

    def _servers(self) -> list[Any]:
        return self._session.tenant.servers()


def rebuild(
    session: sessions.Session, hosts: Sequence[host_files.Host]
) -> None:
    """Give an empty cloud as many computes of other sizes.

    Watcher is not told of sizes, so that its decision engine starts anew.
    """
    session.reset()
    cloud = session.cloud
    names = [n for n in cloud.processes.running() if n.startswith('compute-')]
    engine = 'watcher-decision-engine'
    cloud.processes.stop([*names, engine])
    host_files.write(cloud.layout.folder / 'hosts.json', hosts)
    cloud.services.start_computes(hosts)
    classes = ('VCPU', 'MEMORY_MB', 'DISK_GB')
    sizes = {
        host.name: dict(zip(classes, scenarios.capacity(host), strict=True))
        for host in hosts
    }
    truth = session.truth()
    proc.wait_for(
        lambda: truth.capacities() == sizes,
        'Placement to know the new sizes',
        DOWN_S,
        1.0,
    )
    cloud.start(engine)
