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

"""The computes of a cloud and their sizes."""

from __future__ import annotations

import dataclasses
import json
import pathlib

from collections.abc import Iterable
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Host:
    """One fake hypervisor.

    Capacity is (total - reserved) * ratio, as Placement has it.

    :param process: computes of the same process number share a process
    :param live_migration_s: seconds that a live migration takes
    """

    name: str
    vcpus: int = 16
    memory_mb: int = 32768
    local_gb: int = 500
    cpu_allocation_ratio: float = 2.0
    ram_allocation_ratio: float = 1.0
    disk_allocation_ratio: float = 1.0
    reserved_host_cpus: int = 0
    reserved_host_memory_mb: int = 1024
    reserved_host_disk_mb: int = 0
    live_migration_s: float = 1.0
    process: int = 0


# The default sizes take turns.
SIZES = (
    {'vcpus': 16, 'memory_mb': 32768, 'local_gb': 500},
    {'vcpus': 16, 'memory_mb': 32768, 'local_gb': 500},
    {'vcpus': 32, 'memory_mb': 65536, 'local_gb': 1000},
)

# A process of its own for each of more computes takes too much memory.
MAX_PROCESSES = 10


def default_hosts(count: int) -> list[Host]:
    """Return computes cmp01, cmp02 and so on."""
    return in_processes(
        Host(f'cmp{number + 1:02}', **SIZES[number % len(SIZES)])
        for number in range(count)
    )


def in_processes(hosts: Iterable[Host]) -> list[Host]:
    """Give each compute a process, or all the same if there are many."""
    found = list(hosts)
    alone = len(found) <= MAX_PROCESSES
    return [
        dataclasses.replace(host, process=number if alone else 0)
        for number, host in enumerate(found)
    ]


def by_process(hosts: Iterable[Host]) -> dict[str, list[Host]]:
    """Return computes by the name of their process, after its first one."""
    groups: dict[int, list[Host]] = {}
    for host in hosts:
        groups.setdefault(host.process, []).append(host)
    return {f'compute-{group[0].name}': group for group in groups.values()}


def write(path: pathlib.Path, hosts: Sequence[Host]) -> None:
    """Write computes as JSON, by name."""
    document = {host.name: dataclasses.asdict(host) for host in hosts}
    path.write_text(json.dumps(document, indent=1) + '\n')


def read(path: pathlib.Path) -> list[Host]:
    """Read what :func:`write` wrote.

    :raises ValueError: if there is no such file, or no computes in it
    """
    try:
        document = json.loads(path.read_text())
        return [
            Host(**{**fields, 'name': name})
            for name, fields in document.items()
        ]
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise ValueError(f'{path} holds no computes: {error}') from error
