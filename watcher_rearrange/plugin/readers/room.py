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

"""Whose the room is that Placement has given away.

Everything that is held on a node is counted once: as the allocations of an
instance that is there, as the other end of its migration, or as held by
others.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import placement


Amounts = dict[str, int]


@dataclasses.dataclass
class Room:
    """See the module.

    :ivar own: what instances hold on their nodes, by UUID
    :ivar migrations: those that hold the same on both of their nodes, which
        are among the providers
    :ivar held: what others hold, by hostname
    :ivar strangers: consumers that are no instance, nor a migration
    """

    own: dict[str, Amounts] = dataclasses.field(default_factory=dict)
    migrations: list[records.Migration] = dataclasses.field(
        default_factory=list
    )
    held: dict[str, Amounts] = dataclasses.field(default_factory=dict)
    strangers: set[str] = dataclasses.field(default_factory=set)

    def hold(self, hostname: str, amounts: placement.Amounts) -> None:
        """Count what somebody else holds."""
        _add(self.held.setdefault(hostname, {}), amounts)


def share_out(
    cloud: nova.Cloud, providers: Mapping[str, placement.Provider]
) -> Room:
    """Return what belongs to whom.

    :param providers: by hostname, of the nodes in the audit scope
    """
    room = Room()
    moves = {move.uuid: move for move in cloud.migrations}
    parts: dict[str, dict[str, dict[str, placement.Amounts]]] = {}
    for hostname, provider in providers.items():
        for consumer, amounts in provider.allocations.items():
            move = moves.get(consumer)
            owner = consumer if move is None else move.instance
            if owner in cloud.servers:
                there = parts.setdefault(owner, {}).setdefault(hostname, {})
                there[consumer] = amounts
            else:
                room.hold(hostname, amounts)
                room.strangers.add(consumer)
    latest = {move.instance: move for move in cloud.migrations}
    for uuid, ends in parts.items():
        _settle(room, cloud.servers[uuid], ends, latest.get(uuid))
    return room


def _settle(
    room: Room,
    server: nova.Server,
    ends: dict[str, dict[str, placement.Amounts]],
    move: nova.Migration | None,
) -> None:
    """Share out what an instance and its migrations hold."""
    here = ends.pop(server.host, {})
    if here:
        # While it migrates, its room is the migration's.
        consumer = server.uuid if server.uuid in here else min(here)
        room.own[server.uuid] = dict(here.pop(consumer))
    for amounts in here.values():
        room.hold(server.host, amounts)
    for hostname, consumers in ends.items():
        total: Amounts = {}
        for amounts in consumers.values():
            _add(total, amounts)
        nodes = {server.host, hostname}
        if (
            move is not None
            and nodes == {move.source, move.destination}
            and total == room.own.get(server.uuid)
        ):
            room.migrations.append(
                records.Migration(
                    server.uuid, move.source, move.destination, move.status
                )
            )
        else:
            room.hold(hostname, total)


def _add(total: Amounts, amounts: placement.Amounts) -> None:
    for name, amount in amounts.items():
        total[name] = total.get(name, 0) + amount
