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

"""Independent parts: instances and nodes that are connected by moves.

What nobody can enter or leave belongs to no part, and of nodes that are
empty and equal no more than there are instances. A path for each part is a
path for all, a cheapest one if those are.
"""

from __future__ import annotations

import collections
import dataclasses

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.exact.reach import Field
from watcher_rearrange.path.exact.reach import Reach


# For each affinity group of an instance: the positions of the other members
# that can move, and the nodes of those that cannot.
Near = list[tuple[list[int], frozenset[int]]]


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """Instances and nodes with their own numbers, from 0, in lists.

    :ivar instances: the instance of each position
    :ivar nodes: the node of each number
    :ivar allowed: the numbers of the nodes where each may arrive
    :ivar room: by node and column, when none of the instances is there
    :ivar near: for each instance
    :ivar bound: who may not go from every kind of node to every other
    :ivar kind_of: by node
    :ivar takes: by the kinds that one goes from and to
    """

    instances: list[int]
    nodes: list[int]
    start: list[int]
    goal: list[int]
    weight: list[int]
    allowed: list[tuple[int, ...]]
    demand: list[list[int]]
    room: list[list[int]]
    near: list[Near]
    bound: list[bool]
    kind_of: list[int]
    takes: list[list[bool]]

    def reversed(self) -> Part:
        """Return the same the other way round."""
        return dataclasses.replace(self, start=self.goal, goal=self.start)

    @property
    def reversible(self) -> bool:
        """Whether every move can be taken back."""
        if any(self.near) or any(self.bound):
            return False
        ends = zip(self.start, self.allowed, strict=True)
        if any(start not in nodes for start, nodes in ends):
            return False
        free = np.array(self.room).reshape(len(self.nodes), -1)
        np.subtract.at(free, np.array(self.start), np.array(self.demand))
        return bool((free >= 0).all())


@dataclasses.dataclass(frozen=True, eq=False)
class Extent:
    """Which instances and nodes a part has.

    :ivar members: int64[], positions in the field
    :ivar nodes: int64[]
    """

    members: Ints
    nodes: Ints


class Parts:
    """All parts in which somebody has to move."""

    def __init__(
        self, rules: Rules, start: Placement, field: Field, reach: Reach
    ) -> None:
        self._rules = rules
        self._start = start
        self._field = field
        self._reach = reach
        self._room = field.room.copy()
        stay = reach.fixed
        np.subtract.at(self._room, field.start[stay], field.demand[stay])
        self.extents = self._extents()

    def part(self, extent: Extent, weight: Ints) -> Part:
        """Return a part with all that a search needs.

        :param weight: int64[n_instances], what one migration of each costs
        """
        field, members, nodes = self._field, extent.members, extent.nodes
        hypervisors = self._rules.hypervisors
        number = np.full(len(field.room), -1)
        number[nodes] = np.arange(len(nodes))
        may = self._arrivals(members)[:, nodes]
        demand = field.demand[members]
        room = self._room[nodes]
        binding = room.min(axis=0) < demand.sum(axis=0)
        binding &= demand.any(axis=0)
        return Part(
            field.movable[members].tolist(),
            nodes.tolist(),
            number[field.start[members]].tolist(),
            number[field.goal[members]].tolist(),
            weight[field.movable[members]].tolist(),
            [tuple(np.flatnonzero(row).tolist()) for row in may],
            demand[:, binding].tolist(),
            room[:, binding].tolist(),
            self._neighbours(members, number),
            hypervisors.bound[field.movable[members]].tolist(),
            hypervisors.kind_of[nodes].tolist(),
            hypervisors.takes.tolist(),
        )

    def _arrivals(self, members: Ints) -> Bools:
        return self._reach.nodes[members] & self._field.eligible[members]

    def _extents(self) -> list[Extent]:
        field = self._field
        free = np.flatnonzero(~self._reach.fixed)
        label = self._labels(free)
        moved = field.start[free] != field.goal[free]
        found = []
        for name in np.unique(label[field.start[free[moved]]]).tolist():
            members = free[label[field.start[free]] == name]
            nodes = np.flatnonzero(label == name)
            found.append(Extent(members, self._few(members, nodes)))
        return found

    def _labels(self, free: Ints) -> Ints:
        """int64[n_nodes]: equal for the nodes of a part."""
        rows = {row.tobytes(): row for row in self._reach.nodes[free]}
        label = np.arange(len(self._field.room))
        for row in (*rows.values(), *self._together(free)):
            old = np.unique(label[row])
            if len(old) > 1:
                label[np.isin(label, old)] = old[0]
        return label

    def _together(self, free: Ints) -> list[Bools]:
        """The nodes of each affinity group, which are in one part."""
        found = []
        position = {int(i): k for k, i in enumerate(self._field.movable)}
        for group in self._rules.groups.groups:
            at = [position[m] for m in group.members.tolist() if m in position]
            at = [k for k in at if not self._reach.fixed[k]]
            if at and not group.apart:
                nodes: Bools = np.logical_or.reduce(self._reach.nodes[at])
                found.append(nodes)
        return found

    def _few(self, members: Ints, nodes: Ints) -> Ints:
        """Leave out nodes that are empty and equal to enough others."""
        field, groups = self._field, self._rules.groups
        if any(
            not group.apart
            for instance in field.movable[members].tolist()
            for group in groups.of(instance)
        ):
            return nodes
        arrivals = self._arrivals(members)
        ends = set(field.start[members].tolist())
        ends |= set(field.goal[members].tolist())
        kind_of = self._rules.hypervisors.kind_of
        count: collections.Counter[tuple[object, ...]] = collections.Counter()
        kept = []
        for node in nodes.tolist():
            room, arriving = self._room[node], arrivals[:, node]
            key = (room.tobytes(), arriving.tobytes(), kind_of[node])
            count[key] += node not in ends
            if node in ends or count[key] <= len(members):
                kept.append(node)
        return np.array(kept, dtype=np.int64)

    def _neighbours(self, members: Ints, number: Ints) -> list[Near]:
        rules, node_of = self._rules, self._start.node_of
        instances = self._field.movable[members].tolist()
        position = {i: k for k, i in enumerate(instances)}
        near: list[Near] = []
        for instance in instances:
            groups = []
            for group in rules.groups.of(instance):
                others = [
                    m
                    for m in group.members.tolist()
                    if m != instance and node_of[m] >= 0
                ]
                if others and not group.apart:
                    moving = [position[m] for m in others if m in position]
                    fixed = {
                        int(number[node_of[m]])
                        for m in others
                        if m not in position and m in group.settled
                    }
                    groups.append((moving, frozenset(fixed)))
            near.append(groups)
        return near
