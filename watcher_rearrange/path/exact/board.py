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

"""Part of a cluster as plain integers, for searches over whole placements.

Everything that is limited per node is packed into one integer, a field for
each column with a guard bit above it, so that one subtraction tells whether
somebody fits (Lamport, Multiple byte processing with full-word instructions,
CACM 18 (1975)). numpy is slower than this on a few nodes.
"""

from __future__ import annotations

import collections
import random

from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from watcher_rearrange.path.exact.parts import Part
from watcher_rearrange.path.moves import Move


# The node of each instance; one byte each, so that it is quick to hash and
# small to keep.
State = bytes

MAX_NODES = 256

# A key that would be longer is a hash, of so many bits.
MAX_KEY_BITS = 1_000
HASH_BITS = 160


class Board:
    """What can be moved, where to, and what is in the way.

    :ivar start: where the instances of the part are, in its order
    :ivar goal: where they should be
    :ivar weight: what one migration of each costs
    :ivar n_steps: how many moves are looked at, at most, in one state
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self.start: State = bytes(part.start)
        self.goal: State = bytes(part.goal)
        self.weight = part.weight
        self._pack(part)
        self._near = part.near
        self._grouped = any(part.near)
        kinds = _numbered(
            zip(self._need, part.allowed, part.bound, strict=True)
        )
        self._kind_of = kinds
        self._allowed: list[tuple[int, ...]] = [()] * len(set(kinds))
        for k, kind in enumerate(kinds):
            self._allowed[kind] = part.allowed[k]
        self.n_steps = sum(map(len, self._allowed))
        self._equals = self._equal_instances()
        self._digits = self._counters()
        self._hosts = self._equal_hosts()
        self._roomy = self._never_short()
        self._least = min(self.weight)
        self._most = self._largest()

    def steps(
        self, state: State, but: int, slack: int | None
    ) -> list[tuple[int, int]]:
        """Return every (position, node) that is worth a try now.

        Where a move home takes nothing from anybody, it is the only one.

        :param but: a position that stays
        :param slack: what may be spent on moves to other nodes than the
            final ones; None for any amount
        """
        free = self._free(state)
        roomy = self._roomy
        if not self._grouped and slack is not None:
            roomy |= self._with_room(state, free, slack)
        for k, here in enumerate(state):
            home = self.goal[k]
            if (
                here != home
                and home in roomy
                and self._fits(free, k, home)
                and self._goes(k, here, home)
            ):
                return [(k, home)]
        found = self._all_steps(state, but, free, roomy)
        if slack is None:
            return list(found)
        return [
            (k, node)
            for k, node in found
            if node == self.goal[k]
            or self.weight[k] * (1 + (state[k] == self.goal[k])) <= slack
        ]

    def _all_steps(
        self, state: State, but: int, free: list[int], roomy: frozenset[int]
    ) -> Iterator[tuple[int, int]]:
        closed = self._needless(free)
        fits: dict[int, list[int]] = {}
        seen = set()
        for k, here in enumerate(state):
            # Who is home where there is room for all has no need to leave.
            if k == but or (here in roomy and here == self.goal[k]):
                continue
            if (self._equals[k], here) in seen:
                continue
            seen.add((self._equals[k], here))
            kind = self._kind_of[k]
            if kind not in fits:
                fits[kind] = [
                    node
                    for node in self._allowed[kind]
                    if node not in closed and self._fits(free, k, node)
                ]
            for node in fits[kind]:
                if (
                    node != here
                    and self._joins(state, k, node)
                    and self._goes(k, here, node)
                ):
                    yield k, node

    def key(self, state: State) -> int:
        """Return a number, equal for states that differ by equals only."""
        if self._hosts:
            state = self._renamed(state)
        return sum(
            digits[node]
            for digits, node in zip(self._digits, state, strict=True)
        )

    def key_after(self, key: int, state: State, k: int, node: int) -> int:
        """Return the key once a position of a state is on another node."""
        if self._hosts:
            return self.key(state[:k] + bytes((node,)) + state[k + 1 :])
        digits = self._digits[k]
        return key + digits[node] - digits[state[k]]

    def due(self, state: State) -> int:
        """Return what it costs if each moves straight to where it should."""
        return sum(
            weight
            for here, goal, weight in zip(
                state, self.goal, self.weight, strict=True
            )
            if here != goal
        )

    def move(self, k: int, here: int, node: int) -> Move:
        """Return the move of a position between two nodes of the board."""
        part = self._part
        final = node == self.goal[k]
        return Move(
            part.instances[k], part.nodes[here], part.nodes[node], not final
        )

    def replayed(self, moves: Sequence[Move]) -> bool:
        """Whether these moves of the part lead to the goal."""
        part = self._part
        position = {i: k for k, i in enumerate(part.instances)}
        local = {node: n for n, node in enumerate(part.nodes)}
        state = self.start
        for move in moves:
            k = position[move.instance]
            node = local.get(move.destination, -1)
            if (
                node not in part.allowed[k]
                or not self._fits(self._free(state), k, node)
                or not self._joins(state, k, node)
                or not self._goes(k, state[k], node)
            ):
                return False
            state = state[:k] + bytes((node,)) + state[k + 1 :]
        return state == self.goal

    def _pack(self, part: Part) -> None:
        """Bring room and demand into integers that can be compared."""
        n_columns = len(part.room[0])
        most = sum(map(sum, part.demand)) + max(
            abs(amount) for row in part.room for amount in (*row, 0)
        )
        width = (3 * most).bit_length() + 1
        guard = 1 << (width - 1)

        def packed(row: Sequence[int]) -> int:
            return sum(
                amount << (width * column) for column, amount in enumerate(row)
            )

        self._packed = packed
        self._guards = packed([guard] * n_columns)
        self._room = [packed(row) + self._guards for row in part.room]
        self._need = [packed(row) for row in part.demand]
        # Only what it asks for counts, as in Placement.
        self._asked = [
            packed([guard if amount else 0 for amount in row])
            for row in part.demand
        ]

    def _fits(self, free: list[int], k: int, node: int) -> bool:
        asked = self._asked[k]
        return (free[node] - self._need[k]) & asked == asked

    def _free(self, state: State) -> list[int]:
        free = self._room.copy()
        for node, need in zip(state, self._need, strict=True):
            free[node] -= need
        return free

    def _joins(self, state: State, k: int, node: int) -> bool:
        """Whether another member of its affinity group is there."""
        return all(
            node in fixed or any(state[other] == node for other in others)
            for others, fixed in self._near[k]
        )

    def _goes(self, k: int, here: int, node: int) -> bool:
        """Whether it may go straight from one node to another."""
        part = self._part
        if not part.bound[k]:
            return True
        return part.takes[part.kind_of[here]][part.kind_of[node]]

    def _equal_instances(self) -> list[int]:
        """Numbers, the same for instances that are equal, goal included."""
        return _numbered(
            (kind, asked, weight, goal, k if near else -1)
            for k, (kind, asked, weight, goal, near) in enumerate(
                zip(
                    self._kind_of,
                    self._asked,
                    self.weight,
                    self.goal,
                    self._near,
                    strict=True,
                )
            )
        )

    def _counters(self) -> list[list[int]]:
        """For each position and node, what it adds to a key.

        A key counts how many of each kind of equals are on each node; where
        that would be too long, it is a hash: random numbers that are summed
        up (Zobrist, A new hashing method with application for game playing,
        1970), so long that two do not meet.
        """
        counts = collections.Counter(self._equals)
        shift = 0
        digits_of: dict[int, list[int]] = {}
        for same, count in counts.items():
            if count == 1:
                digits = [n << shift for n in range(len(self._room))]
                shift += len(self._room).bit_length()
            else:
                width = count.bit_length()
                digits = [
                    1 << (shift + width * n) for n in range(len(self._room))
                ]
                shift += width * len(self._room)
            digits_of[same] = digits
        if shift > MAX_KEY_BITS:
            dice = random.Random(0)
            digits_of = {
                same: [dice.getrandbits(HASH_BITS) for _ in self._room]
                for same in counts
            }
        return [digits_of[same] for same in self._equals]

    def _equal_hosts(self) -> list[list[int]]:
        """Groups of nodes that nobody is on at the start or at the end."""
        if self._grouped:
            return []
        ends = {*self.start, *self.goal}
        groups = collections.defaultdict(list)
        for node, room in enumerate(self._room):
            if node not in ends:
                kinds = tuple(node in nodes for nodes in self._allowed)
                groups[room, kinds, self._part.kind_of[node]].append(node)
        return [group for group in groups.values() if len(group) > 1]

    def _never_short(self) -> frozenset[int]:
        """Nodes with room for everybody who could ever be there."""
        if self._grouped:
            return frozenset()
        room = self._room.copy()
        for k, nodes in enumerate(self._part.allowed):
            for node in {*nodes, self.start[k]}:
                room[node] -= self._need[k]
        return self._not_exceeded(room)

    def _with_room(
        self, state: State, free: list[int], slack: int
    ) -> frozenset[int]:
        """Nodes with room for all that can still arrive there."""
        others = min(slack // self._least, len(self._most) - 1)
        left = [room - self._most[others] for room in free]
        for k, here in enumerate(state):
            if here != self.goal[k]:
                left[self.goal[k]] -= self._need[k]
        return self._not_exceeded(left)

    def _not_exceeded(self, free: list[int]) -> frozenset[int]:
        guards = self._guards
        return frozenset(
            node for node, room in enumerate(free) if room & guards == guards
        )

    def _largest(self) -> list[int]:
        """The most that so many instances take, in each column, packed."""
        columns = [
            sorted(column, reverse=True)
            for column in zip(*self._part.demand, strict=True)
        ]
        most = [0]
        for row in zip(*columns, strict=True):
            most.append(most[-1] + self._packed(row))
        return most

    def _needless(self, free: list[int]) -> set[int]:
        """Empty nodes of which there is an equal one."""
        closed: set[int] = set()
        for group in self._hosts:
            empty = [n for n in group if free[n] == self._room[n]]
            closed.update(empty[1:])
        return closed

    def _renamed(self, state: State) -> State:
        """Sort equal hosts by who is there."""
        names = bytearray(range(len(self._room)))
        for group in self._hosts:
            there: dict[int, list[int]] = {node: [] for node in group}
            for k, node in enumerate(state):
                if node in there:
                    there[node].append(self._equals[k])
            ordered = sorted(group, key=lambda node: sorted(there[node]))
            for name, node in zip(group, ordered, strict=True):
                names[node] = name
        return state.translate(bytes(names) + bytes(256 - len(names)))


def _numbered(keys: Iterable[Hashable]) -> list[int]:
    """Return small numbers, equal for equal keys."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]
