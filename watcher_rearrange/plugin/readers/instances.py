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

"""Instances as the services know them, and why some stay."""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import facts as readers
from watcher_rearrange.plugin.readers import images
from watcher_rearrange.plugin.readers import mobility
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import requirements
from watcher_rearrange.plugin.readers import room as rooms
from watcher_rearrange.plugin.readers import server_groups


UNKNOWN = "unknown to Watcher's model"
INCOMPLETE = "incomplete in Watcher's model"
NO_ROOM = 'without allocations in Placement on the node'
NO_FLAVOR = 'without a flavor in Nova'
NO_IMAGE = 'what its image asks for is not known'
MIGRATING = 'in a migration already'


class Instances:
    """Instances as they are now.

    :param uuids: of those in the audit scope
    """

    def __init__(
        self,
        before: records.Snapshot,
        facts: readers.Facts,
        room: rooms.Room,
        uuids: Collection[str],
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
        # Nova sends nobody to a node that looks disabled in Placement.
        self._stale = any(
            requirements.DISABLED in facts.traits(node.hostname)
            for node in before.compute_nodes
        )
        self._elsewhere = {
            **_of_groups(before, said, uuids),
            **facts.elsewhere.stays({n.uuid for n in before.compute_nodes}),
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
            'flavor': server.flavor,
            'flavor_extra_specs': server.extra_specs,
            **self._of_image(server),
        }
        truth['stays'] = self._stays(server) or self._neither(server, truth)
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
        return self._facts.ports.get(server.uuid) or self._elsewhere.get(
            server.uuid, ''
        )

    def _neither(self, server: nova.Server, truth: Mapping[str, Any]) -> str:
        """Return why an instance can be migrated neither live nor cold."""
        properties = truth['image_properties']
        reason = mobility.stays(server.extra_specs, properties)
        if reason or (server.vm_state == 'active' and not truth['not_live']):
            return reason
        reason = mobility.not_cold(server.extra_specs, properties)
        return reason or ('' if self._knows_image(server) else NO_IMAGE)

    def _knows_image(self, server: nova.Server) -> bool:
        """Whether it is known what the image of an instance asks for.

        Nova refuses to migrate live what it cannot, but a cold migration
        fails on the way, and leaves the instance in error.
        """
        return (
            not server.image
            or server.image_properties is not None
            or server.image in self._facts.images
        )

    def _of_image(self, server: nova.Server) -> dict[str, Any]:
        """Return what the image says, alone or with the flavor."""
        image = self._facts.images.get(server.image)
        properties = _properties(server, image)
        traits = requirements.traits(
            server.extra_specs,
            properties,
            self._facts.traits(server.host),
            image.disk_format if image else '',
        )
        return {
            'image': (image.name if image else '') or server.image,
            'image_properties': properties,
            'required_traits': traits.required,
            'forbidden_traits': self._forbidden(traits),
            'not_live': _not_live(server, properties),
        }

    def _forbidden(self, traits: requirements.Traits) -> tuple[str, ...]:
        if not self._stale:
            return traits.forbidden
        return tuple(sorted({*traits.forbidden, requirements.DISABLED}))


def _not_live(server: nova.Server, properties: Mapping[str, str]) -> str:
    reason = mobility.not_live(server.extra_specs, properties)
    if reason or server.vm_state != 'active':
        return reason
    return mobility.not_running(server.power_state)


def _of_groups(
    before: records.Snapshot, said: nova.Cloud, uuids: Collection[str]
) -> dict[str, str]:
    """Return who stays because of its server group, and why."""
    hostnames = {node.hostname for node in before.compute_nodes}
    crossing = {
        move.instance
        for move in said.migrations
        if move.source in hostnames or move.destination in hostnames
    }
    hosts = {server.uuid: server.host for server in said.servers.values()}
    return server_groups.stays(said.server_groups, uuids, hosts, crossing)


def _properties(
    server: nova.Server, image: images.Image | None
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
