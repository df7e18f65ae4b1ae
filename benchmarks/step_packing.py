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

"""Pack a path into steps of the contest's model.

The path is a certificate: a move is taken out of turn only if all the others
remain possible in their order, so that packing never gets stuck. The steps
are then made fewer as in project scheduling, by putting each move as early as
it can be, forwards and backwards in turn (Li and Willis 1992): the way back
obeys the same rules, because before a step a server has room for both who
leaves and who arrives. What no longer has to go to a temporary server goes
directly.
"""

from __future__ import annotations

import random
import time

from collections.abc import Callable
from collections.abc import Sequence

from benchmarks.step_model import MAX_TOUCHES
from benchmarks.step_model import Cloud
from benchmarks.step_model import Move
from benchmarks.step_model import Steps
from benchmarks.step_model import product


# Rounds without gain after which an improvement ends.
PATIENCE = 6


def pack(
    cloud: Cloud, path: Sequence[Move], rng: random.Random | None = None
) -> Steps:
    """Return steps for moves that are valid one at a time, in their order.

    Who touches the server with most moves ahead goes first.

    :param rng: varies that; None for not
    """
    return _Packing(cloud, path).run(rng)


class _Packing:
    def __init__(self, cloud: Cloud, path: Sequence[Move]) -> None:
        self._cloud = cloud
        self._path = path
        self._used = cloud.used(cloud.start)
        n_servers = len(cloud.room)
        # Moves still to be made, by server and by VM, in order.
        self._at: list[list[int]] = [[] for _ in range(n_servers)]
        self._of: dict[int, list[int]] = {}
        for k, (source, destination, vm) in enumerate(path):
            self._at[source].append(k)
            self._at[destination].append(k)
            self._of.setdefault(vm, []).append(k)
        for moves in self._of.values():
            moves.reverse()
        self._touches = [0] * n_servers
        self._leaving = [[0, 0] for _ in range(n_servers)]

    def run(self, rng: random.Random | None) -> Steps:
        steps = []
        while self._of:
            steps.append(self._step(rng))
        return steps

    def _step(self, rng: random.Random | None) -> list[Move]:
        path = self._path
        # The first of all that remain is possible whatever else is not.
        ready = [moves[-1] for moves in self._of.values()]
        order = [min(ready), *sorted(ready, key=self._urgency(rng))]
        chosen: list[int] = []
        for k in order:
            if self._possible(k):
                self._take(k)
                chosen.append(k)
        for k in chosen:
            source, destination, vm = path[k]
            self._of[vm].pop()
            if not self._of[vm]:
                del self._of[vm]
            for server in (source, destination):
                self._touches[server] = 0
                self._leaving[server] = [0, 0]
        return [path[k] for k in chosen]

    def _urgency(
        self, rng: random.Random | None
    ) -> Callable[[int], tuple[float, int]]:
        at = self._at
        path = self._path

        def urgency(k: int) -> tuple[float, int]:
            source, destination, _ = path[k]
            one, other = len(at[source]), len(at[destination])
            noise = rng.random() if rng else 0.0
            return -max(one, other) - min(one, other) / 100 + noise, k

        return urgency

    def _possible(self, k: int) -> bool:
        """Whether a move can be in this step and the others still follow."""
        source, destination, vm = self._path[k]
        if (
            self._touches[source] >= MAX_TOUCHES
            or self._touches[destination] >= MAX_TOUCHES
            # Taken already: its place in the lists is gone.
            or k not in self._at[source]
        ):
            return False
        used = self._used[destination]
        leaving = self._leaving[destination]
        need = self._cloud.need[vm]
        free = [
            self._cloud.room[destination][r] - used[r] - need[r]
            for r in (0, 1)
        ]
        if free[0] < leaving[0] or free[1] < leaving[1]:
            return False
        return self._others_follow(k, destination, free)

    def _others_follow(self, k: int, server: int, free: list[int]) -> bool:
        """Whether those before it find their room on the server."""
        cores, memory_gb = free
        for j in self._at[server]:
            if j >= k:
                break
            _, destination, vm = self._path[j]
            need = self._cloud.need[vm]
            if destination == server:
                cores -= need[0]
                memory_gb -= need[1]
                if cores < 0 or memory_gb < 0:
                    return False
            else:
                cores += need[0]
                memory_gb += need[1]
        return True

    def _take(self, k: int) -> None:
        source, destination, vm = self._path[k]
        for r in (0, 1):
            amount = self._cloud.need[vm][r]
            self._used[destination][r] += amount
            self._used[source][r] -= amount
            # Its room is released after the step only.
            self._leaving[source][r] += amount
        for server in (source, destination):
            self._touches[server] += 1
            self._at[server].remove(k)


