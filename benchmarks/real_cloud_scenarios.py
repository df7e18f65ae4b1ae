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

"""Random scenarios for a real cloud: hosts, instances, odd states, an audit.

All of it follows from numbers: the same seed gives the same scenario.
"""

from __future__ import annotations

import dataclasses
import math
import random

from collections.abc import Sequence
from typing import Any

from benchmarks import real_cloud_parameters
from tests.functional.minicloud import hosts as host_files
from tests.functional.minicloud import tenant


Size = tuple[int, int, int]

# VCPU, MiB and GiB of the flavors, and how often each is drawn.
FLAVORS: dict[Size, int] = {
    (1, 1024, 5): 6,
    (1, 2048, 10): 5,
    (2, 4096, 20): 5,
    (2, 8192, 20): 2,
    (4, 8192, 40): 3,
    (8, 16384, 60): 1,
}
# One of them becomes the other.
RESIZED: tuple[Size, Size] = ((1, 2048, 10), (2, 4096, 20))

SMALL_CLOUDS = 4
SMALL_HOSTS = 8
LARGE_HOSTS = 40
LARGE_INSTANCES = 300
LARGE_SCENARIOS = 2
FEWEST, MOST = 15, 60
SMALL_VCPUS = (6, 8, 10, 12)
LARGE_VCPUS = (8, 12, 16, 24)

