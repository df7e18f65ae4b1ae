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

"""Who must be together: a member only goes where another member is.

Each arrival gets a companion, who is there by then and leaves only once the
arrival is over. That holds for affinity groups, whose members are on one
node, and for the relations of a policy that keep them in one part.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence

from watcher_rearrange.constraints.related import NO_PART
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.graph.pools import Ancestors
from watcher_rearrange.path.moves import Move


@dataclasses.dataclass(frozen=True, eq=False)
class Circle:
    """Instances that stay together in a part of the nodes.

    :ivar part_of: the part of each node
    """

    members: tuple[int, ...]
    part_of: Sequence[int]


class Company:
    """Where the members are, and whom they must not leave alone.

    :param moves: valid one at a time, in this order
    """

    def __init__(
        self, rules: Rules, start: Placement, moves: Sequence[Move]
    ) -> None:
        self._circles = _circles(rules)
        self._node_of: list[int] = start.node_of.tolist()
        self._last_of = {move.instance: k for k, move in enumerate(moves)}
        self._arrival: dict[int, int] = {}
        # The arrivals that each member must not leave alone where it is.
        self._arrivals_with: dict[int, list[int]] = {}

    def needed(self, k: int, move: Move, ancestors: Ancestors) -> list[int]:
        """Return whom the next move waits for, whatever the room.

        That is the move of the same instance before; the arrival of the
        companion; and those who rely on whoever moves now.
        """
        needed = self._arrivals_with.pop(move.instance, [])
        if move.instance in self._arrival:
            needed.append(self._arrival[move.instance])
        for circle in self._circles.get(move.instance, ()):
            companion = self._companion(k, move, circle, ancestors, needed)
            if companion is None:
                continue
            if companion in self._arrival:
                needed.append(self._arrival[companion])
            self._arrivals_with.setdefault(companion, []).append(k)
        self._node_of[move.instance] = move.destination
        self._arrival[move.instance] = k
        return needed

    def _companion(
        self,
        k: int,
        move: Move,
        circle: Circle,
        ancestors: Ancestors,
        needed: list[int],
    ) -> int | None:
        """The member who costs the fewest new ancestors, now and later."""
        part = circle.part_of[move.destination]
        if part in (NO_PART, circle.part_of[move.source]):
            return None
        known = ancestors.closure(needed)

        def cost(member: int) -> tuple[int, bool, int]:
            new = 0
            if member in self._arrival:
                arrival = [self._arrival[member]]
                new = (ancestors.closure(arrival) & ~known).bit_count()
            return new, self._last_of.get(member, -1) > k, member

        members = [
            member
            for member in circle.members
            if member != move.instance
            and self._node_of[member] >= 0
            and circle.part_of[self._node_of[member]] == part
        ]
        return min(members, key=cost, default=None)


def _circles(rules: Rules) -> dict[int, list[Circle]]:
    """The circles of each instance."""
    nodes = range(rules.cluster.n_nodes)
    circles = [
        Circle(tuple(group.settled.tolist()), nodes)
        for group in rules.groups.groups
        if not group.apart
    ]
    circles += [
        Circle(
            tuple(relation.settled.whom.tolist()), relation.part_of.tolist()
        )
        for relation in rules.relations.relations
        if relation.record.kind == records.TOGETHER
    ]
    found: dict[int, list[Circle]] = {}
    for circle in circles:
        for member in circle.members:
            found.setdefault(member, []).append(circle)
    return found
