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

"""Affinity groups: a member only goes where another member is.

Each arrival gets a companion, who is on the node by then and leaves it only
once the arrival is over.
"""

from __future__ import annotations

from collections.abc import Sequence

from watcher_rearrange.constraints.server_groups import Group
from watcher_rearrange.constraints.server_groups import ServerGroups
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.graph.pools import Ancestors
from watcher_rearrange.path.moves import Move


class Company:
    """Where the members are, and whom they must not leave alone.

    :param moves: valid one at a time, in this order
    """

    def __init__(
        self, groups: ServerGroups, start: Placement, moves: Sequence[Move]
    ) -> None:
        self._of = groups.of
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
        for group in self._of(move.instance):
            if group.apart:
                continue
            companion = self._companion(k, move, group, ancestors, needed)
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
        group: Group,
        ancestors: Ancestors,
        needed: list[int],
    ) -> int | None:
        """The member who costs the fewest new ancestors, now and later."""
        known = ancestors.closure(needed)

        def cost(member: int) -> tuple[int, bool, int]:
            new = 0
            if member in self._arrival:
                arrival = [self._arrival[member]]
                new = (ancestors.closure(arrival) & ~known).bit_count()
            return new, self._last_of.get(member, -1) > k, member

        members = [
            member
            for member in group.members.tolist()
            if member != move.instance
            and self._node_of[member] == move.destination
        ]
        return min(members, key=cost, default=None)
