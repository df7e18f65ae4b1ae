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

"""A part of a cluster as a cluster of its own."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable

import numpy as np

from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.records import Relation
from watcher_rearrange.model.records import ServerGroup


def subcluster(cluster: Cluster, nodes: Ints, instances: Ints) -> Cluster:
    """Return the cluster of some nodes and all instances on them.

    Of a server group those members are left that are there, of migrations
    those of instances that are there; both ends of one that is in progress
    must be among the nodes. The resource classes stay the same.

    :param nodes: int64[n], node indices, ascending
    :param instances: int64[m], instance indices, ascending
    """
    snapshot = cluster.snapshot
    node_at = _positions(nodes, cluster.n_nodes)
    instance_at = _positions(instances, cluster.n_instances)
    kept = tuple(snapshot.instances[idx] for idx in instances.tolist())
    uuids = {instance.uuid for instance in kept}
    part = dataclasses.replace(
        snapshot,
        compute_nodes=tuple(
            snapshot.compute_nodes[idx] for idx in nodes.tolist()
        ),
        instances=kept,
        server_groups=tuple(_groups(snapshot.server_groups, uuids)),
        migrations=tuple(
            move for move in snapshot.migrations if move.instance in uuids
        ),
        relations=tuple(_relations(snapshot.relations, uuids)),
    )
    return Cluster(
        snapshot=part,
        resource_classes=cluster.resource_classes,
        capacity=cluster.capacity[nodes],
        demand=cluster.demand[instances],
        node_of=node_at[cluster.node_of[instances]],
        held=cluster.held[nodes],
        other_ends=tuple(
            (int(instance_at[moving]), int(node_at[node]))
            for moving, node in cluster.other_ends
            if instance_at[moving] >= 0
        ),
    )


def _relations(
    relations: Iterable[Relation], uuids: set[str]
) -> Iterable[Relation]:
    for relation in relations:
        members, others = relation.members & uuids, relation.others
        if others is not None:
            others &= uuids
        if members or relation.outside:
            yield dataclasses.replace(relation, members=members, others=others)


def _positions(chosen: Ints, count: int) -> Ints:
    """int64[count]: where each index stands among those chosen, or -1."""
    positions = np.full(count, -1, dtype=np.int64)
    positions[chosen] = np.arange(len(chosen))
    return positions


def _groups(
    groups: Iterable[ServerGroup], uuids: set[str]
) -> Iterable[ServerGroup]:
    for group in groups:
        members = tuple(uuid for uuid in group.members if uuid in uuids)
        if len(members) > 1:
            yield dataclasses.replace(group, members=members)
