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

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from watcher_rearrange.constraints.doubt import Doubt
from watcher_rearrange.constraints.doubt import Moment
from watcher_rearrange.constraints.fences import Fences
from watcher_rearrange.constraints.live import LiveRule
from watcher_rearrange.constraints.receiving import ReceivingNodes
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.constraints.server_groups import Group
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


NO_DOUBTS: Mapping[int, Doubt] = MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class _Failure:
    """Nodes that fail together.

    :ivar nodes: all that may
    :ivar sure: those of them that do for sure
    """

    nodes: frozenset[int]
    sure: frozenset[int]


@dataclasses.dataclass(frozen=True)
class _Answer:
    """What became of a set of nodes, and what that depended on.

    :ivar reach: nodes before this one were looked at
    """

    failure: _Failure
    stranded: bool
    reach: int

    def holds(self, changed: frozenset[int]) -> bool:
        """Whether it still does if just these nodes have changed."""
        return changed.isdisjoint(self.failure.nodes) and not any(
            node < self.reach for node in changed
        )


class Reserve:
    """What room is left for the instances of nodes that fail.

    Asked again and again, it works out only what may have changed.

    :param rules: of the cluster as Nova knows it, without those of a policy
    :param failures: how many fail at once, 1 or more
    """

    def __init__(self, rules: Rules, failures: int) -> None:
        cluster = rules.cluster
        self._rules = rules
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
        self._seen: Moment | None = None

    def untolerated(
        self,
        placement: Placement,
        receives: Bools,
        doubts: Mapping[int, Doubt] = NO_DOUBTS,
    ) -> list[int]:
        """Return the nodes whose set must not fail, ascending.

        :param receives: bool[n_nodes], up and enabled by then
        :param doubts: of the instances that may be elsewhere than placed,
            or hold room elsewhere
        """
        moment = Moment(placement, receives, doubts)
        changed: frozenset[int] = frozenset()
        if self._seen is not None:
            changed = moment.changed(self._seen)
        self._seen = moment
        of_nodes = moment.of_nodes()
        answers, self._answers = self._answers, {}
        for node, failure in self._failing(moment, of_nodes).items():
            answer = answers.get(node)
            if (
                answer is None
                or answer.failure != failure
                or not answer.holds(changed)
            ):
                fallen = {
                    i for n in failure.nodes for i in of_nodes.get(n, ())
                }
                answer = self._answer(moment, failure, fallen)
            self._answers[node] = answer
        return [n for n, one in self._answers.items() if one.stranded]

    def _failing(
        self, moment: Moment, of_nodes: Mapping[int, list[int]]
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
        self, moment: Moment, of_nodes: Mapping[int, list[int]]
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

    def _answer(
        self, moment: Moment, failure: _Failure, fallen: set[int]
    ) -> _Answer:
        trial = _Trial(self._rules, moment, failure)
        reach = 0
        for idx in sorted(fallen, key=self._rank.__getitem__):
            node = trial.place(idx, self._suits[self._class_of[idx]])
            if node is None:
                return _Answer(failure, True, len(moment.receives))
            reach = max(reach, node + 1)
        return _Answer(failure, False, reach)


class _Trial:
    """What is held once some nodes have failed, and who is back."""

    def __init__(
        self, rules: Rules, moment: Moment, failure: _Failure
    ) -> None:
        self._cluster = rules.cluster
        self._groups = rules.groups
        self._moment = moment
        self._failure = failure
        self._used = moment.used.copy()
        self._open = moment.receives.copy()
        self._open[list(failure.nodes)] = False
        # Who is back, with the node.
        self._back: dict[int, int] = {}

    def place(self, idx: int, suits: Bools) -> int | None:
        """Let an instance start anew; return where, or None.

        :param suits: bool[n_nodes]
        """
        nodes = self._open & suits
        for group in self._groups.of(idx):
            nodes &= self._permitted(group, idx)
        doubt = self._moment.doubts.get(idx)
        if doubt is not None:
            for node in sorted(doubt.given_back(self._failure.nodes)):
                if nodes[node]:
                    # It counts there already.
                    return node
        demand = self._cluster.demand[idx]
        asked = demand > 0
        free = self._cluster.capacity[:, asked] - self._used[:, asked]
        nodes &= (free >= demand[asked]).all(axis=1)
        node = int(nodes.argmax())
        if not nodes[node]:
            return None
        self._used[node] += demand
        self._back[idx] = node
        return node

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
        for moving, node in self._cluster.other_ends:
            if moving != idx and moving in group.members:
                counts[node] += 1
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
