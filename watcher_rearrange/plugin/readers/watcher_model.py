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

"""Watcher's compute model as a snapshot.

The model that a strategy gets is its own copy, made under the collector's
lock, so that it stands still while it is read.

Only what the model holds is filled in here. It knows no migrations under
way, and may hold instances that are gone or elsewhere: what Nova and
Placement say of those, :mod:`.cloud` puts into the snapshot.
"""

from __future__ import annotations

import dataclasses

from typing import Any

from watcher.decision_engine.model import element
from watcher.decision_engine.model import model_root

from watcher_rearrange.model import records


# The fields of a node by resource class: total, reserved, ratio.
INVENTORIES = {
    'VCPU': ('vcpus', 'vcpu_reserved', 'vcpu_ratio'),
    'MEMORY_MB': ('memory', 'memory_mb_reserved', 'memory_ratio'),
    'DISK_GB': ('disk', 'disk_gb_reserved', 'disk_ratio'),
}
ALLOCATIONS = {'VCPU': 'vcpus', 'MEMORY_MB': 'memory', 'DISK_GB': 'disk'}
DELETED = element.InstanceState.DELETED.value
BUILDING = element.InstanceState.BUILDING.value


@dataclasses.dataclass(frozen=True)
class Reading:
    """A snapshot, and what has to be said of how it was read.

    :ivar whole: the cloud that the snapshot is a part of; None if all of its
        instances are in the snapshot
    """

    snapshot: records.Snapshot
    messages: tuple[str, ...] = ()
    whole: records.Snapshot | None = None

    def saying(self, message: str) -> Reading:
        """Return the same with one more message."""
        return dataclasses.replace(self, messages=(*self.messages, message))


def read(model: model_root.ModelRoot) -> Reading:
    """Read a compute model.

    Instances on no node, and deleted ones, are left out; one that the model
    holds without its size counts as being built, which keeps it in place.

    :param model: the scoped copy that a strategy works on
    """
    nodes: dict[str, records.ComputeNode] = {}
    instances: list[records.Instance] = []
    known = list(model.get_all_compute_nodes().values())
    for found in known:
        node = _compute_node(found)
        # A host that was installed anew can be there twice; the entry that
        # a notification added last is the one that exists.
        nodes[node.hostname] = node
        instances += [
            _instance(instance, node.hostname)
            for instance in model.get_node_instances(found)
            if _field(instance, 'state', '') != DELETED
        ]
    mapped = {instance.uuid for instance in instances}
    unmapped = [
        uuid
        for uuid, instance in model.get_all_instances().items()
        if uuid not in mapped and _field(instance, 'state', '') != DELETED
    ]
    snapshot = records.Snapshot(tuple(nodes.values()), tuple(instances))
    return Reading(
        snapshot, tuple(_messages(snapshot, len(unmapped), len(known)))
    )


def _messages(
    snapshot: records.Snapshot, n_unmapped: int, n_known: int
) -> list[str]:
    messages = []
    if n_unmapped:
        messages.append(
            f'{n_unmapped} instances are on no compute node of the model '
            'and are left out'
        )
    n_incomplete = sum(not i.allocations for i in snapshot.instances)
    if n_incomplete:
        messages.append(
            f'{n_incomplete} instances stay because the model does not know '
            'their size'
        )
    n_twice = n_known - len(snapshot.compute_nodes)
    if n_twice:
        messages.append(
            f'{n_twice} compute nodes are in the model twice; the later '
            'entry is used'
        )
    return messages


def _compute_node(node: element.ComputeNode) -> records.ComputeNode:
    return records.ComputeNode(
        hostname=node.hostname,
        uuid=node.uuid,
        inventories={
            rc: records.Inventory(
                total=_field(node, total, 0),
                reserved=_field(node, reserved, 0),
                allocation_ratio=_field(node, ratio, 1.0),
            )
            for rc, (total, reserved, ratio) in INVENTORIES.items()
        },
        status=_field(node, 'status', records.ENABLED),
        state=_field(node, 'state', records.UP),
        disabled_reason=_field(node, 'disabled_reason', None),
    )


def _instance(instance: element.Instance, hostname: str) -> records.Instance:
    amounts = {
        rc: _field(instance, field, None) for rc, field in ALLOCATIONS.items()
    }
    complete = None not in amounts.values()
    return records.Instance(
        uuid=instance.uuid,
        name=_field(instance, 'name', ''),
        host=hostname,
        state=_field(instance, 'state', 'active') if complete else BUILDING,
        locked=_field(instance, 'locked', False),
        excluded=_field(instance, 'watcher_exclude', False),
        project_id=_field(instance, 'project_id', ''),
        metadata=_strings(instance, 'metadata'),
        # Traits in the extra specs are not turned into required traits:
        # the model has no traits of nodes, so no node would qualify.
        flavor_extra_specs=_strings(instance, 'flavor_extra_specs'),
        pinned_az=_field(instance, 'pinned_az', ''),
        allocations={rc: n for rc, n in amounts.items() if complete and n},
    )


def _strings(instance: element.Instance, field: str) -> dict[str, str]:
    values = _field(instance, field, {})
    return {str(key): str(value) for key, value in values.items()}


def _field(thing: element.ComputeNode, name: str, default: Any) -> Any:
    """Return a field, or the default where it is not set or None.

    A field of a versioned object that was never set raises
    NotImplementedError.
    """
    try:
        value = getattr(thing, name)
    except NotImplementedError:
        return default
    return default if value is None else value
