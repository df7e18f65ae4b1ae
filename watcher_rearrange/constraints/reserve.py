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

import numpy as np

from watcher_rearrange.constraints.cpus import Cpus
from watcher_rearrange.constraints.fences import Fences
from watcher_rearrange.constraints.receiving import ReceivingNodes
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


class Reserve:
    """What room is left for the instances of nodes that fail.

    :param failures: how many fail at once, 1 or more
    """

    def __init__(self, rules: Rules, failures: int) -> None:
        self._cluster = rules.cluster
        self._groups = rules.groups
        self._failures = failures
        self._order = np.lexsort(
            (
                np.arange(self._cluster.n_instances),
                -self._amounts('VCPU'),
                -self._amounts('MEMORY_MB'),
            )
        )
        # Who starts anew is bound by no processor, and Nova, which chooses
        # the nodes then, knows of no policy.
        self._rules = [
            rule
            for rule in rules.node_rules
            if not isinstance(rule, Cpus | Fences | ReceivingNodes)
        ]
        self._known: dict[tuple[int, object], Bools] = {}

    def untolerated(self, placement: Placement, receives: Bools) -> list[int]:
        """Return the nodes whose set must not fail, ascending.

        :param receives: bool[n_nodes], up and enabled by then
        """
        return [
            node
            for node, failed in self._sets(placement)
            if self._stranded(placement, receives, failed)
        ]

    def _sets(self, placement: Placement) -> list[tuple[int, list[int]]]:
        """Each node that has instances, with the set that fails with it."""
        there = placement.node_of >= 0
        memory_mb = np.zeros(self._cluster.n_nodes, dtype=np.int64)
        np.add.at(
            memory_mb,
            placement.node_of[there],
            self._amounts('MEMORY_MB')[there],
        )
        hosting = np.unique(placement.node_of[there]).tolist()
        fullest = sorted(hosting, key=lambda node: (-memory_mb[node], node))
        return [
            (
                node,
                [node, *(n for n in fullest if n != node)][: self._failures],
            )
            for node in hosting
        ]

    def _stranded(
        self, placement: Placement, receives: Bools, failed: list[int]
    ) -> bool:
        """Whether somebody finds no node."""
        after = placement.copy()
        fallen = np.isin(placement.node_of, failed)
        nodes = receives.copy()
        nodes[failed] = False
        for idx in np.flatnonzero(fallen).tolist():
            after.move(idx, -1)
        for idx in self._order[fallen[self._order]].tolist():
            fitting = nodes & self._suitable(idx)
            fitting &= after.room(idx, self._cluster.capacity)
            if self._groups.of(idx):
                fitting &= self._groups.permitted(after, idx)
            if not fitting.any():
                return True
            after.move(idx, int(fitting.argmax()))
        return False

    def _suitable(self, idx: int) -> Bools:
        """bool[n_nodes]: where the rules on nodes let an instance start."""
        instance = self._cluster.snapshot.instances[idx]
        found = np.ones(self._cluster.n_nodes, dtype=np.bool_)
        for number, rule in enumerate(self._rules):
            key = (number, rule.key(instance))
            if key not in self._known:
                self._known[key] = rule.permitted(instance)
            found &= self._known[key]
        return found

    def _amounts(self, resource_class: str) -> Ints:
        """int64[n_instances]: what each instance has of a class."""
        if resource_class not in self._cluster.resource_classes:
            return np.zeros(self._cluster.n_instances, dtype=np.int64)
        column = self._cluster.resource_classes.index(resource_class)
        return self._cluster.demand[:, column]
