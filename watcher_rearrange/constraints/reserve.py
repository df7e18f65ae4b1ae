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

"""Reserve: for all f: the instances on the set of f fit on the other nodes.

The set of a node are the node itself and the k - 1 others that hold most
memory: for one failure that is every node by itself. They fit if each in
turn, those with most memory first, finds a node in the order of the snapshot
that is up and enabled, has room, and where Nova would let it start anew. That
is enough, not needed: instances that another order would have brought in
count as stranded, and so do those that nobody could rebuild.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping

import numpy as np

from watcher_rearrange.constraints.fences import Fences
from watcher_rearrange.constraints.live import LiveRule
from watcher_rearrange.constraints.receiving import ReceivingNodes
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


@dataclasses.dataclass(frozen=True)
class _Answer:
    """What became of a set of nodes, and what that depended on.

    :ivar reach: nodes before this one were looked at
    """

    failed: tuple[int, ...]
    stranded: bool
    reach: int

    def holds(self, changed: frozenset[int]) -> bool:
        """Whether it still does if just these nodes have changed."""
        return changed.isdisjoint(self.failed) and not any(
            node < self.reach for node in changed
        )


class Reserve:
    """What room is left for the instances of nodes that fail.

    Asked again and again, it works out only what may have changed.

    :param failures: how many fail at once, 1 or more
    """

    def __init__(self, rules: Rules, failures: int) -> None:
        cluster = rules.cluster
        self._cluster = cluster
        self._groups = rules.groups
        self._failures = failures
        self._memory_mb = _amounts(cluster, 'MEMORY_MB')
        order = np.lexsort((-_amounts(cluster, 'VCPU'), -self._memory_mb))
        self._rank: Ints = np.empty_like(order)
        self._rank[order] = np.arange(len(order))
        # Who starts anew is bound by nothing that it ran on, and Nova, which
        # chooses the nodes then, knows of no policy.
        self._class_of, self._suits = rules.classes(
            [
                rule
                for rule in rules.node_rules
                if not isinstance(rule, LiveRule | Fences | ReceivingNodes)
            ]
        )
        self._answers: dict[int, _Answer] = {}
        self._seen: tuple[Ints, Bools] | None = None

    def untolerated(self, placement: Placement, receives: Bools) -> list[int]:
        """Return the nodes whose set must not fail, ascending.

        :param receives: bool[n_nodes], up and enabled by then
        """
        changed = self._changed(placement, receives)
        fallen_of = self._by_node(placement)
        found = []
        for node, failed in self._sets(placement, fallen_of):
            answer = self._answers.get(node)
            if (
                answer is None
                or answer.failed != failed
                or not answer.holds(changed)
            ):
                fallen = [idx for n in failed for idx in fallen_of[n]]
                answer = self._answer(placement, receives, failed, fallen)
                self._answers[node] = answer
            if answer.stranded:
                found.append(node)
        return found

    def _changed(
        self, placement: Placement, receives: Bools
    ) -> frozenset[int]:
        """The nodes that are not as they were when asked last."""
        before, self._seen = (
            self._seen,
            (placement.node_of.copy(), receives.copy()),
        )
        if before is None:
            return frozenset()
        moved = before[0] != placement.node_of
        return frozenset(
            (
                *before[0][moved].tolist(),
                *placement.node_of[moved].tolist(),
                *np.flatnonzero(before[1] != receives).tolist(),
            )
        )

    def _by_node(self, placement: Placement) -> dict[int, list[int]]:
        """The instances of each node that has some, by their index."""
        found: dict[int, list[int]] = {}
        for idx, node in enumerate(placement.node_of.tolist()):
            if node >= 0:
                found.setdefault(node, []).append(idx)
        return found

    def _sets(
        self, placement: Placement, fallen_of: Mapping[int, list[int]]
    ) -> list[tuple[int, tuple[int, ...]]]:
        """Each node that has instances, with the set that fails with it."""
        memory_mb = {
            node: int(self._memory_mb[fallen].sum())
            for node, fallen in fallen_of.items()
        }
        fullest = sorted(fallen_of, key=lambda node: (-memory_mb[node], node))
        most = fullest[: self._failures]
        return [
            (node, (node, *(n for n in most if n != node))[: self._failures])
            for node in sorted(fallen_of)
        ]

    def _answer(
        self,
        placement: Placement,
        receives: Bools,
        failed: tuple[int, ...],
        fallen: list[int],
    ) -> _Answer:
        after = placement.copy()
        for idx in fallen:
            after.move(idx, -1)
        nodes = receives.copy()
        nodes[list(failed)] = False
        reach = 0
        for idx in sorted(fallen, key=self._rank.__getitem__):
            fitting = nodes & self._suits[self._class_of[idx]]
            fitting &= after.room(idx, self._cluster.capacity)
            if self._groups.of(idx):
                fitting &= self._groups.permitted(after, idx)
            node = int(fitting.argmax())
            if not fitting[node]:
                return _Answer(failed, True, self._cluster.n_nodes)
            after.move(idx, node)
            reach = max(reach, node + 1)
        return _Answer(failed, False, reach)


def _amounts(cluster: Cluster, resource_class: str) -> Ints:
    """int64[n_instances]: what each instance has of a class."""
    if resource_class not in cluster.resource_classes:
        return np.zeros(cluster.n_instances, dtype=np.int64)
    return cluster.demand[:, cluster.resource_classes.index(resource_class)]
