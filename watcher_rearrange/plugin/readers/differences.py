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

"""What Watcher's model has that is not so, counted for the operator."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import requirements
from watcher_rearrange.plugin.readers import room as rooms
from watcher_rearrange.plugin.readers import watcher_model


def messages(
    before: records.Snapshot, after: records.Snapshot, room: rooms.Room
) -> list[str]:
    """Return a sentence for each kind of difference.

    :param before: what the model has
    :param after: what Nova and Placement say of the same nodes
    """
    return [
        *_instances(before, after),
        *_words(before, after),
        *_amounts(before, after),
        *_nodes(after),
        *_looks_disabled(after),
        *_others(room),
    ]


def _instances(
    before: records.Snapshot, after: records.Snapshot
) -> Iterator[str]:
    believed = {instance.uuid: instance for instance in before.instances}
    true = {instance.uuid: instance for instance in after.instances}
    gone = believed.keys() - true.keys()
    if gone:
        yield (
            f"{len(gone)} instances of Watcher's model are not on these "
            'nodes in Nova and are left out'
        )
    new = true.keys() - believed.keys()
    if new:
        yield (
            f"{len(new)} instances that Watcher's model does not have are "
            'on these nodes in Nova and stay'
        )
    moved = sum(
        true[uuid].host != believed[uuid].host
        for uuid in true.keys() & believed.keys()
    )
    if moved:
        yield (
            f'{moved} instances are on another node in Nova than in '
            "Watcher's model"
        )


def _words(before: records.Snapshot, after: records.Snapshot) -> Iterator[str]:
    # The audit scope may exclude by metadata. Extra specs are in the model
    # only with an option of Watcher.
    believed = {instance.uuid: instance for instance in before.instances}
    changed = sum(
        old.metadata != instance.metadata
        or old.flavor_extra_specs not in ({}, instance.flavor_extra_specs)
        for instance in after.instances
        if (old := believed.get(instance.uuid)) and old.allocations
    )
    if changed:
        yield (
            f'{changed} instances have other metadata or extra specs in Nova '
            "than in Watcher's model; Nova's count"
        )


def _amounts(
    before: records.Snapshot, after: records.Snapshot
) -> Iterator[str]:
    nodes = sum(
        _inventories(old) != _inventories(new)
        for old, new in zip(
            before.compute_nodes, after.compute_nodes, strict=True
        )
    )
    believed = {i.uuid: i.allocations for i in before.instances}
    instances = sum(
        instance.allocations != believed[instance.uuid]
        for instance in after.instances
        if believed.get(instance.uuid)
    )
    if nodes or instances:
        yield (
            f"Placement has other inventories than Watcher's model for "
            f'{nodes} nodes, other allocations for {instances} instances; '
            "Placement's count"
        )


def _inventories(node: records.ComputeNode) -> dict[str, records.Inventory]:
    """Of the classes that the model can have, those with any."""
    return {
        name: dataclasses.replace(node.inventories[name], max_unit=None)
        for name in watcher_model.INVENTORIES
        if name in node.inventories and node.inventories[name].total
    }


def _nodes(after: records.Snapshot) -> Iterator[str]:
    bare = [n.hostname for n in after.compute_nodes if not n.inventories]
    if bare:
        yield (
            f'{len(bare)} compute nodes have no inventory in Placement: '
            f'{", ".join(bare[:3])}'
        )


def _looks_disabled(after: records.Snapshot) -> Iterator[str]:
    stale = [
        node.hostname
        for node in after.compute_nodes
        if requirements.DISABLED in node.traits
    ]
    if stale:
        yield (
            f'{len(stale)} enabled compute nodes are disabled in Placement '
            f'(trait {requirements.DISABLED}), so nobody goes there: '
            f'{", ".join(stale[:3])}'
        )


def _others(room: rooms.Room) -> Iterator[str]:
    if room.strangers:
        yield (
            f'{len(room.strangers)} consumers in Placement that are no '
            'instances in Nova hold room, which is left to them'
        )
