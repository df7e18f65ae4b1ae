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

"""The step model of the contest problem "Fixing the Cloud".

ICPC NERC Huawei Challenge 2020, Codeforces 1460 A. Migrations are grouped
into steps. Before a step every server has room for all that is on it and all
that arrives in the step; room is released after the step. At most two moves
of a step touch a server. Fewer steps and less memory moved are better.
"""

from __future__ import annotations

import collections
import dataclasses
import math
import pathlib
import random

from collections.abc import Iterator


MAX_TOUCHES = 2

# Cores and GB.
Pair = tuple[int, int]
# Source, destination, VM.
Move = tuple[int, int, int]
Steps = list[list[Move]]

SERVERS = ((80, 256), (120, 384), (160, 512))
VM_CORES = (2, 4, 6, 8, 12, 16)
CORE_WEIGHTS = (2, 4, 3, 4, 3, 2)
GB_PER_CORE = (2, 4, 4, 8)
SMALL_CORES = (1, 2)
CHANGES_PER_VM = 20


class BadAnswer(Exception):
    """Steps that break the model, or do not fix the cloud."""


@dataclasses.dataclass(frozen=True)
class Cloud:
    """What is to be fixed.

    :ivar room: of each server
    :ivar need: of each VM
    :ivar start: the server of each VM
    :ivar goal: where it should be
    """

    room: list[Pair]
    need: list[Pair]
    start: list[int]
    goal: list[int]

    def used(self, place: list[int]) -> list[list[int]]:
        """Return the cores and GB in use on each server."""
        used = [[0, 0] for _ in self.room]
        for (cores, memory_gb), server in zip(self.need, place, strict=True):
            used[server][0] += cores
            used[server][1] += memory_gb
        return used

    def reversed(self) -> Cloud:
        """Return the way back."""
        return dataclasses.replace(self, start=self.goal, goal=self.start)

    @property
    def fewest_steps(self) -> int:
        """A bound: the moves that must touch the busiest server."""
        touches: collections.Counter[int] = collections.Counter()
        for a, b in zip(self.start, self.goal, strict=True):
            if a != b:
                touches.update((a, b))
        most = max(touches.values(), default=0)
        return math.ceil(most / MAX_TOUCHES)

    @property
    def least_gb(self) -> int:
        """A bound: the memory of all that is misplaced."""
        return sum(
            need[1]
            for need, a, b in zip(
                self.need, self.start, self.goal, strict=True
            )
            if a != b
        )


def read(path: pathlib.Path) -> Cloud:
    """Read an input of the contest."""
    numbers = [int(word) for word in path.read_text().split()]
    n_servers, n_vms = numbers[:2]
    pairs = list(zip(numbers[2::2], numbers[3::2], strict=True))
    room, rest = pairs[:n_servers], pairs[n_servers:]
    need, places = rest[:n_vms], rest[n_vms : 2 * n_vms]
    return Cloud(
        room, need, [place[0] for place in places], [p[1] for p in places]
    )


def text(steps: Steps) -> str:
    """Return an answer as the contest wants it."""
    lines = [str(len(steps))]
    for step in steps:
        lines.append(str(len(step)))
        lines += [' '.join(map(str, move)) for move in step]
    return '\n'.join(lines) + '\n'


def parse(answer: str) -> Steps:
    """Read an answer."""
    words: Iterator[int] = map(int, answer.split())
    return [
        [(next(words), next(words), next(words)) for _ in range(next(words))]
        for _ in range(next(words))
    ]


def moved_gb(cloud: Cloud, steps: Steps) -> int:
    """Return the memory moved."""
    return sum(cloud.need[vm][1] for step in steps for *_, vm in step)


def product(cloud: Cloud, steps: Steps) -> int:
    """Return steps * GB moved."""
    return len(steps) * moved_gb(cloud, steps)


def score(cloud: Cloud, steps: Steps) -> float:
    """Return the contest's score, the lower the better."""
    return 1000 * math.log10(product(cloud, steps) + 1)


def check(cloud: Cloud, steps: Steps) -> None:
    """Replay an answer.

    :raises BadAnswer: at the first thing that is wrong
    """
    place = list(cloud.start)
    for number, step in enumerate(steps):
        used = cloud.used(place)
        touches: collections.Counter[int] = collections.Counter()
        moved = set()
        for source, destination, vm in step:
            if place[vm] != source or source == destination or vm in moved:
                raise BadAnswer(f'step {number}: VM {vm} cannot do this')
            moved.add(vm)
            touches.update((source, destination))
            for k in (0, 1):
                used[destination][k] += cloud.need[vm][k]
                if used[destination][k] > cloud.room[destination][k]:
                    raise BadAnswer(f'step {number}: {destination} is full')
        if max(touches.values(), default=0) > MAX_TOUCHES:
            raise BadAnswer(f'step {number}: a server is touched too often')
        for _, destination, vm in step:
            place[vm] = destination
    if place != cloud.goal:
        raise BadAnswer('not everybody is home at the end')


