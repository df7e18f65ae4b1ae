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

"""The snapshot as records, and what holds what at the start.

An anti-affinity group is handled like a resource class: every member needs 1
of it wherever it is or goes, and every node has max_server_per_host of it.
"""

from __future__ import annotations

import math

from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from typing import NamedTuple
from typing import TypeAlias


Amount: TypeAlias = int | float

# Migrations in any other status still hold room on both of their nodes (the
# list is that of Nova's query for migrations in progress).
ENDED = frozenset(
    'cancelled completed confirmed done error failed reverted'.split()
)


class Dimension(NamedTuple):
    """Something an instance uses on a node.

    ``rule`` is capacity, anti_affinity or affinity, ``name`` the resource
    class or the server group.
    """

    rule: str
    name: str


@dataclass(frozen=True)
class Node:
    """A compute node; ``limits`` are its capacities by resource class.

    ``held`` is what others than its instances hold, ``units`` the most that
    one instance may have of a resource class, ``record`` is the node as in
    the snapshot.
    """

    hostname: str
    up: bool
    enabled: bool
    zone: str
    traits: frozenset[str]
    limits: dict[str, int]
    held: dict[Dimension, Amount]
    units: dict[Dimension, Amount]
    record: dict[str, Any]


@dataclass(frozen=True)
class Instance:
    """An instance; ``demand`` has only amounts above zero.

    ``record`` is the instance as in the snapshot.
    """

    uuid: str
    host: str
    state: str
    locked: bool
    excluded: bool
    stays: bool
    zone: str
    required: frozenset[str]
    forbidden: frozenset[str]
    demand: dict[Dimension, Amount]
    record: dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """Nodes by hostname, instances by uuid and the hard server groups.

    :ivar group_limits: max_server_per_host of each anti-affinity group
    :ivar migrating: both nodes of each instance that is already migrating
    :ivar released: instances that leave before anything moves
    :ivar aggregates: as in the snapshot
    :ivar filters: of Nova that are enabled; None for all
    :ivar any_hypervisor_version: Nova migrates live to older ones, too
    """

    nodes: dict[str, Node]
    instances: dict[str, Instance]
    group_limits: dict[str, int]
    migrating: dict[str, frozenset[str]]
    released: frozenset[str]
    aggregates: list[dict[str, Any]]
    filters: frozenset[str] | None
    any_hypervisor_version: bool = False

    def limit(self, hostname: str, dimension: Dimension) -> Amount:
        """The most of a dimension that the node may hold."""
        if dimension.rule == 'affinity':
            return math.inf
        if dimension.rule == 'anti_affinity':
            return self.group_limits[dimension.name]
        return self.nodes[hostname].limits.get(dimension.name, 0)

    def enables(self, scheduler_filter: str) -> bool:
        """Whether Nova has a filter, or nobody says which it has."""
        return self.filters is None or scheduler_filter in self.filters

    def is_settled(self, instance: Instance) -> bool:
        """Whether it is known where an instance will be, if left alone.

        One that is migrating already is company on neither of its nodes: it
        may have left the one, and may never arrive on the other.
        """
        ends = self.migrating.get(instance.uuid, frozenset())
        return len(ends | {instance.host}) == 1

    def holds(self) -> Iterator[tuple[Instance, str]]:
        """Each instance with each known node that it holds room on."""
        for instance in self.instances.values():
            if instance.uuid in self.released:
                continue
            both = self.migrating.get(instance.uuid, frozenset())
            for hostname in sorted(both | {instance.host}):
                if hostname in self.nodes:
                    yield instance, hostname


