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

"""A small cluster as plain integers, for searches over whole placements.

Everything that is limited per node becomes a column: the resource classes,
and for each anti-affinity group the count of its members. Columns that
nothing can exceed are left out. numpy is slower than this on a few nodes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


# The node of each movable instance; one byte each, so that it is quick to
# hash and small to keep.
State = bytes

MAX_NODES = 256


class Board:
    """What can be moved, where to, and what is in the way.

    :ivar movable: the instances, in the order of a state's bytes
    :ivar start: where they are
    :ivar goal: where they should be
    :ivar weight: what one migration of each costs
    :ivar allowed: the nodes that each may ever be on
    """

    def __init__(
        self, rules: Rules, start: Placement, target: Ints, weight: Ints
    ) -> None:
        placed = rules.movability.movable & (start.node_of >= 0)
        index = np.flatnonzero(placed)
        self.movable: list[int] = index.tolist()
        self.start: State = bytes(start.node_of[index].tolist())
        self.goal: State = bytes(target[index].tolist())
        self.weight: list[int] = weight[index].tolist()
        self.allowed: list[list[int]] = [
            np.flatnonzero(rules.eligible[rules.class_of[i]]).tolist()
            for i in self.movable
        ]
        self._room, self._demand = _columns(rules, start, index)
        self._near = self._neighbours(rules, start)
        self._classes = self._interchangeable(rules)

    def steps(self, state: State, but: int) -> Iterator[tuple[int, int]]:
        """Yield every (position, node) that an instance may move to now.

        :param but: a position that stays
        """
        free = self._free(state)
        for k, here in enumerate(state):
            if k == but:
                continue
            demand = self._demand[k]
            for node in self.allowed[k]:
                if node == here:
                    continue
                # Only what it asks for counts, as in Placement.
                for need, left in zip(demand, free[node], strict=True):
                    if need > left and need:
                        break
                else:
                    if not self._near[k] or self._joins(state, k, node):
                        yield k, node

    def same(self, state: State) -> State:
        """Return one state for all that differ by equal instances only."""
        if not self._classes:
            return state
        ordered = bytearray(state)
        for group in self._classes:
            nodes = sorted(state[k] for k in group)
            for k, node in zip(group, nodes, strict=True):
                ordered[k] = node
        return bytes(ordered)

    def due(self, state: State) -> int:
        """Return what it costs if each moves straight to where it should."""
        return sum(
            weight
            for here, goal, weight in zip(
                state, self.goal, self.weight, strict=True
            )
            if here != goal
        )

    def _free(self, state: State) -> list[list[int]]:
        free = [list(room) for room in self._room]
        for k, node in enumerate(state):
            left = free[node]
            for column, need in enumerate(self._demand[k]):
                left[column] -= need
        return free

    def _joins(self, state: State, k: int, node: int) -> bool:
        """Whether another member of its affinity group is there."""
        return all(
            node in fixed or any(state[other] == node for other in others)
            for others, fixed in self._near[k]
        )

    def _neighbours(
        self, rules: Rules, start: Placement
    ) -> list[list[tuple[list[int], frozenset[int]]]]:
        """For each instance and affinity group: the others, where."""
        position = {i: k for k, i in enumerate(self.movable)}
        near = []
        for instance in self.movable:
            groups = []
            for group in rules.groups.of(instance):
                others = [
                    int(m)
                    for m in group.members
                    if m != instance and start.node_of[m] >= 0
                ]
                if others and not group.apart:
                    moving = [position[m] for m in others if m in position]
                    fixed = {
                        int(start.node_of[m])
                        for m in others
                        if m not in position
                    }
                    groups.append((moving, frozenset(fixed)))
            near.append(groups)
        return near

    def _interchangeable(self, rules: Rules) -> list[list[int]]:
        """Positions of instances that are equal, with the same goal."""
        classes: dict[tuple[object, ...], list[int]] = {}
        for k, instance in enumerate(self.movable):
            if rules.groups.of(instance):
                continue
            key = (
                *self._demand[k],
                self.weight[k],
                int(rules.class_of[instance]),
                self.goal[k],
            )
            classes.setdefault(key, []).append(k)
        return [group for group in classes.values() if len(group) > 1]


def _columns(
    rules: Rules, start: Placement, index: Ints
) -> tuple[list[list[int]], list[list[int]]]:
    """The room for all that is movable, per node, and what each takes."""
    cluster = rules.cluster
    apart = [group for group in rules.groups.groups if group.apart]
    demand = [cluster.demand]
    room = [cluster.capacity - start.used]
    for group in apart:
        member = np.zeros((cluster.n_instances, 1), dtype=np.int64)
        member[group.members] = 1
        demand.append(member)
        counts = rules.groups.counts(start, group)
        room.append((group.record.max_server_per_host - counts)[:, np.newaxis])
    needs = np.hstack(demand)[index]
    free = np.hstack(room)
    np.add.at(free, start.node_of[index], needs)
    total = needs.sum(axis=0)
    binding = (total > 0) & (free.min(axis=0) < total)
    return free[:, binding].tolist(), needs[:, binding].tolist()
