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

"""Server groups with a hard policy, as Nova's filters read them.

- anti-affinity: for all n: members on n <= max_server_per_host;
- affinity: all members on one node; a member may only go where another is
  that is not migrating already: that one may leave, and may not arrive.

A group that is broken already may not get worse: an anti-affinity member
never goes where it would be one too many, an affinity member never leaves
for a node without a member.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Violation


@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """A server group with its members as instance indices.

    :ivar settled: members that are in no migration between nodes
    """

    record: records.ServerGroup
    members: Ints
    settled: Ints

    @property
    def apart(self) -> bool:
        """Whether the members must be on different nodes."""
        return self.record.policy == records.ANTI_AFFINITY


class ServerGroups:
    """All server groups of a cluster that have a hard policy."""

    name = 'server_group'

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.groups = tuple(
            _group(cluster, record)
            for record in cluster.snapshot.server_groups
            if record.policy in (records.AFFINITY, records.ANTI_AFFINITY)
        )
        self._of: dict[int, list[Group]] = {}
        for group in self.groups:
            for member in group.members.tolist():
                self._of.setdefault(member, []).append(group)

    def of(self, instance_idx: int) -> list[Group]:
        """Return the groups of an instance."""
        return self._of.get(instance_idx, [])

    def permitted(self, placement: Placement, instance_idx: int) -> Bools:
        """Return bool[n_nodes]: where Nova's group filters would let it."""
        permitted = np.ones(self._cluster.n_nodes, dtype=np.bool_)
        for group in self.of(instance_idx):
            counts = self.counts(placement, group, instance_idx)
            if group.apart:
                permitted &= counts < group.record.max_server_per_host
            elif counts.any():
                permitted &= self._company(placement, group, instance_idx)
        return permitted

    def violations(self, placement: Placement) -> list[Violation]:
        """Return the groups whose policy does not hold, with the counts."""
        found = []
        for group in self.groups:
            counts = self.counts(placement, group)
            if group.apart:
                current, needed = (
                    int(counts.max(initial=0)),
                    group.record.max_server_per_host,
                )
                unit = 'members on a node'
            else:
                current, needed = int((counts > 0).sum()), 1
                unit = 'nodes with members'
            if current > needed:
                label = _label(group.record)
                found.append(
                    Violation(
                        group.record.policy, (label,), current, needed, unit
                    )
                )
        return found

    def excess(self, placement: Placement, group: Group) -> int:
        """Return how many members, or nodes with members, are too many."""
        counts = self.counts(placement, group)
        if group.apart:
            most = group.record.max_server_per_host
            return int(np.maximum(counts - most, 0).sum())
        return max(0, int((counts > 0).sum()) - 1)

    def counts(
        self, placement: Placement, group: Group, but: int = -1
    ) -> Ints:
        """Return int64[n_nodes]: the members of a group on each node.

        One that migrates already is on both ends.

        :param but: a member that is not counted
        """
        nodes = placement.node_of[group.members[group.members != but]]
        counts: Ints = np.bincount(
            nodes[nodes >= 0], minlength=self._cluster.n_nodes
        )
        for moving, node_idx in self._cluster.other_ends:
            if moving != but and moving in group.members:
                counts[node_idx] += 1
        return counts

    def _company(self, placement: Placement, group: Group, but: int) -> Bools:
        """bool[n_nodes]: where another member is sure to be."""
        nodes = placement.node_of[group.settled[group.settled != but]]
        found = np.zeros(self._cluster.n_nodes, dtype=np.bool_)
        found[nodes[nodes >= 0]] = True
        return found


def _group(cluster: Cluster, record: records.ServerGroup) -> Group:
    moving = {instance for instance, _node in cluster.other_ends}
    members = [cluster.instance_index[uuid] for uuid in record.members]
    return Group(
        record,
        np.array(members, dtype=np.int64),
        np.array([m for m in members if m not in moving], dtype=np.int64),
    )


def _label(group: records.ServerGroup) -> str:
    """The name with the UUID: names are not unique."""
    if not group.name or group.name == group.uuid:
        return group.uuid
    return f'{group.name} ({group.uuid})'