def read_cluster(
    snapshot: dict[str, Any], released: Iterable[str] = ()
) -> Cluster:
    """Read a snapshot document, without the released instances' needs."""
    gone = frozenset(released)
    groups = _hard_groups(snapshot, gone)
    filters = snapshot.get('scheduler_filters')
    nodes = [_node(data) for data in snapshot['compute_nodes']]
    member_of: dict[str, list[Dimension]] = {}
    for dimension, members, _limit in groups:
        for uuid in members:
            member_of.setdefault(uuid, []).append(dimension)
    instances = [
        _instance(data, member_of.get(data['uuid'], []))
        for data in snapshot['instances']
    ]
    return Cluster(
        nodes={node.hostname: node for node in nodes},
        instances={instance.uuid: instance for instance in instances},
        group_limits={dim.name: limit for dim, _members, limit in groups},
        migrating=_migrating(snapshot),
        released=gone,
        aggregates=snapshot.get('aggregates') or [],
        filters=None if filters is None else frozenset(filters),
        any_hypervisor_version=bool(
            snapshot.get('skip_hypervisor_version_check_on_lm')
        ),
    )


def capacity(inventory: dict[str, Any]) -> int:
    """What Placement lets be allocated of an inventory."""
    free = inventory.get('total', 0) - (inventory.get('reserved') or 0)
    ratio = inventory.get('allocation_ratio')
    return max(0, math.floor(free * (1.0 if ratio is None else ratio)))


def _node(data: dict[str, Any]) -> Node:
    inventories = data.get('inventories') or {}
    return Node(
        hostname=data['hostname'],
        up=_lower(data, 'state', 'up') == 'up',
        enabled=_lower(data, 'status', 'enabled') == 'enabled',
        zone=data.get('availability_zone') or 'nova',
        traits=frozenset(data.get('traits') or ()),
        limits={name: capacity(inv) for name, inv in inventories.items()},
        held=_capacities(data.get('held')),
        units={
            Dimension('capacity', name): inv['max_unit']
            for name, inv in inventories.items()
            if inv.get('max_unit') is not None
        },
        record=data,
    )


def _instance(data: dict[str, Any], groups: list[Dimension]) -> Instance:
    demand = _capacities(data.get('allocations'))
    demand.update((dimension, 1) for dimension in groups)
    return Instance(
        uuid=data['uuid'],
        host=data['host'],
        state=_lower(data, 'state', 'active'),
        locked=bool(data.get('locked')),
        excluded=bool(data.get('excluded')),
        stays=bool(data.get('stays')),
        zone=data.get('pinned_az') or '',
        required=frozenset(data.get('required_traits') or ()),
        forbidden=frozenset(data.get('forbidden_traits') or ()),
        demand=demand,
        record=data,
    )


def _capacities(amounts: dict[str, Amount] | None) -> dict[Dimension, Amount]:
    return {
        Dimension('capacity', name): amount
        for name, amount in (amounts or {}).items()
        if amount > 0
    }


def _lower(data: dict[str, Any], key: str, default: str) -> str:
    return str(data.get(key) or default).lower()


def _hard_groups(
    snapshot: dict[str, Any], released: frozenset[str]
) -> list[tuple[Dimension, set[str], int]]:
    """Hard groups that bind somebody: dimension, members, limit a node."""
    groups = []
    names: set[str] = set()
    for index, data in enumerate(snapshot.get('server_groups') or ()):
        rule = str(data.get('policy')).replace('-', '_')
        members = set(data.get('members') or ()) - released
        if rule not in ('affinity', 'anti_affinity') or len(members) < 2:
            continue
        name = data.get('uuid') or data.get('name')
        if not name or name in names:
            name = f'server_groups[{index}]'
        names.add(name)
        limit = data.get('max_server_per_host')
        groups.append(
            (Dimension(rule, name), members, 1 if limit is None else limit)
        )
    return groups


def _migrating(snapshot: dict[str, Any]) -> dict[str, frozenset[str]]:
    migrating: dict[str, frozenset[str]] = {}
    for data in snapshot.get('migrations') or ():
        if _lower(data, 'status', 'running') in ENDED:
            continue
        ends = frozenset((data.get('source'), data.get('destination')))
        known = migrating.get(data['instance'], frozenset())
        migrating[data['instance']] = known | (ends - {None})
    return migrating
