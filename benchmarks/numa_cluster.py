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

"""The VMR2L clusters with every NUMA node as a small compute node.

An instance on one NUMA node is an instance as any other. One on two NUMA
nodes is two halves, which stay on NUMA node 0 and 1; :class:`PairProgram`
has rows that keep the halves on one host, and counts their moves as one.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools

from functools import cached_property
from typing import Any

import numpy as np

from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.fragmentation import Flavors
from watcher_rearrange.optimizer.defragmentation.slots import SlotProgram
from watcher_rearrange.optimizer.defragmentation.slots import Wanted
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.group import Kinds


# The fragment rate looks at room for so many CPUs.
SLOT_CPUS = 16

NUMA_NODES = 2


@dataclasses.dataclass(frozen=True, eq=False)
class NumaCluster:
    """A file as a cluster of NUMA nodes; 2 h and 2 h + 1 are one host.

    :ivar other_half: the second half of an instance, by its first
    :ivar name_of: what the file calls the instance of each half
    :ivar where: cluster, host and number of each NUMA node
    """

    cluster: Cluster
    other_half: dict[int, int]
    name_of: list[str]
    where: list[tuple[str, str, int]]

    @classmethod
    def of(cls, data: dict[str, Any]) -> NumaCluster:
        """Read a parsed file."""
        nodes = [
            _node(cluster['cluster_name'], host, part)
            for cluster in data['cluster_list']
            for host in cluster['host_info']
            for part in sorted(host['numa'], key=_number)
        ]
        where = [
            (cluster['cluster_name'], host['node_id'], _number(part))
            for cluster in data['cluster_list']
            for host in cluster['host_info']
            for part in sorted(host['numa'], key=_number)
        ]
        instances: list[records.Instance] = []
        names: list[str] = []
        halves = {}
        for cluster in data['cluster_list']:
            for instance in cluster['vm_instance']:
                parts = sorted(instance['numa'], key=_number)
                if len(parts) == NUMA_NODES:
                    halves[len(instances)] = len(instances) + 1
                names += [instance['instance_id']] * len(parts)
                instances += [
                    _instance(cluster['cluster_name'], instance, part)
                    for part in parts
                ]
        snapshot = records.Snapshot(tuple(nodes), tuple(instances))
        return cls(Cluster.from_snapshot(snapshot), halves, names, where)

    @cached_property
    def rules(self) -> Rules:
        """The rules: a half keeps the number of its NUMA node."""
        return Rules(self.cluster, MoveOptions())

    @property
    def cpu(self) -> int:
        """The column of VCPU."""
        return self.cluster.resource_classes.index('VCPU')

    @cached_property
    def wanted(self) -> Wanted:
        """Slots of 16 CPUs, on any NUMA node."""
        size = np.zeros((1, len(self.cluster.resource_classes)), np.int64)
        size[0, self.cpu] = SLOT_CPUS
        flavors = Flavors(
            names=(f'{SLOT_CPUS} CPUs',),
            size=size,
            nodes=np.ones((1, self.cluster.n_nodes), dtype=np.bool_),
            weight=np.ones(1),
            count=np.zeros(1, dtype=np.int64),
        )
        return Wanted(flavors, programme=PairProgram)

    def fragment_rate(self, placement: Placement) -> float:
        """Return the share of free CPU that is not in whole slots."""
        free = (self.cluster.capacity - placement.used)[:, self.cpu]
        return float((free % SLOT_CPUS).sum() / free.sum())

    def halves(self) -> Ints:
        """Return int64[n]: all halves."""
        pairs = itertools.chain.from_iterable(self.other_half.items())
        return np.array(sorted(pairs), dtype=np.int64)


class PairProgram(SlotProgram):
    """A programme in which halves leave and arrive together."""

    def __init__(
        self,
        problem: Problem,
        placement: Placement,
        kinds: Kinds,
        wanted: Wanted,
    ) -> None:
        self._traits = [
            problem.cluster.snapshot.instances[k].required_traits
            for k in kinds.example.tolist()
        ]
        free = dataclasses.replace(problem, max_migrations=None)
        super().__init__(free, placement, kinds, wanted)
        for first, second in self._pairs():
            for kind, node, column in (
                (self.leave_kind, self.leave_node, self.leave),
                (self.arrive_kind, self.arrive_node, self.arrive),
            ):
                self._together(
                    dict(zip(node[kind == first], column[kind == first])),
                    dict(zip(node[kind == second], column[kind == second])),
                )
        if problem.max_migrations is not None:
            self.program.row(
                self.leave, self.migrations, upper=problem.max_migrations
            )

    @property
    def migrations(self) -> Floats:
        """float64[n]: a half counts half."""
        half = np.array([bool(traits) for traits in self._traits], np.bool_)
        return np.where(half[self.leave_kind], 1.0 / NUMA_NODES, 1.0)

    def _pairs(self) -> list[tuple[int, int]]:
        """The kinds of first and second halves of the same size."""
        of: dict[bytes, dict[str, int]] = collections.defaultdict(dict)
        for kind, traits in enumerate(self._traits):
            for trait in traits:
                of[self.kinds.demand[kind].tobytes()][trait] = kind
        return [(sides[_trait(0)], sides[_trait(1)]) for sides in of.values()]

    def _together(self, first: dict[int, int], second: dict[int, int]) -> None:
        """The same count on node 2 h as on 2 h + 1."""
        for node in {*first, *(n - 1 for n in second)}:
            pair = [
                (sign, side[at])
                for sign, side, at in (
                    (1.0, first, node),
                    (-1.0, second, node + 1),
                )
                if at in side
            ]
            self.program.row(
                [column for _, column in pair],
                [sign for sign, _ in pair],
                lower=0.0,
                upper=0.0,
            )


def _number(part: dict[str, Any]) -> int:
    return int(part['node'])


def _trait(number: int) -> str:
    return f'CUSTOM_NUMA_{number}'


def _name(cluster: str, host_id: str, part: dict[str, Any]) -> str:
    return f'{cluster}-{host_id}-{part["node"]}'.replace('_', '-')


def _node(
    cluster: str, host: dict[str, Any], part: dict[str, Any]
) -> records.ComputeNode:
    return records.ComputeNode(
        hostname=_name(cluster, host['node_id'], part),
        inventories={
            'VCPU': records.Inventory(int(part['total_cpu'])),
            'MEMORY_MB': records.Inventory(int(part['memory_huge_total_mb'])),
        },
        traits=(_trait(part['node']),),
    )


def _instance(
    cluster: str, instance: dict[str, Any], part: dict[str, Any]
) -> records.Instance:
    is_half = len(instance['numa']) == NUMA_NODES
    suffix = f'-{part["node"]}' if is_half else ''
    return records.Instance(
        uuid=instance['instance_id'] + suffix,
        host=_name(cluster, instance['host_id'], part),
        allocations={
            'VCPU': int(part['cpu']),
            'MEMORY_MB': int(part['mem_mb']),
        },
        excluded=not instance['allow_migration'],
        required_traits=(_trait(part['node']),) if is_half else (),
    )