def generate(n_servers: int, n_vms: int, full: float, seed: int) -> Cloud:
    """Return a random cloud.

    :param n_vms: at most so many
    :param full: share of the scarcer resource in use; VMs are added until
        this or their number is reached
    """
    rng = random.Random(f'{n_servers} {n_vms} {full} {seed}')
    room = [rng.choice(SERVERS) for _ in range(n_servers)]
    left = [int(sum(pair[k] for pair in room) * full) for k in (0, 1)]
    free = [list(pair) for pair in room]
    need: list[Pair] = []
    start: list[int] = []
    drawn = _sizes(rng, n_vms, left)
    for vm in sorted(drawn, reverse=True):
        servers = [s for s in range(n_servers) if _fits(vm, free[s])]
        if servers:
            server = rng.choice(servers)
            _add(free[server], vm, -1)
            need.append(vm)
            start.append(server)
    _top_up(rng, Filling(n_vms, full, room, free), need, start)
    order = list(range(len(need)))
    rng.shuffle(order)
    need, start = [need[v] for v in order], [start[v] for v in order]
    return Cloud(room, need, start, _changed(rng, need, start, free))


def _sizes(rng: random.Random, n_vms: int, left: list[int]) -> list[Pair]:
    """Draw VMs until nothing fits into what is left of the whole."""
    drawn: list[Pair] = []
    misses = 0
    while len(drawn) < n_vms and misses < 200:
        cores = rng.choices(VM_CORES, CORE_WEIGHTS)[0]
        vm = cores, cores * rng.choice(GB_PER_CORE)
        if _fits(vm, left):
            _add(left, vm, -1)
            drawn.append(vm)
        else:
            misses += 1
    return drawn


@dataclasses.dataclass(frozen=True)
class Filling:
    """A cloud that is being filled, and how full it is to be."""

    n_vms: int
    full: float
    room: list[Pair]
    free: list[list[int]]

    @property
    def spare(self) -> list[int]:
        """Cores and GB until it is as full as wanted."""
        return [
            sum(pair[k] for pair in self.free)
            - math.ceil((1 - self.full) * sum(pair[k] for pair in self.room))
            for k in (0, 1)
        ]


def _top_up(
    rng: random.Random, filling: Filling, need: list[Pair], start: list[int]
) -> None:
    """Add small VMs on the emptiest servers while they fit."""
    free = filling.free
    spare = filling.spare
    while len(need) < filling.n_vms:
        cores = rng.choice(SMALL_CORES)
        vm = cores, cores * rng.choice(GB_PER_CORE)
        servers = [s for s in range(len(free)) if _fits(vm, free[s])]
        if not servers or not _fits(vm, spare):
            return
        server = rng.choice(servers)
        _add(free[server], vm, -1)
        _add(spare, vm, -1)
        need.append(vm)
        start.append(server)


def _changed(
    rng: random.Random,
    need: list[Pair],
    start: list[int],
    free: list[list[int]],
) -> list[int]:
    """Return where random moves and exchanges lead."""
    place = list(start)
    for _ in range(CHANGES_PER_VM * len(need)):
        one, other = rng.randrange(len(need)), rng.randrange(len(need))
        a, b = place[one], place[other]
        if a == b:
            continue
        if rng.random() < 0.5:
            if _fits(need[one], free[b]):
                _shift(need[one], free[a], free[b])
                place[one] = b
            continue
        _shift(need[one], free[a], free[b])
        _shift(need[other], free[b], free[a])
        if min(*free[a], *free[b]) < 0:
            _shift(need[one], free[b], free[a])
            _shift(need[other], free[a], free[b])
        else:
            place[one], place[other] = b, a
    return place


def _fits(vm: Pair, free: list[int]) -> bool:
    return vm[0] <= free[0] and vm[1] <= free[1]


def _add(free: list[int], vm: Pair, sign: int) -> None:
    free[0] += sign * vm[0]
    free[1] += sign * vm[1]


def _shift(vm: Pair, source: list[int], destination: list[int]) -> None:
    _add(source, vm, 1)
    _add(destination, vm, -1)
