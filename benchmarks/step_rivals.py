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

"""The two methods that the contest's organisers gave figures for.

What their descriptions leave open is decided in their favour: moves that are
possible at the same time share a step, and while a cycle is turned
everybody else who can go home does so too.
"""

from __future__ import annotations

import collections

from benchmarks.step_model import MAX_TOUCHES
from benchmarks.step_model import Cloud
from benchmarks.step_model import Move
from benchmarks.step_model import Steps


# Until a method is taken not to come to an end.
MAX_ROUNDS = 20
MAX_PARKED = 20


class Board:
    """A cloud between two steps, and the step that is being filled.

    :ivar place: the server of each VM
    :ivar steps: what was done
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.place = list(cloud.start)
        self.steps: Steps = []
        self._used = cloud.used(cloud.start)
        self._step: list[Move] = []
        self._touches: collections.Counter[int] = collections.Counter()
        self._moved: set[int] = set()

    def fits(self, vm: int, server: int) -> bool:
        """Whether there is room, with all that arrives in this step."""
        used, room = self._used[server], self.cloud.room[server]
        need = self.cloud.need[vm]
        return used[0] + need[0] <= room[0] and used[1] + need[1] <= room[1]

    def fits_without(self, vm: int, other: int) -> bool:
        """Whether a VM fits where another is, once that has left."""
        server = self.place[other]
        return all(
            self._used[server][k]
            + self.cloud.need[vm][k]
            - self.cloud.need[other][k]
            <= self.cloud.room[server][k]
            for k in (0, 1)
        )

    def move(self, vm: int, server: int) -> bool:
        """Put a move into the step if that is possible."""
        here = self.place[vm]
        if (
            here == server
            or vm in self._moved
            or self._touches[here] >= MAX_TOUCHES
            or self._touches[server] >= MAX_TOUCHES
            or not self.fits(vm, server)
        ):
            return False
        self._touches.update((here, server))
        self._moved.add(vm)
        self._add(vm, server, 1)
        self._step.append((here, server, vm))
        return True

    def end_step(self) -> bool:
        """Do the step; whether there was anything in it."""
        if not self._step:
            return False
        for here, server, vm in self._step:
            self._add(vm, here, -1)
            self.place[vm] = server
        self.steps.append(self._step)
        self._step = []
        self._touches.clear()
        self._moved.clear()
        return True

    def roomiest(self, vm: int, avoided: set[int]) -> int | None:
        """Return the server with the most memory free that has room."""
        best = None
        for server, room in enumerate(self.cloud.room):
            if server == self.place[vm] or not self.fits(vm, server):
                continue
            free_gb = room[1] - self._used[server][1]
            key = (server not in avoided, free_gb)
            if best is None or key > best[0]:
                best = key, server
        return best[1] if best else None

    def misplaced(self) -> list[int]:
        """Return who is not at home."""
        goal = self.cloud.goal
        return [vm for vm, at in enumerate(self.place) if at != goal[vm]]

    def _add(self, vm: int, server: int, sign: int) -> None:
        for k in (0, 1):
            self._used[server][k] += sign * self.cloud.need[vm][k]


def one_server_after_another(cloud: Cloud) -> Steps | None:
    """Move out all who do not belong there, then move in all who do.

    Where that is not possible it goes on with the next, and comes back.

    :returns: None if it does not come to an end
    """
    board = Board(cloud)
    before = None
    for _ in range(MAX_ROUNDS):
        fixed: set[int] = set()
        for server in range(len(cloud.room)):
            fixed.add(server)
            _empty(board, server, fixed)
            _fill(board, server)
        if not board.misplaced():
            return board.steps
        if board.place == before:
            return None
        before = list(board.place)
    return None


def _empty(board: Board, server: int, fixed: set[int]) -> None:
    foreign = [v for v in board.misplaced() if board.place[v] == server]
    while foreign:
        for vm in foreign:
            if not board.move(vm, board.cloud.goal[vm]):
                host = board.roomiest(vm, fixed)
                if host is not None:
                    board.move(vm, host)
        if not board.end_step():
            return
        foreign = [v for v in foreign if board.place[v] == server]


def _fill(board: Board, server: int) -> None:
    own = [v for v in board.misplaced() if board.cloud.goal[v] == server]
    while own:
        for vm in own:
            board.move(vm, server)
        if not board.end_step():
            return
        own = [v for v in own if board.place[v] != server]


def waves(cloud: Cloud) -> Steps | None:
    """All home at once who can; else break the shortest cycle.

    :returns: None if it does not come to an end
    """
    board = Board(cloud)
    parked: collections.Counter[int] = collections.Counter()
    misplaced = board.misplaced()
    while misplaced:
        for vm in misplaced:
            board.move(vm, cloud.goal[vm])
        if not board.end_step():
            if not _park(board, misplaced, parked):
                return None
            board.end_step()
        misplaced = [v for v in misplaced if board.place[v] != cloud.goal[v]]
    return board.steps


def _park(
    board: Board, misplaced: list[int], parked: collections.Counter[int]
) -> bool:
    """Park the largest VM of the shortest cycle.

    Where no server takes it: the largest whose place somebody can take, or
    any at all.
    """
    cycle = _shortest_cycle(board, misplaced)
    making_room = [v for v in misplaced if _lets_in(board, v, misplaced)]
    for group in (cycle, making_room, misplaced):
        for vm in sorted(
            group, key=lambda v: (parked[v], -board.cloud.need[v][1])
        ):
            if parked[vm] >= MAX_PARKED:
                continue
            host = board.roomiest(vm, set())
            if host is not None and board.move(vm, host):
                parked[vm] += 1
                return True
    return False


def _lets_in(board: Board, vm: int, misplaced: list[int]) -> bool:
    server, goal = board.place[vm], board.cloud.goal
    return any(
        goal[other] == server and board.fits_without(other, vm)
        for other in misplaced
    )


def _shortest_cycle(board: Board, misplaced: list[int]) -> list[int]:
    """Return VMs each of which is on the server that the one before wants."""
    leaving: dict[int, dict[int, int]] = {}
    for vm in misplaced:
        there = leaving.setdefault(board.place[vm], {})
        other = there.setdefault(board.cloud.goal[vm], vm)
        if board.cloud.need[vm][1] > board.cloud.need[other][1]:
            there[board.cloud.goal[vm]] = vm
    best: list[int] = []
    for first in list(leaving):
        found = _cycle_through(leaving, first, len(best) or len(leaving) + 1)
        if found:
            best = found
        if len(best) == 2:
            break
        # The cycles through it are known.
        del leaving[first]
    return best


def _cycle_through(
    leaving: dict[int, dict[int, int]], first: int, limit: int
) -> list[int]:
    """Return a cycle of fewer than so many VMs, or nothing."""
    came: dict[int, tuple[int, int]] = {}
    layer = [first]
    for _ in range(limit - 1):
        after = []
        for server in layer:
            for goal, vm in leaving.get(server, {}).items():
                if goal in came:
                    continue
                came[goal] = server, vm
                if goal == first:
                    return _back(came, first)
                after.append(goal)
        if not after:
            break
        layer = after
    return []


def _back(came: dict[int, tuple[int, int]], first: int) -> list[int]:
    cycle = []
    server, vm = came[first]
    cycle.append(vm)
    while server != first:
        server, vm = came[server]
        cycle.append(vm)
    return cycle
