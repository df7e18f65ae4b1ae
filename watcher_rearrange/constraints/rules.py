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

"""All rules of a cluster in one place, as every search asks them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from watcher_rearrange.constraints import base
from watcher_rearrange.constraints import capacity
from watcher_rearrange.constraints import filters
from watcher_rearrange.constraints.cpus import Cpus
from watcher_rearrange.constraints.fences import Fences
from watcher_rearrange.constraints.hypervisors import Hypervisors
from watcher_rearrange.constraints.movability import Movability
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.receiving import ReceivingNodes
from watcher_rearrange.constraints.relations import Relations
from watcher_rearrange.constraints.server_groups import ServerGroups
from watcher_rearrange.constraints.traits import Traits
from watcher_rearrange.constraints.units import Units
from watcher_rearrange.constraints.zones import Zones
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Violation
from watcher_rearrange.model.records import Instance


# So many rules of a policy are named.
MOST_NAMED = 3


def shortened(names: Iterable[str]) -> str:
    """Return names of rules of a policy as a text, not too many."""
    different = list(dict.fromkeys(names))
    text = f'rule {" or ".join(different[:MOST_NAMED])}'
    return text if len(different) <= MOST_NAMED else f'{text} or others'


class Rules:
    """The rules of one cluster.

    :ivar options: what the operator permits
    :ivar movability: who may be moved
    :ivar eligible: bool[n_classes, n_nodes], where the node rules let a
        class of instances be
    :ivar class_of: int64[n_instances], the row of ``eligible``
    :ivar groups: the server groups
    :ivar relations: those of the policy
    :ivar hypervisors: for those who go live
    """

    def __init__(self, cluster: Cluster, options: MoveOptions) -> None:
        self.cluster = cluster
        self.options = options
        self.movability = Movability(cluster, options)
        self.groups = ServerGroups(cluster)
        self.relations = Relations(cluster)
        self.fences = Fences(cluster)
        self.hypervisors = Hypervisors(cluster, options)
        self.node_rules: tuple[base.NodeRule, ...] = (
            ReceivingNodes(cluster, options.named_nodes),
            self.fences,
            Traits(cluster),
            Zones(cluster),
            Units(cluster),
            Cpus(cluster, options),
            self.hypervisors,
            *filters.node_rules(cluster),
        )
        self.class_of, self.eligible = self.classes(self.node_rules)

    def permitted(
        self, placement: Placement, instance_idx: int, limit: Ints
    ) -> Bools:
        """Return bool[n_nodes]: where an instance may move to now.

        :param limit: int64[n_nodes, n_rc], capacity or less
        """
        nodes = self.eligible[self.class_of[instance_idx]] & placement.room(
            instance_idx, limit
        )
        if self.groups.of(instance_idx):
            nodes &= self.groups.permitted(placement, instance_idx)
        if self.relations.binds(instance_idx):
            nodes &= self.relations.permitted(placement, instance_idx)
        here = int(placement.node_of[instance_idx])
        if here >= 0:
            nodes[here] = False
        return nodes

    def allows(
        self, placement: Placement, instance_idx: int, node_idx: int
    ) -> bool:
        """Whether an instance may move to a node now, at full capacity."""
        cluster = self.cluster
        if not self.eligible[self.class_of[instance_idx], node_idx]:
            return False
        demand = cluster.demand[instance_idx]
        free = cluster.capacity[node_idx] - placement.used[node_idx]
        if ((free < demand) & (demand > 0)).any():
            return False
        bound = (
            (self.groups, bool(self.groups.of(instance_idx))),
            (self.relations, self.relations.binds(instance_idx)),
        )
        return all(
            bool(rules.permitted(placement, instance_idx)[node_idx])
            for rules, binds in bound
            if binds
        )

    def company(self, instance_idx: int) -> str:
        """Return what says with whom an instance may be, in words."""
        relations = self.relations.of(instance_idx)
        if self.groups.of(instance_idx) or not relations:
            return 'a server group'
        return shortened([relation.record.name for relation in relations])

    def violations(self, placement: Placement) -> list[Violation]:
        """Return every rule that does not hold in a placement."""
        return [
            *capacity.violations(placement, self.cluster.capacity),
            *self._misplaced(placement),
            *self.groups.violations(placement),
            *self.fences.violations(placement),
            *self.relations.violations(placement),
        ]

    def unsuitable(self, placement: Placement) -> Bools:
        """Return bool[n_instances]: on a node that is wrong for it.

        Neither the receiving nodes nor the fences count.
        """
        node_of = placement.node_of
        fine = self._suits[self.class_of, node_of]
        wrong: Bools = ~fine & (node_of >= 0)
        return wrong

    @cached_property
    def _suits(self) -> Bools:
        """Where the rules that say where somebody may be let a class be.

        The receiving nodes say where somebody may go, and the fences are
        counted one by one.

        :returns: bool[n_classes, n_nodes]
        """
        _, firsts = np.unique(self.class_of, return_index=True)
        instances = self.cluster.snapshot.instances
        rows = _Rows(self.node_rules[2:])
        return self._table([rows.of(instances[k]) for k in firsts])

    def classes(
        self, node_rules: Sequence[base.NodeRule]
    ) -> tuple[Ints, Bools]:
        """Return the classes of instances that some node rules make.

        :returns: int64[n_instances], the class of each; bool[n_classes,
            n_nodes], where the rules let them be
        """
        rows = _Rows(node_rules)
        found: list[Bools] = []
        row_of: dict[tuple[object, ...], int] = {}
        class_of = np.zeros(self.cluster.n_instances, dtype=np.int64)
        for idx, instance in enumerate(self.cluster.snapshot.instances):
            key = rows.key(instance)
            if key not in row_of:
                row_of[key] = len(found)
                found.append(rows.of(instance))
            class_of[idx] = row_of[key]
        return class_of, self._table(found)

    def _table(self, rows: list[Bools]) -> Bools:
        shape = (len(rows), self.cluster.n_nodes)
        return np.array(rows, dtype=np.bool_).reshape(shape)

    def misplaced(self, placement: Placement) -> list[tuple[str, int]]:
        """Return (rule, instance) of those on a node that is wrong for them.

        See :meth:`unsuitable`.
        """
        instances = self.cluster.snapshot.instances
        return [
            (rule.name, idx)
            for idx in np.flatnonzero(self.unsuitable(placement)).tolist()
            for rule in self.node_rules[2:]
            if not rule.permitted(instances[idx])[placement.node_of[idx]]
        ]

    def _misplaced(self, placement: Placement) -> list[Violation]:
        instances = self.cluster.snapshot.instances
        return [
            Violation(
                name,
                (
                    instances[idx].label,
                    self.cluster.hostname(int(placement.node_of[idx])),
                ),
                1,
                0,
                'instances',
            )
            for name, idx in self.misplaced(placement)
        ]


class _Rows:
    """Where some node rules let instances be."""

    def __init__(self, node_rules: Sequence[base.NodeRule]) -> None:
        self._rules = node_rules
        # What each rule, by its number, answers for a key.
        self._known: dict[tuple[int, object], Bools] = {}

    def key(self, instance: Instance) -> tuple[object, ...]:
        """Return what the rules look at."""
        return tuple([rule.key(instance) for rule in self._rules])

    def of(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: where all rules let an instance be."""
        rows = []
        for numbered in enumerate(self.key(instance)):
            if numbered not in self._known:
                rule = self._rules[numbered[0]]
                self._known[numbered] = rule.permitted(instance)
            rows.append(self._known[numbered])
        found: Bools = np.logical_and.reduce(rows)
        return found
