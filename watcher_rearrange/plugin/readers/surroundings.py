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

"""What is out of the audit scope, as far as rules of a policy mean it."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import facts as readers
from watcher_rearrange.plugin.readers import images
from watcher_rearrange.plugin.readers import nova


def whole(
    scope: records.Snapshot, facts: readers.Facts
) -> records.Snapshot | None:
    """Return the cloud that an audit scope is a part of.

    Of what is outside only that is there which selections and parts of rules
    are about.

    :returns: None if no instance is outside, nor migrates there
    """
    said = facts.said
    inside = {instance.uuid for instance in scope.instances}
    outside = [
        server
        for server in said.servers.values()
        if server.host and server.uuid not in inside
    ]
    shown = {move.instance for move in scope.migrations}
    unseen = any(move.instance not in shown for move in said.migrations)
    if not outside and not unseen:
        return None
    known = {node.hostname for node in scope.compute_nodes}
    return dataclasses.replace(
        scope,
        compute_nodes=(
            *scope.compute_nodes,
            *(
                records.ComputeNode(host, {}, availability_zone=service.zone)
                for host, service in said.services.items()
                if host not in known
            ),
        ),
        instances=(
            *scope.instances,
            *(_instance(server, facts.images) for server in outside),
        ),
        server_groups=said.server_groups,
        aggregates=said.aggregates,
        migrations=tuple(
            records.Migration(
                move.instance, move.source, move.destination, move.status
            )
            for move in said.migrations
        ),
    )


def _instance(
    server: nova.Server, known: Mapping[str, images.Image]
) -> records.Instance:
    image = known.get(server.image)
    return records.Instance(
        uuid=server.uuid,
        name=server.name,
        host=server.host,
        allocations={},
        project_id=server.project_id,
        metadata=server.metadata,
        flavor=server.flavor,
        image=(image.name if image else '') or server.image,
    )
