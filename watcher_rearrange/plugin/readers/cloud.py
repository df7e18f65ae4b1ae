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

from collections.abc import Mapping
from typing import Any

from oslo_log import log

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import aggregates
from watcher_rearrange.plugin.readers import differences
from watcher_rearrange.plugin.readers import images as image_reader
from watcher_rearrange.plugin.readers import mobility
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import placement
from watcher_rearrange.plugin.readers import requirements
from watcher_rearrange.plugin.readers import room as rooms
from watcher_rearrange.plugin.readers import server_groups
from watcher_rearrange.plugin.readers import trees
from watcher_rearrange.plugin.readers import watcher_model


LOG = log.getLogger(__name__)

UNKNOWN = "unknown to Watcher's model"
INCOMPLETE = "incomplete in Watcher's model"
NO_ROOM = 'without allocations in Placement on the node'
NO_FLAVOR = 'without a flavor in Nova'
MIGRATING = 'in a migration already'


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known besides the model.

    :ivar said: by Nova
    :ivar providers: of Placement, by the hostname of a node in scope
    :ivar images: of Glance, by UUID
    """

    said: nova.Cloud
    providers: Mapping[str, placement.Provider]
    elsewhere: trees.Elsewhere = dataclasses.field(
        default_factory=trees.Elsewhere
    )
    images: Mapping[str, image_reader.Image] = dataclasses.field(
        default_factory=dict
    )


def add(reading: watcher_model.Reading) -> watcher_model.Reading:
    """Ask Nova, Placement and Glance once, and put right what the model has.

    :raises api.Unreadable: if any of them cannot be read completely
    """
    nodes = reading.snapshot.compute_nodes
    hostnames = {node.hostname for node in nodes}
    said = nova.read()
    found = placement.read(node.uuid for node in nodes)
    images = image_reader.read(
        server.image
        for server in said.servers.values()
        if server.image and server.host in hostnames
    )
    providers = {
        node.hostname: found.nodes[node.uuid]
        for node in nodes
        if node.uuid in found.nodes
    }
    facts = Facts(said, providers, found.elsewhere, images)
    return merge(reading, facts)


def merge(
    reading: watcher_model.Reading, facts: Facts
) -> watcher_model.Reading:
    """Return the reading with the truth in it."""
    before = reading.snapshot
    said = facts.said
    room = rooms.share_out(said, facts.providers)
    hostnames = {node.hostname for node in before.compute_nodes}
    here = [s for s in said.servers.values() if s.host in hostnames]
    uuids = {server.uuid for server in here}
    instances = _Instances(before, facts, room, uuids)
    after = dataclasses.replace(
        before,
        compute_nodes=tuple(
            _node(node, facts, room.held.get(node.hostname, {}))
            for node in before.compute_nodes
        ),
        instances=tuple(map(instances.record, here)),
        server_groups=server_groups.in_scope(said.server_groups, uuids),
        aggregates=aggregates.in_scope(said.aggregates, hostnames),
        migrations=tuple(room.migrations),
    )
    noted = differences.messages(before, after, room)
    _log(after)
    return watcher_model.Reading(after, (*reading.messages, *noted))


def _node(
    node: records.ComputeNode, facts: Facts, held: Mapping[str, int]
) -> records.ComputeNode:
    provider = facts.providers.get(node.hostname)
    node = dataclasses.replace(
        node,
        inventories=provider.inventories if provider else {},
        traits=provider.traits if provider else (),
        held=held,
        cpu=facts.said.cpus.get(node.hostname),
    )
    service = facts.said.services.get(node.hostname)
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


class _Instances:
    """Instances as they are now.

    :param uuids: of those in the audit scope
    """

    def __init__(
        self,
        before: records.Snapshot,
        facts: Facts,
        room: rooms.Room,
        uuids: set[str],
    ) -> None:
        said = facts.said
        self._facts = facts
        self._room = room
        self._known = {
            instance.uuid: instance for instance in before.instances
        }
        # In a migration that the snapshot does not show.
        self._pinned = {move.instance for move in said.migrations}
        self._pinned -= {move.instance for move in room.migrations}
        self._held = {
            **server_groups.stays(
                said.server_groups,
                uuids,
                {server.uuid: server.host for server in said.servers.values()},
            ),
            **facts.elsewhere.stays(
                {node.uuid for node in before.compute_nodes}
            ),
        }

    def record(self, server: nova.Server) -> records.Instance:
        """Return the instance that a server is."""
        known = self._known.get(server.uuid)
        own = self._room.own.get(server.uuid)
        believed = known.allocations if known else {}
        truth: dict[str, Any] = {
            'name': server.name,
            'host': server.host,
            'state': server.vm_state,
            'locked': server.locked,
            'project_id': server.project_id,
            'metadata': server.metadata,
            'allocations': believed if own is None else own,
            'stays': self._stays(server),
            'flavor': server.flavor,
            'flavor_extra_specs': server.extra_specs,
            **self._of_image(server),
        }
        if server.pinned_az is not None:
            truth['pinned_az'] = server.pinned_az
        if known is None:
            return records.Instance(uuid=server.uuid, **truth)
        return dataclasses.replace(known, **truth)

    def _stays(self, server: nova.Server) -> str:
        if server.task_state:
            return f'in task {server.task_state}'
        if server.uuid in self._pinned:
            return MIGRATING
        known = self._known.get(server.uuid)
        if known is None:
            return UNKNOWN
        if server.uuid not in self._room.own:
            return NO_ROOM
        if not known.allocations:
            return INCOMPLETE
        if not server.flavor:
            return NO_FLAVOR
        return mobility.stays(server.extra_specs) or self._held.get(
            server.uuid, ''
        )

    def _of_image(self, server: nova.Server) -> dict[str, Any]:
        """Return what the image says, alone or with the flavor."""
        image = self._facts.images.get(server.image)
        properties = _properties(server, image)
        provider = self._facts.providers.get(server.host)
        traits = requirements.traits(
            server.extra_specs, properties, provider.traits if provider else ()
        )
        return {
            'image': (image.name if image else '') or server.image,
            'image_properties': properties,
            'required_traits': traits.required,
            'forbidden_traits': traits.forbidden,
            'not_live': mobility.not_live(server.extra_specs, properties),
        }


def _properties(
    server: nova.Server, image: image_reader.Image | None
) -> Mapping[str, str]:
    """Return the properties that Nova keeps with an instance.

    Of those it shows all but the traits, which the image still has.
    """
    said = image.properties if image else {}
    if server.image_properties is None:
        return said
    traits = {
        key: value
        for key, value in said.items()
        if key.startswith(requirements.PREFIX)
    }
    return {**traits, **server.image_properties}


def _log(snapshot: records.Snapshot) -> None:
    LOG.info(
        'In the audit scope: %d nodes, %d instances, %d server groups, '
        '%d aggregates; %d instances cannot be migrated live, %d stay',
        len(snapshot.compute_nodes),
        len(snapshot.instances),
        len(snapshot.server_groups),
        len(snapshot.aggregates),
        sum(bool(instance.not_live) for instance in snapshot.instances),
        sum(bool(instance.stays) for instance in snapshot.instances),
    )
