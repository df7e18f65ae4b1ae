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

"""What each move must wait for, so that every interleaving is safe.

A valid order of the moves is followed. Whoever arrives takes room that is
free, or that an earlier departure gives back and then waits for it: each unit
of room has one holder at a time, whatever overlaps and whatever fails. While
a move runs it holds room on both nodes, because only a departure that
SUCCEEDED gives anything back.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from watcher_rearrange.constraints.related import NO_PART
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.graph.chains import Chains
from watcher_rearrange.path.graph.company import Company
from watcher_rearrange.path.graph.exclusions import Exclusions
from watcher_rearrange.path.graph.pools import Pool
from watcher_rearrange.path.moves import Move


class Dag:
    """The moves with their parents.

    :param moves: valid one at a time, in this order
    :ivar parents: for each move the indices of those it depends on
    :ivar ancestors: the same with those that these depend on
    """

    def __init__(
        self, rules: Rules, start: Placement, moves: Sequence[Move]
    ) -> None:
        chains = Chains(len(moves))
        company = Company(rules, start, moves)
        exclusions = Exclusions(rules)
        rooms = _Rooms(rules, start, chains)
        for k, move in enumerate(moves):
            needed = company.needed(k, move, chains.ancestors)
            needed += exclusions.needed(k, move)
            wants = rooms.taken(move.instance, move.source, move.destination)
            chains.link(k, needed, wants)
            for pool, units in rooms.taken(
                move.instance, move.destination, move.source
            ):
                pool.give(k, units)
        self.parents = chains.parents
        self.ancestors = chains.ancestors


# In place of a resource class.
PLACES = -2


class _Rooms:
    """The room on every node: resource classes and anti-affinity groups.

    A group is like a resource class of which each member takes one unit. So
    is a relation that lets so many into a part of the nodes.
    """

    def __init__(self, rules: Rules, start: Placement, chains: Chains) -> None:
        self._rules = rules
        self._start = start
        self._chains = chains
        self._pools: dict[tuple[int, int, int], Pool] = {}
        self._counts: dict[int, Ints] = {}
        self._number = {
            id(group): n for n, group in enumerate(rules.groups.groups)
        }
        self._demand: dict[int, list[tuple[int, int]]] = {}

    def taken(
        self, instance: int, before: int, node: int
    ) -> list[tuple[Pool, int]]:
        """Return what an instance takes on a node.

        :param before: the node where it has what both nodes share
        """
        wants = [
            (self._pool(node, rc, -1), units)
            for rc, units in self._demand_of(instance)
        ]
        for group in self._rules.groups.of(instance):
            if group.apart:
                number = self._number[id(group)]
                wants.append((self._pool(node, -1, number), 1))
        return [*wants, *self._places(instance, before, node)]

    def _places(
        self, instance: int, before: int, node: int
    ) -> Iterator[tuple[Pool, int]]:
        relations = self._rules.relations
        for relation in relations.of(instance):
            part = relation.part(node)
            if relation.record.kind != records.AT_MOST or part in (
                NO_PART,
                relation.part(before),
            ):
                continue
            key = (part, PLACES, id(relation))
            if key not in self._pools:
                counts = relation.members.counts(self._start)
                free = relation.record.most - int(counts[part])
                self._pools[key] = Pool(free, self._chains.ancestors)
            yield self._pools[key], 1

    def _demand_of(self, instance: int) -> list[tuple[int, int]]:
        if instance not in self._demand:
            demand = self._rules.cluster.demand[instance].tolist()
            self._demand[instance] = [
                (rc, units) for rc, units in enumerate(demand) if units
            ]
        return self._demand[instance]

    def _pool(self, node: int, rc: int, group: int) -> Pool:
        key = (node, rc, group)
        if key not in self._pools:
            free = (
                self._free_slots(node, group)
                if rc < 0
                else int(self._rules.cluster.capacity[node, rc])
                - int(self._start.used[node, rc])
            )
            self._pools[key] = Pool(free, self._chains.ancestors)
        return self._pools[key]

    def _free_slots(self, node: int, number: int) -> int:
        groups = self._rules.groups
        group = groups.groups[number]
        if number not in self._counts:
            self._counts[number] = groups.counts(self._start, group)
        most = group.record.max_server_per_host
        return int(most) - int(self._counts[number][node])
