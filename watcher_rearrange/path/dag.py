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

Take a valid order of the moves. When b arrives on a node, everything that
an earlier move brought there, or that was there at the start, may still be
there, unless its departure is an ancestor of b. So b gets as ancestors just
those departures without which that sum would not fit. Then in every
reachable state, failures included, the last arrival in the order among
those present has counted all the others, hence the sum fits; while a move
runs it counts on both nodes, because only a departure that SUCCEEDED
releases anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Move


# A resource class of a node, or a server group on a node.
Key = tuple[str, int]


class Dag:
    """The moves with their parents.

    :param moves: valid one at a time, in this order
    :ivar parents: for each move the indices of those it depends on
    """

    def __init__(
        self, rules: Rules, start: Placement, moves: Sequence[Move]
    ) -> None:
        builder = _Builder(rules, start)
        for k, move in enumerate(moves):
            builder.add(k, move)
        self.parents = builder.parents
        self.reduced = builder.reduced


class _Builder:
    def __init__(self, rules: Rules, start: Placement) -> None:
        self._rules = rules
        self._placement = start.copy()
        self._ancestors: list[int] = []
        self.parents: list[list[int]] = []
        self._last_move_of: dict[int, int] = {}
        self._last_move_of_group: dict[int, int] = {}
        # By node and instance: the last departure, which implies the others.
        self._departures: dict[int, dict[int, int]] = {}
        self._group_number = {
            id(group): n for n, group in enumerate(rules.groups.groups)
        }

    def add(self, k: int, move: Move) -> None:
        """Give the next move its parents and do it."""
        sequence = self._sequence(k, move)
        needed = self._spared(move, sequence, self._chosen(move, sequence))
        self.parents.append(self.reduced(needed))
        self._ancestors.append(self._closure(needed))
        self._placement.move(move.instance, move.destination)
        self._departures.setdefault(move.source, {})[move.instance] = k

    def _lingering(self, move: Move, ancestors: int) -> list[tuple[int, int]]:
        """(departure, instance) of who may still be on the destination.

        Who has come back is counted as present instead.
        """
        return [
            (departure, instance)
            for instance, departure in self._departures.get(
                move.destination, {}
            ).items()
            if not ancestors >> departure & 1
            and self._placement.node_of[instance] != move.destination
        ]

    def _chosen(self, move: Move, sequence: list[int]) -> list[int]:
        """The departures without which there would not be enough room."""
        room = self._room(move)
        chosen: list[int] = []
        while True:
            ancestors = self._closure(sequence + chosen)
            worst = self._worst(self._lingering(move, ancestors), room)
            if worst is None:
                return chosen
            chosen.append(worst)

    def _spared(
        self, move: Move, sequence: list[int], chosen: list[int]
    ) -> list[int]:
        """All that is needed: the choice was greedy, so some may not be."""
        room = self._room(move)
        needed = [*sequence, *chosen]
        for departure in chosen[:-1]:
            fewer = [parent for parent in needed if parent != departure]
            lingering = self._lingering(move, self._closure(fewer))
            if self._worst(lingering, room) is None:
                needed = fewer
        return needed

    def _sequence(self, k: int, move: Move) -> list[int]:
        """The earlier move of the same instance, or of its affinity group."""
        needed = []
        before = self._last_move_of.get(move.instance)
        if before is not None:
            needed.append(before)
        self._last_move_of[move.instance] = k
        for group in self._rules.groups.of(move.instance):
            if not group.apart:
                number = self._group_number[id(group)]
                if number in self._last_move_of_group:
                    needed.append(self._last_move_of_group[number])
                self._last_move_of_group[number] = k
        return needed

    def _closure(self, needed: list[int]) -> int:
        ancestors = 0
        for parent in needed:
            ancestors |= self._ancestors[parent] | 1 << parent
        return ancestors

    def _amounts(self, instance: int) -> dict[Key, int]:
        """What an instance takes of everything that is limited."""
        demand = self._rules.cluster.demand[instance].tolist()
        amounts = {('rc', rc): n for rc, n in enumerate(demand) if n}
        for group in self._rules.groups.of(instance):
            if group.apart:
                amounts['group', self._group_number[id(group)]] = 1
        return amounts

    def _room(self, move: Move) -> dict[Key, int]:
        """What is left on the destination once the move has arrived."""
        node = move.destination
        cluster = self._rules.cluster
        amounts = self._amounts(move.instance)
        room = {}
        for key, amount in amounts.items():
            kind, number = key
            if kind == 'rc':
                free = cluster.capacity[node, number]
                free -= self._placement.used[node, number]
            else:
                group = self._rules.groups.groups[number]
                counts = self._rules.groups.counts(self._placement, group)
                free = group.record.max_server_per_host - counts[node]
            room[key] = int(free) - amount
        return room

    def _worst(
        self, lingering: list[tuple[int, int]], room: dict[Key, int]
    ) -> int | None:
        """The departure that helps most where room is missing, or None."""
        taken: dict[Key, int] = {}
        for _, instance in lingering:
            for key, amount in self._amounts(instance).items():
                taken[key] = taken.get(key, 0) + amount
        short = {
            key: taken[key] - left
            for key, left in room.items()
            if taken.get(key, 0) > left
        }
        if not short:
            return None

        def help_of(entry: tuple[int, int]) -> tuple[float, int]:
            amounts = self._amounts(entry[1])
            share = sum(
                min(1.0, amounts.get(key, 0) / missing)
                for key, missing in short.items()
            )
            return share, -entry[0]

        return max(lingering, key=help_of)[0]

    def reduced(self, needed: Sequence[int]) -> list[int]:
        """Return moves without those that another one implies already."""
        return [
            parent
            for parent in sorted(set(needed))
            if not any(
                self._ancestors[other] >> parent & 1
                for other in needed
                if other != parent
            )
        ]
