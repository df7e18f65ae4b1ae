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

"""The keys of the snapshot, version 1.

Each table states once what a key holds; the reader, the writer and the
lists of problems all follow it. The order is that of writing, and that of
reading: what others refer to comes first.
"""

from __future__ import annotations

from typing import Any

from watcher_rearrange.model import records
from watcher_rearrange.snapshot import kinds
from watcher_rearrange.snapshot.reading import Reading
from watcher_rearrange.snapshot.tables import Table


NODE = 'compute node'
INSTANCE = 'instance'

AMOUNTS = kinds.mapping_of(kinds.whole(), kinds.resource_class)
TEXTS = kinds.list_of(kinds.text)
_LOAD = kinds.mapping_of(kinds.number())
_PROPERTIES = kinds.mapping_of(kinds.text)


def uuid(thing: str) -> kinds.Kind:
    """The uuid of a new thing."""
    return kinds.unique(thing, 'uuid')


def _node_uuid(value: Any, where: str, reading: Reading) -> Any:
    # Unlike other uuids a node's may be unknown: nothing refers to it.
    return value if value == '' else uuid('node uuid')(value, where, reading)


INVENTORY = Table(
    records.Inventory,
    frozenset(('total',)),
    {
        'total': kinds.whole(),
        'reserved': kinds.whole(),
        'allocation_ratio': kinds.number(kinds.LARGEST_RATIO, positive=True),
        'max_unit': kinds.nullable(kinds.whole()),
    },
)

CPU = Table(
    records.Cpu,
    frozenset(),
    {
        'arch': kinds.text,
        'vendor': kinds.text,
        'model': kinds.text,
        'features': TEXTS,
    },
)

COMPUTE_NODE = Table(
    records.ComputeNode,
    frozenset(('hostname', 'inventories')),
    {
        'hostname': kinds.unique(NODE, 'hostname'),
        'uuid': _node_uuid,
        'status': kinds.one_of((records.ENABLED, records.DISABLED)),
        'state': kinds.one_of((records.UP, records.DOWN)),
        'disabled_reason': kinds.nullable(kinds.text),
        'availability_zone': kinds.text,
        'traits': TEXTS,
        'inventories': kinds.mapping_of(INVENTORY.read, kinds.resource_class),
        'load': _LOAD,
        'migration_link_mbps': kinds.whole(least=1),
        'held': AMOUNTS,
        'cpu': kinds.nullable(CPU.read),
        'hypervisor_type': kinds.text,
        'hypervisor_version': kinds.nullable(kinds.whole()),
    },
)

INSTANCE_TABLE = Table(
    records.Instance,
    frozenset(('uuid', 'host', 'allocations')),
    {
        'uuid': uuid(INSTANCE),
        'name': kinds.text,
        'host': kinds.reference(NODE),
        'state': kinds.text,
        'locked': kinds.boolean,
        'excluded': kinds.boolean,
        'project_id': kinds.text,
        'metadata': _PROPERTIES,
        'flavor_extra_specs': _PROPERTIES,
        'pinned_az': kinds.text,
        'required_traits': TEXTS,
        'forbidden_traits': TEXTS,
        'allocations': AMOUNTS,
        'load': _LOAD,
        'block_migration': kinds.boolean,
        'stays': kinds.text,
        'flavor': kinds.text,
        'image': kinds.text,
        'image_properties': _PROPERTIES,
        'not_live': kinds.text,
    },
)

SERVER_GROUP = Table(
    records.ServerGroup,
    frozenset(('uuid', 'policy', 'members')),
    {
        'uuid': uuid('server group'),
        'name': kinds.text,
        'policy': kinds.one_of(records.GROUP_POLICIES),
        'max_server_per_host': kinds.whole(least=1),
        'members': kinds.list_of(kinds.reference(INSTANCE), distinct=True),
    },
)

AGGREGATE = Table(
    records.Aggregate,
    frozenset(('name', 'hosts')),
    {
        'name': kinds.name,
        'hosts': kinds.list_of(kinds.reference(NODE), distinct=True),
        'metadata': _PROPERTIES,
    },
)

MIGRATION = Table(
    records.Migration,
    frozenset(('instance', 'source', 'destination')),
    {
        'instance': kinds.reference(INSTANCE),
        'source': kinds.reference(NODE),
        'destination': kinds.reference(NODE),
        'status': kinds.text,
    },
)

FLAVOR = Table(
    records.Flavor,
    frozenset(('name', 'allocations')),
    {
        'name': kinds.unique('flavor', 'name'),
        'allocations': AMOUNTS,
        'required_traits': TEXTS,
        'forbidden_traits': TEXTS,
    },
)

SNAPSHOT = Table(
    records.Snapshot,
    frozenset(('compute_nodes', 'instances')),
    {
        'compute_nodes': kinds.list_of(COMPUTE_NODE.read),
        'instances': kinds.list_of(INSTANCE_TABLE.read),
        'server_groups': kinds.list_of(SERVER_GROUP.read),
        'aggregates': kinds.list_of(AGGREGATE.read),
        'migrations': kinds.list_of(MIGRATION.read),
        'flavors': kinds.list_of(FLAVOR.read),
        'scheduler_filters': kinds.nullable(TEXTS),
        'skip_hypervisor_version_check_on_lm': kinds.boolean,
        'scheduler_sync_s': kinds.whole(),
    },
)
