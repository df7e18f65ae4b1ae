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

"""What Nova and Placement say, in place of what Watcher's model believes.

The model says which nodes are in the audit scope, and what only it knows of
an instance: whether it is excluded, its metadata. Nova decides who exists,
where and in which state; Placement decides what there is and who holds it.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import differences
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import placement
from watcher_rearrange.plugin.readers import room as rooms
from watcher_rearrange.plugin.readers import watcher_model


UNKNOWN = "unknown to Watcher's model"
INCOMPLETE = "incomplete in Watcher's model"
NO_ROOM = 'without allocations in Placement on the node'
MIGRATING = 'in a migration already'


def add(reading: watcher_model.Reading) -> watcher_model.Reading:
    """Ask Nova and Placement once, and put right what the model has.

    :raises api.Unreadable: if either cannot be read completely
    """
    nodes = reading.snapshot.compute_nodes
    said = nova.read()
    found = placement.read(node.uuid for node in nodes)
    providers = {
        node.hostname: found[node.uuid] for node in nodes if node.uuid in found
    }
    return merge(reading, said, providers)


def merge(
    reading: watcher_model.Reading,
    said: nova.Cloud,
    providers: Mapping[str, placement.Provider],
) -> watcher_model.Reading:
    """Return the reading with the truth in it.

    :param said: by Nova
    :param providers: of Placement, by the hostname of a node in scope
    """
    before = reading.snapshot
    room = rooms.share_out(said, providers)
    known = {instance.uuid: instance for instance in before.instances}
    hostnames = {node.hostname for node in before.compute_nodes}
    pinned = {move.instance for move in said.migrations}
    pinned.difference_update(move.instance for move in room.migrations)
    after = dataclasses.replace(
        before,
        compute_nodes=tuple(
            _node(
                node,
                said.services.get(node.hostname),
                providers.get(node.hostname),
                room.held.get(node.hostname, {}),
            )
            for node in before.compute_nodes
        ),
        instances=tuple(
            _instance(server, known.get(server.uuid), room, pinned)
            for server in said.servers.values()
            if server.host in hostnames
        ),
        migrations=tuple(room.migrations),
    )
    noted = differences.messages(before, after, room)
    return watcher_model.Reading(after, (*reading.messages, *noted))


def _node(
    node: records.ComputeNode,
    service: nova.Service | None,
    provider: placement.Provider | None,
    held: Mapping[str, int],
) -> records.ComputeNode:
    inventories = provider.inventories if provider else {}
    node = dataclasses.replace(node, inventories=inventories, held=held)
    if service is None:
        # It was deleted: whatever is still there stays, nobody arrives.
        return dataclasses.replace(node, state=records.DOWN)
    return dataclasses.replace(
        node,
        status=service.status,
        state=service.state,
        disabled_reason=service.disabled_reason,
        availability_zone=service.zone,
    )


def _instance(
    server: nova.Server,
    known: records.Instance | None,
    room: rooms.Room,
    pinned: Collection[str],
) -> records.Instance:
    """Return an instance as it is now.

    :param pinned: instances in a migration that the snapshot does not show
    """
    own = room.own.get(server.uuid)
    believed = known.allocations if known else {}
    stays = ''
    if server.task_state:
        stays = f'in task {server.task_state}'
    elif server.uuid in pinned:
        stays = MIGRATING
    elif known is None:
        stays = UNKNOWN
    elif own is None:
        stays = NO_ROOM
    elif not believed:
        stays = INCOMPLETE
    truth: dict[str, Any] = {
        'name': server.name,
        'host': server.host,
        'state': server.vm_state,
        'locked': server.locked,
        'project_id': server.project_id,
        'allocations': believed if own is None else own,
        'stays': stays,
    }
    if server.pinned_az is not None:
        truth['pinned_az'] = server.pinned_az
    if known is None:
        return records.Instance(uuid=server.uuid, **truth)
    return dataclasses.replace(known, **truth)
