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

"""Fences: node(i) in hosts(f) for every fence f that i is a member of."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Iterator

import numpy as np

from watcher_rearrange.model import plan
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Violation
from watcher_rearrange.model.records import Fence
from watcher_rearrange.model.records import Instance


class Fences:
    """Where the policy lets instances be."""

    name = 'fence'

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._fences = cluster.snapshot.fences
        self._inside = [
            np.array(
                [
                    node.hostname in fence.hosts
                    for node in cluster.snapshot.compute_nodes
                ],
                dtype=np.bool_,
            )
            for fence in self._fences
        ]
        index = cluster.instance_index
        self._members = [
            np.array(
                sorted(index[one] for one in fence.members & index.keys()),
                dtype=np.int64,
            )
            for fence in self._fences
        ]
        self._all: Bools = np.ones(cluster.n_nodes, dtype=np.bool_)
        self._of: dict[str, list[int]] = {}
        for number, fence in enumerate(self._fences):
            for member in fence.members:
                self._of.setdefault(member, []).append(number)

    def key(self, instance: Instance) -> Hashable:
        """Return the numbers of the instance's fences."""
        return tuple(self._of.get(instance.uuid, ()))

    def names(self, instance: Instance) -> list[str]:
        """Return the names of the rules that are about an instance."""
        numbers = self._of.get(instance.uuid, ())
        return [self._fences[number].name for number in numbers]

    def outside(self, placement: Placement) -> Iterator[tuple[Fence, int]]:
        """Yield every fence with each member that is not inside."""
        for fence, inside, members in zip(
            self._fences, self._inside, self._members, strict=True
        ):
            node_of = placement.node_of[members]
            for idx in members[~inside[node_of] & (node_of >= 0)].tolist():
                yield fence, idx

    def violations(self, placement: Placement) -> list[Violation]:
        """Return every member that is outside, with its fence."""
        instances = self._cluster.snapshot.instances
        return [
            Violation(
                plan.POLICY if fence.weight is None else plan.POLICY_SHOULD,
                (
                    fence.name,
                    instances[idx].label,
                    self._cluster.hostname(int(placement.node_of[idx])),
                ),
                1,
                0,
                'instances',
            )
            for fence, idx in self.outside(placement)
        ]

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: inside all fences of the instance."""
        found = self._all
        for number in self._of.get(instance.uuid, ()):
            found = found & self._inside[number]
        return found
