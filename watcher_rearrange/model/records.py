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

"""What is known of a cluster, as plain frozen records.

The vocabulary and the defaults are those of Nova, Placement and Watcher.
A record holds facts only; what follows from them (capacity, arrays,
movability) is computed elsewhere.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from dataclasses import field


ENABLED = 'enabled'
DISABLED = 'disabled'
UP = 'up'
DOWN = 'down'

AFFINITY = 'affinity'
ANTI_AFFINITY = 'anti-affinity'
GROUP_POLICIES = (
    AFFINITY,
    ANTI_AFFINITY,
    'soft-affinity',
    'soft-anti-affinity',
)

# Nova's default for [DEFAULT] default_availability_zone.
DEFAULT_ZONE = 'nova'

# What a node's link for migrations carries unless somebody says it.
DEFAULT_LINK_MBPS = 1000

# A little more than [DEFAULT] scheduler_instance_sync_interval of Nova.
SCHEDULER_SYNC_S = 130

# Migration states in which Placement holds nothing on the other end.
FINISHED_MIGRATIONS = frozenset(
    'cancelled completed confirmed done error failed reverted'.split()
)


@dataclasses.dataclass(frozen=True)
class Inventory:
    """One resource class of one compute node, as Placement has it.

    :ivar max_unit: the most that one instance may have; None is any amount
    """

    total: int
    reserved: int = 0
    allocation_ratio: float = 1.0
    max_unit: int | None = None


@dataclasses.dataclass(frozen=True)
class Cpu:
    """The processors of a compute node, as its hypervisor reports them.

    :ivar features: those that a guest may be given
    """

    arch: str = ''
    vendor: str = ''
    model: str = ''
    features: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ComputeNode:
    """A compute node with its service, inventories and measured load.

    :ivar migration_link_mbps: speed of its link for migrations, in Mbit/s
    :ivar held: what others than its instances hold, by resource class, such
        as a reservation, or a resize that waits to be confirmed elsewhere
    :ivar cpu: None if nobody knows
    :ivar hypervisor_type: as Nova names it, empty if nobody knows
    :ivar hypervisor_version: 1000000 times major, 1000 times minor and so
        on; None if nobody knows
    """

    hostname: str
    inventories: Mapping[str, Inventory]
    uuid: str = ''
    status: str = ENABLED
    state: str = UP
    disabled_reason: str | None = None
    availability_zone: str = DEFAULT_ZONE
    traits: tuple[str, ...] = ()
    load: Mapping[str, float] = field(default_factory=dict)
    migration_link_mbps: int = DEFAULT_LINK_MBPS
    held: Mapping[str, int] = field(default_factory=dict)
    cpu: Cpu | None = None
    hypervisor_type: str = ''
    hypervisor_version: int | None = None

    @property
    def receives(self) -> bool:
        """Whether Nova would place an instance here."""
        return self.status == ENABLED and self.state == UP


@dataclasses.dataclass(frozen=True)
class Instance:
    """An instance with its allocations and what is said about moving it.

    :ivar block_migration: whether a live migration copies its local disk
    :ivar stays: why it must not be moved, where nothing else here says so
    :ivar flavor: the name of its flavor
    :ivar image: the name of its image, or the UUID where there is no name
    :ivar image_properties: those that Nova keeps with the instance
    :ivar not_live: why it cannot be migrated live, where its state would
        let it
    :ivar not_within: hours in which a policy lets no migration of it begin,
        as the policy file has them; no snapshot file has any
    :ivar quiet_from_s: when the next of these begin, in seconds from the
        begin of a plan; None where there are none
    """

    uuid: str
    host: str
    allocations: Mapping[str, int]
    name: str = ''
    state: str = 'active'
    locked: bool = False
    excluded: bool = False
    project_id: str = ''
    metadata: Mapping[str, str] = field(default_factory=dict)
    flavor_extra_specs: Mapping[str, str] = field(default_factory=dict)
    pinned_az: str = ''
    required_traits: tuple[str, ...] = ()
    forbidden_traits: tuple[str, ...] = ()
    load: Mapping[str, float] = field(default_factory=dict)
    block_migration: bool = False
    stays: str = ''
    flavor: str = ''
    image: str = ''
    image_properties: Mapping[str, str] = field(default_factory=dict)
    not_live: str = ''
    not_within: tuple[str, ...] = ()
    quiet_from_s: float | None = None

    @property
    def label(self) -> str:
        """The name where there is one, else the UUID."""
        return self.name or self.uuid


@dataclasses.dataclass(frozen=True)
class ServerGroup:
    """A server group: which instances belong together or apart.

    :ivar of_policy: whether a policy has it, and Nova does not know of it
    """

    uuid: str
    policy: str
    members: tuple[str, ...]
    name: str = ''
    max_server_per_host: int = 1
    of_policy: bool = False


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """A host aggregate with its metadata."""

    name: str
    hosts: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Migration:
    """A migration that Nova knows of; it may still hold room."""

    instance: str
    source: str
    destination: str
    status: str = 'running'

    @property
    def in_progress(self) -> bool:
        """Whether both ends are still held."""
        return self.status not in FINISHED_MIGRATIONS


@dataclasses.dataclass(frozen=True)
class Flavor:
    """A size of instances that somebody may want to boot.

    :ivar allocations: what an instance of it takes, by resource class
    """

    name: str
    allocations: Mapping[str, int]
    required_traits: tuple[str, ...] = ()
    forbidden_traits: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Fence:
    """Instances that a policy keeps on some hosts.

    :ivar weight: of one breach, where it is an aim; None if it is a must
    """

    name: str
    members: frozenset[str]
    hosts: frozenset[str]
    weight: float | None = None


# How the names of resource classes begin that only stand for a limit of a
# policy: no class of Placement has a colon.
LIMIT = 'limit:'

AT_MOST = 'at_most'
TOGETHER = 'together'
EXCLUSIVE = 'exclusive'


@dataclasses.dataclass(frozen=True)
class Relation:
    """Who may be with whom in one part of the nodes, as a policy has it.

    - at_most: in each part, so many of the members at most;
    - together: all members in one part;
    - exclusive: in no part a member and one of the others.

    :ivar part_of: the part of each host; a host without one is not meant
    :ivar others: None for everybody who is no member
    :ivar weight: of one breach, where it is an aim; None if it is a must
    :ivar outside: in each part, members that are not in the snapshot, and
        ends of migrations of others that it does not show
    :ivar others_outside: the same of the others
    :ivar settled_outside: the members of ``outside`` that migrate nowhere
    :ivar leaving: members in the snapshot whose migration it does not show
    """

    name: str
    kind: str
    members: frozenset[str]
    part_of: Mapping[str, str]
    others: frozenset[str] | None = frozenset()
    most: int = 1
    weight: float | None = None
    outside: Mapping[str, int] = field(default_factory=dict)
    others_outside: Mapping[str, int] = field(default_factory=dict)
    settled_outside: Mapping[str, int] = field(default_factory=dict)
    leaving: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A whole cluster at one moment.

    :ivar scheduler_filters: those of Nova that are enabled; None for all
        that there are rules for
    :ivar skip_hypervisor_version_check_on_lm: whether Nova is told to migrate
        instances live to older hypervisors, too
    :ivar scheduler_sync_s: how long after a migration Nova's scheduler may
        still count the instance on the node that it has left
    :ivar fences: of a policy, which no snapshot file has
    :ivar relations: the same
    :ivar loose_fences: those of a policy that may be broken, but should not
    :ivar loose_relations: the same
    """

    compute_nodes: tuple[ComputeNode, ...]
    instances: tuple[Instance, ...]
    server_groups: tuple[ServerGroup, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    migrations: tuple[Migration, ...] = ()
    flavors: tuple[Flavor, ...] = ()
    scheduler_filters: tuple[str, ...] | None = None
    skip_hypervisor_version_check_on_lm: bool = False
    scheduler_sync_s: int = SCHEDULER_SYNC_S
    fences: tuple[Fence, ...] = ()
    relations: tuple[Relation, ...] = ()
    loose_fences: tuple[Fence, ...] = ()
    loose_relations: tuple[Relation, ...] = ()

    def bound(self) -> Snapshot:
        """Return the cluster where nothing is loose."""
        return dataclasses.replace(
            self,
            fences=(*self.fences, *self.loose_fences),
            relations=(*self.relations, *self.loose_relations),
            loose_fences=(),
            loose_relations=(),
        )


@dataclasses.dataclass(frozen=True)
class Provision:
    """Room that must be free on a host when the plan is done."""

    uuid: str
    host: str
    allocations: Mapping[str, int]
    name: str = ''


@dataclasses.dataclass(frozen=True)
class Target:
    """Where the instances should end up."""

    placement: Mapping[str, str]
    release: tuple[str, ...] = ()
    provision: tuple[Provision, ...] = ()
