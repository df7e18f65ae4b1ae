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

Of a moment of which not everything is known the worst is taken: whoever may
be on a failed node has to find a place, and whatever may be held is. Who is
found places so has places whatever is the case. Only what an instance has
left for sure by the time that it is on the failed node is its own again.
Where it is not known which others hold most memory, each set of them that may
is tried, by itself.
"""

from __future__ import annotations

import bisect
import itertools
import math

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from watcher_rearrange.constraints.doubt import Doubt
from watcher_rearrange.constraints.doubt import Whereabouts
from watcher_rearrange.constraints.fences import Fences
from watcher_rearrange.constraints.live import LiveRule
from watcher_rearrange.constraints.receiving import ReceivingNodes
from watcher_rearrange.constraints.restart import Asked
from watcher_rearrange.constraints.restart import Kinds
from watcher_rearrange.constraints.restart import Restart
from watcher_rearrange.constraints.restart import Room
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


# If it is not known which nodes are the fullest, so many sets of them are
# tried for each node. With more, nobody is taken to have room.
MOST_SETS = 8

NO_DOUBTS: Mapping[int, Doubt] = MappingProxyType({})


class Reserve:
    """What room is left for the instances of nodes that fail.

    :param rules: of the cluster as Nova knows it, without those of a policy
    :param failures: how many fail at once, 1 or more
    """

    def __init__(self, rules: Rules, failures: int) -> None:
        cluster = rules.cluster
        self._rules = rules
        self._failures = failures
        self._memory_mb = _amounts(cluster, 'MEMORY_MB')
        order = np.lexsort((-_amounts(cluster, 'VCPU'), -self._memory_mb))
        self._rank = order.argsort().tolist()
        known: dict[Asked, Asked] = {}
        asked_by: list[Asked] = []
        for row in cluster.demand.tolist():
            asked = tuple((rc, n) for rc, n in enumerate(row) if n)
            asked_by.append(known.setdefault(asked, asked))
        # Who starts anew is bound by nothing that it ran on, and Nova, which
        # chooses the nodes then, knows of no policy.
        class_of, suits = rules.classes(
            [
                rule
                for rule in rules.node_rules
                if not isinstance(rule, LiveRule | Fences | ReceivingNodes)
            ]
        )
        self._kinds = Kinds(class_of.tolist(), list(suits), asked_by)

    def untolerated(
        self,
        placement: Placement,
        receives: Bools,
        doubts: Mapping[int, Doubt] = NO_DOUBTS,
        among: Collection[int] | None = None,
    ) -> list[int]:
        """Return the nodes whose set must not fail, ascending.

        :param receives: bool[n_nodes], up and enabled by then
        :param doubts: of the instances that may be elsewhere than placed,
            or hold room elsewhere
        :param among: nodes that are asked for; None for all
        """
        where = Whereabouts(placement, receives, doubts)
        return sorted(self.stranding(where, among))

    def stranding(
        self, where: Whereabouts, among: Collection[int] | None = None
    ) -> Iterator[int]:
        """Yield the same nodes, in the order in which they are asked for."""
        of_nodes = where.of_nodes()
        room = Room(self._rules.cluster, self._kinds, where)
        failing = _Failing(where, of_nodes, self._failures, self._memory_mb)
        for node in sorted(of_nodes) if among is None else among:
            if node not in of_nodes:
                continue
            sets = failing.sets(node)
            if sets is None or not all(
                self._is_tolerated(room, failed, of_nodes) for failed in sets
            ):
                yield node

    def _is_tolerated(
        self,
        room: Room,
        failed: frozenset[int],
        of_nodes: Mapping[int, list[int]],
    ) -> bool:
        fallen = {i for n in failed for i in of_nodes.get(n, ())}
        order = sorted(fallen, key=self._rank.__getitem__)
        return Restart(room, self._rules.groups, failed).takes(order)


class _Failing:
    """Which nodes fail at once."""

    def __init__(
        self,
        where: Whereabouts,
        of_nodes: Mapping[int, list[int]],
        failures: int,
        memory_mb: Ints,
    ) -> None:
        self._others = failures - 1
        if not self._others:
            return
        # MiB: the most that nodes may have, and the least of those that have
        # somebody for sure.
        self._most: dict[int, int] = {}
        self._least: dict[int, int] = {}
        for node, there in of_nodes.items():
            self._most[node] = int(memory_mb[there].sum())
            sure = [i for i in there if {*where.hosts(i)} == {node}]
            if sure:
                self._least[node] = int(memory_mb[sure].sum())
        # Who holds more than another for sure comes before it.
        ahead = sorted((mb, -node) for node, mb in self._least.items())
        self._before = {
            node: len(ahead) - bisect.bisect_right(ahead, (mb, -node))
            for node, mb in self._most.items()
        }
        self._heavy = sorted(
            node for node in of_nodes if self._before[node] <= self._others
        )

    def sets(self, node: int) -> list[frozenset[int]] | None:
        """Return all that may fail with a node; None if they are too many."""
        if not self._others:
            return [frozenset((node,))]
        own = (self._least.get(node, -1), -node)
        others = [
            other
            for other in self._heavy
            if other != node
            and self._before[other] - (own > (self._most[other], -other))
            < self._others
        ]
        size = min(self._others, len(others))
        if math.comb(len(others), size) > MOST_SETS:
            return None
        return [
            frozenset((node, *some))
            for some in itertools.combinations(others, size)
        ]


def _amounts(cluster: Cluster, resource_class: str) -> Ints:
    """int64[n_instances]: what each instance has of a class."""
    if resource_class not in cluster.resource_classes:
        return np.zeros(cluster.n_instances, dtype=np.int64)
    return cluster.demand[:, cluster.resource_classes.index(resource_class)]
