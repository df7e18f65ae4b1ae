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

"""How long an arrival waits until Nova knows that others have left.

Nova's scheduler hears late that an instance has left a node. Until then
ServerGroupAntiAffinityFilter refuses the node to a member of its group, if
there would be too many with those who left; so the migration waits. Of a
cold migration the source tells at once when it is confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.constraints.server_groups import Group
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import COLD_MIGRATE
from watcher_rearrange.path.moves import Move


# Those before a move, and how many seconds it starts after their end.
Lags = tuple[tuple[int, float], ...]


def lags(
    rules: Rules,
    start: Placement,
    moves: Sequence[Move],
    is_before: Callable[[int, int], bool],
) -> list[Lags]:
    """Return for each move the departures that Nova has to know of.

    :param moves: valid one at a time, in this order
    :param is_before: whether one move is over before another one starts
    """
    sync_s = rules.cluster.snapshot.scheduler_sync_s
    if not sync_s:
        return [()] * len(moves)
    nodes: dict[tuple[int, int], _Node] = {}

    def at(group: Group, node: int) -> _Node:
        key = (id(group), node)
        if key not in nodes:
            there = group.members[start.node_of[group.members] == node]
            nodes[key] = _Node(set(there.tolist()))
        return nodes[key]

    found = []
    for k, move in enumerate(moves):
        own: set[int] = set()
        for group in rules.groups.of(move.instance):
            if group.apart and not group.record.of_policy:
                there = at(group, move.destination)
                told = {i for i, j in there.told.items() if is_before(j, k)}
                others = there.seen - told - {move.instance}
                if len(others) >= group.record.max_server_per_host:
                    own.update(
                        j
                        for j in there.left
                        if moves[j].instance != move.instance
                        and is_before(j, k)
                    )
                there.arrived(move.instance)
                kind = rules.movability.migration_type(move.instance)
                here = at(group, move.source)
                if kind == COLD_MIGRATE:
                    here.told[move.instance] = k
                else:
                    here.left.append(k)
        found.append(tuple((j, float(sync_s)) for j in sorted(own)))
    return found


class _Node:
    """What Nova has seen of a group on a node.

    :ivar seen: the members that are there, or have been
    :ivar left: the moves of those that have left, of which nobody told
    :ivar told: the moves of those of which the source told, by instance
    """

    def __init__(self, seen: set[int]) -> None:
        self.seen = seen
        self.left: list[int] = []
        self.told: dict[int, int] = {}

    def arrived(self, instance: int) -> None:
        self.seen.add(instance)
        self.told.pop(instance, None)