class Timeline:
    """How full each server is in each step, while steps are rearranged.

    :ivar held: by server and step, what is there and what arrives
    :ivar touches: by server and step
    """

    def __init__(self, cloud: Cloud, n_steps: int) -> None:
        self._cloud = cloud
        self.n_steps = n_steps
        self.held = [
            [(cores, memory_gb)] * n_steps
            for cores, memory_gb in cloud.used(cloud.start)
        ]
        self.touches = [[0] * n_steps for _ in cloud.room]

    def add(self, vm: int, server: int, steps: range, sign: int = 1) -> None:
        """Let a VM be on a server in some steps more (or fewer)."""
        cores, memory_gb = self._cloud.need[vm]
        held = self.held[server]
        for step in steps:
            one, other = held[step]
            held[step] = one + sign * cores, other + sign * memory_gb

    def fits(self, vm: int, server: int, steps: range) -> bool:
        """Whether there is room for one more in all these steps."""
        return self.fits_from(vm, server, steps) <= steps.start

    def fits_from(self, vm: int, server: int, steps: range) -> int:
        """Return the first step from which there is room until the end."""
        room, need = self._cloud.room[server], self._cloud.need[vm]
        cores, memory_gb = room[0] - need[0], room[1] - need[1]
        held = self.held[server]
        for step in reversed(steps):
            one, other = held[step]
            if one > cores or other > memory_gb:
                return step + 1
        return steps.start

    def touch(self, move: Move, step: int, sign: int = 1) -> None:
        """Count a move in a step."""
        for server in move[:2]:
            self.touches[server][step] += sign

    def can_touch(self, move: Move, step: int) -> bool:
        """Whether both ends may be touched once more."""
        source, destination, _ = move
        return (
            self.touches[source][step] < MAX_TOUCHES
            and self.touches[destination][step] < MAX_TOUCHES
        )


def earlier(cloud: Cloud, steps: Steps, rng: random.Random) -> Steps:
    """Put each move as early as it can be; never more steps than before."""
    n_steps = len(steps)
    line = Timeline(cloud, n_steps)
    last: dict[int, int] = {}
    result: Steps = [[] for _ in steps]
    for step in steps:
        for move in rng.sample(step, len(step)):
            source, destination, vm = move
            least = last.get(vm, -1) + 1
            k = line.fits_from(vm, destination, range(least, n_steps))
            while not line.can_touch(move, k):
                k += 1
            line.touch(move, k)
            line.add(vm, destination, range(k, n_steps))
            line.add(vm, source, range(k + 1, n_steps), -1)
            last[vm] = k
            result[k].append(move)
    return [step for step in result if step]


def mirrored(steps: Steps) -> Steps:
    """Return the steps of the way back."""
    return [[(b, a, vm) for a, b, vm in step] for step in reversed(steps)]


def straightened(cloud: Cloud, steps: Steps) -> Steps:
    """Replace two moves of a VM by one where that is possible."""
    n_steps = len(steps)
    line = Timeline(cloud, n_steps)
    trips: dict[int, list[tuple[int, Move]]] = {}
    for k, step in enumerate(steps):
        for move in step:
            source, destination, vm = move
            line.touch(move, k)
            line.add(vm, destination, range(k, n_steps))
            line.add(vm, source, range(k + 1, n_steps), -1)
            trips.setdefault(vm, []).append((k, move))
    order = sorted(trips, key=lambda vm: -cloud.need[vm][1])
    for vm in order:
        trip = trips[vm]
        k = 1
        while k < len(trip):
            if not _straighten(line, trip, k):
                k += 1
    result: Steps = [[] for _ in steps]
    for trip in trips.values():
        for k, move in trip:
            result[k].append(move)
    return [step for step in result if step]


def _straighten(
    line: Timeline, trip: list[tuple[int, Move]], index: int
) -> bool:
    """Make the moves at ``index - 1`` and ``index`` of a trip into one."""
    (first, one), (second, other) = trip[index - 1], trip[index]
    (source, _, vm), destination = one, other[1]
    for move, step in ((one, first), (other, second)):
        line.touch(move, step, -1)
    direct = source, destination, vm
    for step in range(second, first - 1, -1):
        # It stays on the source longer and is on its goal earlier.
        if source == destination:
            if not line.fits(vm, source, range(first + 1, second)):
                break
        elif (
            not line.can_touch(direct, step)
            or not line.fits(vm, source, range(first + 1, step + 1))
            or not line.fits(vm, destination, range(step, second))
        ):
            continue
        line.add(vm, one[1], range(first, second + 1), -1)
        if source == destination:
            line.add(vm, source, range(first + 1, second))
            trip[index - 1 : index + 1] = []
            return True
        line.add(vm, source, range(first + 1, step + 1))
        line.add(vm, destination, range(step, second))
        line.touch(direct, step)
        trip[index - 1 : index + 1] = [(step, direct)]
        return True
    for move, step in ((one, first), (other, second)):
        line.touch(move, step)
    return False


def improve(
    cloud: Cloud, steps: Steps, rng: random.Random, deadline: float
) -> Steps:
    """Straighten and put earlier, forwards and backwards, in turn.

    Ends when that has gained nothing for some rounds.

    :param deadline: on the clock of ``time.process_time``
    """
    back = cloud.reversed()
    idle = 0
    while idle < PATIENCE and time.process_time() < deadline:
        before = product(cloud, steps)
        if before <= cloud.fewest_steps * cloud.least_gb:
            break
        steps = straightened(cloud, steps)
        steps = mirrored(earlier(back, mirrored(steps), rng))
        steps = earlier(cloud, steps, rng)
        idle = idle + 1 if product(cloud, steps) >= before else 0
    return straightened(cloud, steps)
