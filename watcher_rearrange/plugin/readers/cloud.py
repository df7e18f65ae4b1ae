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
an instance: whether it is excluded. Nova decides who exists, where, in which
state and with which rules; Placement decides what there is and who holds it.
Glance knows the images and Neutron the ports.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Mapping

from oslo_log import log

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import aggregates
from watcher_rearrange.plugin.readers import differences
from watcher_rearrange.plugin.readers import facts as readers
from watcher_rearrange.plugin.readers import images as image_reader
from watcher_rearrange.plugin.readers import instances as instance_reader
from watcher_rearrange.plugin.readers import missed as misses
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import placement
from watcher_rearrange.plugin.readers import ports
from watcher_rearrange.plugin.readers import room as rooms
from watcher_rearrange.plugin.readers import scheduler
from watcher_rearrange.plugin.readers import server_groups
from watcher_rearrange.plugin.readers import surroundings
from watcher_rearrange.plugin.readers import watcher_model


LOG = log.getLogger(__name__)


def add(
    reading: watcher_model.Reading, all_images: bool = False
) -> watcher_model.Reading:
    """Ask every service once, and put right what the model has.

    :param all_images: read those of instances out of the audit scope, too
    :raises api.Unreadable: if any of them cannot be read completely
    """
    nodes = reading.snapshot.compute_nodes
    hostnames = {node.hostname for node in nodes}
    said = nova.read()
    found = placement.read(node.uuid for node in nodes)
    missed = misses.Missed()
    images = _images(said, None if all_images else hostnames, missed)
    providers = {
        node.hostname: found.nodes[node.uuid]
        for node in nodes
        if node.uuid in found.nodes
    }
    connected = any(one.is_connected for one in said.servers.values())
    facts = readers.Facts(
        said, providers, found.elsewhere, images, ports.read(missed, connected)
    )
    merged = merge(reading, facts)
    return dataclasses.replace(
        merged, messages=(*missed.messages, *merged.messages)
    )


def _images(
    said: nova.Cloud, hostnames: Collection[str] | None, missed: misses.Missed
) -> dict[str, image_reader.Image]:
    """Read the images of instances.

    :param hostnames: of their nodes; None for all, and then for rules, which
        cannot do without
    :raises api.Unreadable: if one cannot be read, and has to be
    """
    uuids = {
        server.image
        for server in said.servers.values()
        if server.image
        and server.host
        and (hostnames is None or server.host in hostnames)
    }
    found, errors = image_reader.read(uuids)
    if errors and hostnames is None:
        raise errors[0]
    if errors:
        missed.accept(misses.GLANCE, image_reader.summed_up(errors))
    return found


def merge(
    reading: watcher_model.Reading, facts: readers.Facts
) -> watcher_model.Reading:
    """Return the reading with the truth in it."""
    before = reading.snapshot
    said = facts.said
    room = rooms.share_out(said, facts.providers)
    hostnames = {node.hostname for node in before.compute_nodes}
    here = [s for s in said.servers.values() if s.host in hostnames]
    uuids = {server.uuid for server in here}
    instances = instance_reader.Instances(before, facts, room, uuids)
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
    after = dataclasses.replace(
        after,
        scheduler_filters=scheduler.assumed(after.instances, said.aggregates),
    )
    noted = differences.messages(before, after, room)
    _log(after)
    return watcher_model.Reading(
        after, (*reading.messages, *noted), surroundings.whole(after, facts)
    )


def _node(
    node: records.ComputeNode, facts: readers.Facts, held: Mapping[str, int]
) -> records.ComputeNode:
    provider = facts.providers.get(node.hostname)
    service = facts.said.services.get(node.hostname)
    hypervisor = facts.hypervisor(node.hostname)
    node = dataclasses.replace(
        node,
        inventories=provider.inventories if provider else {},
        traits=facts.traits(node.hostname),
        held=held,
        cpu=hypervisor.cpu,
        hypervisor_type=hypervisor.type,
        hypervisor_version=hypervisor.version,
    )
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
