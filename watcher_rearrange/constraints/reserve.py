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
"""

from __future__ import annotations

import bisect
import dataclasses

from collections.abc import Collection
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from watcher_rearrange.constraints.doubt import Doubt
from watcher_rearrange.constraints.doubt import Whereabouts
from watcher_rearrange.constraints.fences import Fences
from watcher_rearrange.constraints.live import LiveRule
from watcher_rearrange.constraints.receiving import ReceivingNodes
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.constraints.server_groups import Group
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


# Resource classes, as columns, with the amounts of an instance.
Asked = tuple[tuple[int, int], ...]

# If it is not known which nodes are the fullest, for each of them so many are
# taken to fail at once. With more, nobody is taken to have room.
MOST_IN_DOUBT = 3

NO_DOUBTS: Mapping[int, Doubt] = MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class _Failure:
    """Nodes that fail together.

    :ivar nodes: all that may
    :ivar sure: those of them that do for sure
    """

    nodes: frozenset[int]
    sure: frozenset[int]


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
        self._asked: list[Asked] = []
        for row in cluster.demand.tolist():
            asked = tuple((rc, n) for rc, n in enumerate(row) if n)
            self._asked.append(known.setdefault(asked, asked))
        # Who starts anew is bound by nothing that it ran on, and Nova, which
        # chooses the nodes then, knows of no policy.
        class_of, self._suits = rules.classes(
            [
                rule
                for rule in rules.node_rules
                if not isinstance(rule, LiveRule | Fences | ReceivingNodes)
            ]
        )
        self._class_of: list[int] = class_of.tolist()

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
        moment = Whereabouts(placement, receives, doubts)
        of_nodes = moment.of_nodes()
        return [
            node
            for node, failure in self._failing(moment, of_nodes).items()
            if (among is None or node in among)
            and self._is_stranding(moment, failure, of_nodes)
        ]

    def _failing(
        self, moment: Whereabouts, of_nodes: Mapping[int, list[int]]
    ) -> dict[int, _Failure]:
        """Each node that may have instances, with what fails with it."""
        nodes = sorted(of_nodes)
        if self._failures == 1:
            alone = [frozenset((node,)) for node in nodes]
            return {
                node: _Failure(failed, failed)
                for node, failed in zip(nodes, alone, strict=True)
            }
        least, most = self._weights(moment, of_nodes)
        # Who holds more than another for sure comes before it.
        sure = sorted((mb, -node) for node, mb in least.items())
        before = {
            node: len(sure) - bisect.bisect_right(sure, (most[node], -node))
            for node in nodes
        }
        heavy = [node for node in nodes if before[node] < self._failures]
        found = {}
        for node in nodes:
            own = (least.get(node, -1), -node)
            others = {
                other
                for other in heavy
                if other != node
                and before[other] - (own > (most[other], -other))
                < self._failures - 1
            }
            failed = frozenset({node, *others})
            known = len(others) < self._failures
            found[node] = _Failure(
                failed, failed if known else frozenset((node,))
            )
        return found

    def _weights(
        self, moment: Whereabouts, of_nodes: Mapping[int, list[int]]
    ) -> tuple[dict[int, int], dict[int, int]]:
        """MiB: the least of nodes that have somebody for sure, the most."""
        least: dict[int, int] = {}
        most: dict[int, int] = {}
        for node, there in of_nodes.items():
            most[node] = int(self._memory_mb[there].sum())
            sure = [i for i in there if {*moment.hosts(i)} == {node}]
            if sure:
                least[node] = int(self._memory_mb[sure].sum())
        return least, most

    def _is_stranding(
        self,
        moment: Whereabouts,
        failure: _Failure,
        of_nodes: Mapping[int, list[int]],
    ) -> bool:
        if len(failure.nodes) > 1 + MOST_IN_DOUBT * (self._failures - 1):
            return True
        fallen = {i for n in failure.nodes for i in of_nodes.get(n, ())}
        trial = _Trial(self._rules, moment, failure)
        if trial.is_too_much(fallen):
            return True
        for idx in sorted(fallen, key=self._rank.__getitem__):
            kind = self._class_of[idx]
            if not trial.place(idx, kind, self._suits[kind], self._asked[idx]):
                return True
        return False


class _Trial:
    """What is held once some nodes have failed, and who is back."""

    def __init__(
        self, rules: Rules, moment: Whereabouts, failure: _Failure
    ) -> None:
        self._cluster = rules.cluster
        self._groups = rules.groups
        self._moment = moment
        self._failure = failure
        self._open = moment.receives.copy()
        self._open[list(failure.nodes)] = False
        free = rules.cluster.capacity - moment.used
        self._most = free[self._open].clip(min=0).sum(axis=0)
        self._free: list[list[int]] = free.tolist()
        # Where to look for somebody like others: those before are full.
        self._next: dict[tuple[int, Asked], int] = {}
        self._nodes: dict[int, list[int]] = {}
        # Who is back, with the node.
        self._back: dict[int, int] = {}

    def is_too_much(self, fallen: Collection[int]) -> bool:
        """Whether all that is free is less than what is asked for."""
        doubts, failed = self._moment.doubts, self._failure.nodes
        anew = [
            idx
            for idx in fallen
            if idx not in doubts or not doubts[idx].given_back(failed)
        ]
        asked = self._cluster.demand[anew].sum(axis=0)
        return bool((asked > self._most).any())

    def place(self, idx: int, kind: int, suits: Bools, asked: Asked) -> bool:
        """Let an instance start anew; return whether there is a node.

        :param kind: a number for ``suits``
        :param suits: bool[n_nodes]
        :param asked: resource classes with amounts
        """
        if kind not in self._nodes:
            self._nodes[kind] = np.flatnonzero(self._open & suits).tolist()
        nodes, first = self._nodes[kind], 0
        groups = self._groups.of(idx)
        for group in groups:
            permitted = self._permitted(group, idx)
            nodes = [node for node in nodes if permitted[node]]
        doubt = self._moment.doubts.get(idx)
        if doubt is not None:
            given_back = doubt.given_back(self._failure.nodes)
            if not set(nodes).isdisjoint(given_back):
                # It counts there already.
                return True
        if not groups:
            first = self._next.get((kind, asked), 0)
        for number in range(first, len(nodes)):
            free = self._free[nodes[number]]
            if all(free[rc] >= amount for rc, amount in asked):
                for rc, amount in asked:
                    free[rc] -= amount
                self._back[idx] = nodes[number]
                if not groups:
                    self._next[kind, asked] = number
                return True
        return False

    def _permitted(self, group: Group, idx: int) -> Bools:
        """bool[n_nodes]: where a member may be as for its group."""
        if group.apart:
            counts = self._counts(group, idx)
            fitting: Bools = counts < group.record.max_server_per_host
            return fitting
        company = self._company(group, idx)
        nodes = np.full(self._cluster.n_nodes, company is None)
        nodes[sorted(company or ())] = True
        return nodes

    def _counts(self, group: Group, idx: int) -> Ints:
        """int64[n_nodes]: the most other members there may be."""
        counts = np.zeros(self._cluster.n_nodes, dtype=np.int64)
        for member, nodes in self._moment.members(group):
            if member != idx:
                counts[list(nodes)] += 1
                if member in self._back:
                    counts[self._back[member]] += 1
        return counts

    def _company(self, group: Group, idx: int) -> set[int] | None:
        """Nodes where others surely are; None if there is nobody at all."""
        found: set[int] = set()
        nobody = True
        for member, nodes in self._moment.members(group):
            if member == idx:
                continue
            standing = nodes - self._failure.sure
            if standing:
                nobody = False
                if len(nodes) == 1:
                    found |= standing - self._failure.nodes
            elif member in self._back:
                nobody = False
                found.add(self._back[member])
        return None if nobody else found


def _amounts(cluster: Cluster, resource_class: str) -> Ints:
    """int64[n_instances]: what each instance has of a class."""
    if resource_class not in cluster.resource_classes:
        return np.zeros(cluster.n_instances, dtype=np.int64)
    return cluster.demand[:, cluster.resource_classes.index(resource_class)]
