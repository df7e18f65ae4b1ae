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

"""Migrations carried out on the data of VMR2L itself, one by one.

It shares nothing with what planned them: hosts, NUMA nodes, free CPUs and
memory are those of the file.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence
from typing import Any


SLOT_CPUS = 16

# A NUMA node: cluster, host and number.
Where = tuple[str, str, int]


@dataclasses.dataclass(frozen=True)
class Migration:
    """One instance goes to one or two NUMA nodes of a host."""

    instance: str
    to: tuple[Where, ...]


class Replay:
    """The cluster while migrations are carried out.

    :ivar objections: what was wrong
    :ivar count: the migrations so far
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.objections: list[str] = []
        self.count = 0
        self._free: dict[Where, list[float]] = {}
        self._at: dict[str, tuple[Where, ...]] = {}
        self._size: dict[str, list[tuple[float, float]]] = {}
        self._stays: set[str] = set()
        for cluster in data['cluster_list']:
            self._read(cluster)

    @property
    def fragment_rate(self) -> float:
        """The share of free CPU that is in no room for 16 on a NUMA node."""
        free = [cpus for cpus, _ in self._free.values()]
        whole = sum(SLOT_CPUS * (cpus // SLOT_CPUS) for cpus in free)
        return (sum(free) - whole) / sum(free)

    def run(self, migrations: Sequence[Migration]) -> None:
        """Carry out migrations; an instance is on both ends meanwhile."""
        for migration in migrations:
            self._run(migration)

    def _run(self, migration: Migration) -> None:
        self.count += 1
        name = migration.instance
        sizes = self._size[name]
        if name in self._stays:
            self.objections.append(f'{name} must not move')
        if not _is_valid(migration.to, len(sizes)):
            self.objections.append(f'{name}: {migration.to} is no place')
            return
        source = self._at[name]
        if {w[:2] for w in source} == {w[:2] for w in migration.to}:
            self.objections.append(f'{name} is on that host already')
        self._change(migration.to, sizes, -1)
        for where in migration.to:
            if min(self._free[where]) < 0:
                self.objections.append(f'{name}: no room on {where}')
        self._change(source, sizes, 1)
        self._at[name] = migration.to

    def _change(
        self,
        places: Sequence[Where],
        sizes: Sequence[tuple[float, float]],
        sign: int,
    ) -> None:
        for where, (cpus, memory_mb) in zip(places, sizes, strict=True):
            self._free[where][0] += sign * cpus
            self._free[where][1] += sign * memory_mb

    def _read(self, cluster: dict[str, Any]) -> None:
        name = cluster['cluster_name']
        for host in cluster['host_info']:
            for part in host['numa']:
                self._free[name, host['node_id'], part['node']] = [
                    part['total_cpu'],
                    part['memory_huge_total_mb'],
                ]
        for instance in cluster['vm_instance']:
            uuid = instance['instance_id']
            parts = sorted(instance['numa'], key=lambda part: part['node'])
            self._at[uuid] = tuple(
                (name, instance['host_id'], part['node']) for part in parts
            )
            self._size[uuid] = [(p['cpu'], p['mem_mb']) for p in parts]
            if not instance['allow_migration']:
                self._stays.add(uuid)
            self._change(self._at[uuid], self._size[uuid], -1)


def _is_valid(places: tuple[Where, ...], parts: int) -> bool:
    """Whether it is one NUMA node, or both of one host."""
    if len(places) != parts or len({place[:2] for place in places}) != 1:
        return False
    return parts == 1 or [number for _, _, number in places] == [0, 1]