STATES = ('stopped', 'paused', 'locked', 'suspended', 'error')
STATE_WEIGHTS = (10, 4, 6, 2, 1)
ODD_RATIO = 0.2


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A cluster, what is odd about it, and an audit.

    :param states: what becomes of instances, by name: one of STATES
    :param resized: the instance that is resized and waits for confirmation
    :param migrating: the instance that is under way, slowly, meanwhile
    :param deleted: instances that go just before the audit
    :param created: instances that come just before the audit
    :param dead: the host whose compute service has crashed
    """

    number: int
    strategy: str
    parameters: dict[str, Any]
    instances: tuple[tenant.Wish, ...]
    states: dict[str, str]
    resized: str | None
    migrating: str | None
    deleted: tuple[str, ...]
    created: tuple[tenant.Wish, ...]
    disabled: tuple[str, ...]
    dead: str | None


def cloud_of(number: int, count: int) -> int:
    """Return which cloud one of so many scenarios runs on.

    The last two have the large one.
    """
    small = max(count - LARGE_SCENARIOS, 1)
    return min(number * SMALL_CLOUDS // small, SMALL_CLOUDS)


def hosts(cloud: int, seed: int) -> list[host_files.Host]:
    """Return the computes of a cloud, no two of them alike."""
    dice = random.Random(f'{seed} hosts {cloud}')
    large = cloud == SMALL_CLOUDS
    count = LARGE_HOSTS if large else SMALL_HOSTS
    vcpus = LARGE_VCPUS if large else SMALL_VCPUS
    return host_files.in_processes(
        _host(f'cmp{number + 1:02}', dice.choice(vcpus), dice)
        for number in range(count)
    )


def _host(name: str, vcpus: int, dice: random.Random) -> host_files.Host:
    return host_files.Host(
        name,
        vcpus=vcpus,
        memory_mb=vcpus * dice.choice((2048, 3072)),
        local_gb=dice.choice((300, 500, 1000)),
        cpu_allocation_ratio=dice.choice((1.0, 1.5, 2.0, 4.0)),
        ram_allocation_ratio=dice.choice((1.0, 1.0, 1.2, 1.5)),
        disk_allocation_ratio=dice.choice((1.0, 1.5)),
        reserved_host_cpus=dice.choice((0, 0, 1, 2)),
        reserved_host_memory_mb=dice.choice((512, 1024, 4096)),
        reserved_host_disk_mb=dice.choice((0, 10240)),
        live_migration_s=dice.choice((0.2, 0.5, 1.0)),
    )


class _Room:
    """What is free on each host while instances are drawn."""

    def __init__(self, computes: Sequence[host_files.Host]) -> None:
        self._free = {host.name: list(capacity(host)) for host in computes}
        # One instance gets no more than there is without the ratio.
        self._unit = {
            host.name: (host.vcpus, host.memory_mb, host.local_gb)
            for host in computes
        }

    def fitting(self, size: Size) -> list[str]:
        return [
            name
            for name, free in self._free.items()
            if all(a >= b for a, b in zip(free, size, strict=True))
            and all(
                a >= b for a, b in zip(self._unit[name], size, strict=True)
            )
        ]

    def take(self, host: str, size: Size) -> None:
        self._free[host] = [
            a - b for a, b in zip(self._free[host], size, strict=True)
        ]

    def memory_mb(self) -> int:
        return sum(free[1] for free in self._free.values())


def capacity(host: host_files.Host) -> Size:
    """Return VCPU, MiB and GiB that Placement gives out on a host."""
    reserved_gb = -(-host.reserved_host_disk_mb // 1024)
    return (
        math.floor(
            (host.vcpus - host.reserved_host_cpus) * host.cpu_allocation_ratio
        ),
        math.floor(
            (host.memory_mb - host.reserved_host_memory_mb)
            * host.ram_allocation_ratio
        ),
        math.floor((host.local_gb - reserved_gb) * host.disk_allocation_ratio),
    )


class Drawing:
    """Draws one scenario.

    :param number: of the scenario
    :param seed: of the whole
    :param computes: of the cloud
    :param most: instances, at most
    """

    def __init__(
        self,
        number: int,
        seed: int,
        computes: Sequence[host_files.Host],
        most: int = MOST,
    ) -> None:
        """Throw nothing yet."""
        self._number = number
        self._dice = random.Random(f'{seed} scenario {number}')
        self._computes = computes
        self._room = _Room(computes)
        self._most = most

    def scenario(self) -> Scenario:
        """Return the scenario."""
        dice = self._dice
        names = [host.name for host in self._computes]
        instances = self._instances()
        states = self._states(instances)
        plain = [
            w
            for w in instances
            if w.name not in states and self._room.fitting(w.size)
        ]
        dice.shuffle(plain)
        resized = next((w for w in plain if w.size == RESIZED[0]), None)
        plain = [w for w in plain if w is not resized]
        resized = resized if dice.random() < 0.4 else None
        migrating = plain.pop() if dice.random() < 0.4 else None
        deleted = [w.name for w in plain[: dice.choice((0, 0, 1, 2, 4))]]
        closed = dice.sample(names, dice.choice((0, 0, 1, 2)))
        dead = self._dead(closed)
        closed_all = {*closed, dead}
        created = self._created(resized is not None, closed_all)
        strategy = real_cloud_parameters.STRATEGIES[
            self._number % len(real_cloud_parameters.STRATEGIES)
        ]
        return Scenario(
            number=self._number,
            strategy=strategy,
            parameters=real_cloud_parameters.draw(
                strategy, dice, sorted({*names} - closed_all)
            ),
            instances=tuple(instances),
            states=states,
            resized=resized.name if resized else None,
            migrating=migrating.name if migrating else None,
            deleted=tuple(deleted),
            created=tuple(created),
            disabled=tuple(closed),
            dead=dead,
        )

    def _instances(self) -> list[tenant.Wish]:
        dice = self._dice
        large = len(self._computes) > SMALL_HOSTS
        count = LARGE_INSTANCES if large else self._most
        whole_mb = self._room.memory_mb()
        free_mb = (1 - dice.uniform(0.35, 0.85)) * whole_mb
        # Some hosts are liked more than others: there is something to do.
        liking = {h.name: dice.random() ** 2 + 0.05 for h in self._computes}
        found: list[tenant.Wish] = []
        fewest = LARGE_INSTANCES if large else min(FEWEST, self._most)
        while len(found) < count and (
            len(found) < fewest or self._room.memory_mb() > free_mb
        ):
            wish = self._wish(f'vm{len(found):03}', liking)
            if wish is None:
                break
            found.append(wish)
        return found

    def _wish(self, name: str, liking: dict[str, float]) -> tenant.Wish | None:
        size = self._dice.choices(list(FLAVORS), list(FLAVORS.values()))[0]
        fitting = [h for h in self._room.fitting(size) if h in liking]
        if not fitting:
            return None
        weights = [liking[host] for host in fitting]
        host = self._dice.choices(fitting, weights)[0]
        self._room.take(host, size)
        vcpus, memory_mb, disk_gb = size
        return tenant.Wish(name, host, vcpus, memory_mb, disk_gb)

    def _states(self, instances: Sequence[tenant.Wish]) -> dict[str, str]:
        return {
            wish.name: self._dice.choices(STATES, STATE_WEIGHTS)[0]
            for wish in instances
            if self._dice.random() < ODD_RATIO
        }

    def _dead(self, closed: Sequence[str]) -> str | None:
        processes = [host.process for host in self._computes]
        alone = [
            host.name
            for host in self._computes
            if processes.count(host.process) == 1 and host.name not in closed
        ]
        if alone and self._dice.random() < 0.2:
            return self._dice.choice(alone)
        return None

    def _created(
        self, is_resized: bool, closed: set[str | None]
    ) -> list[tenant.Wish]:
        # Nobody knows where the scheduler puts what is resized.
        if is_resized:
            for host in self._room.fitting((0, 0, 0)):
                self._room.take(host, RESIZED[1])
        liking = {h.name: 1.0 for h in self._computes if h.name not in closed}
        found = (
            self._wish(f'new{number}', liking)
            for number in range(self._dice.choice((0, 0, 1, 3)))
        )
        return [wish for wish in found if wish]


def draw(number: int, seed: int, count: int) -> Scenario:
    """Return one of so many scenarios on its cloud."""
    computes = hosts(cloud_of(number, count), seed)
    return Drawing(number, seed, computes).scenario()
