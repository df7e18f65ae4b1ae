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

"""What no order of the same migrations can be faster than.

The parents of one order are no bound: another order has others. What holds
for all of them is found in a relaxed world in which whoever arrives takes
no room (the delete relaxation of planning, Bonet and Geffner 2001): there a
migration waits only for the instance's own earlier ones, and until enough
of those that were on its destination at the start can have left. Run
backwards from the end, the same says how much must follow a migration. With
these heads and tails, each limited thing is busy for at least the earliest
head, all of its work, and the shortest tail (the one-machine bound of
Carlier 1982, for any subset of the latest heads or the longest tails).
"""

from __future__ import annotations

import dataclasses
import heapq
import math

from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.timing import schedule


# A resource class or a group, by its number.
Limited = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class Work:
    """A migration with what is known of it in every order.

    :ivar needs: what it holds meanwhile, as (key, units)
    :ivar before_s: what takes place before it in any case
    :ivar behind_s: what takes place after it in any case
    """

    move: Move
    seconds: float
    needs: tuple[tuple[schedule.Key, int], ...] = ()
    before_s: float = 0.0
    behind_s: float = 0.0


@dataclasses.dataclass(frozen=True)
class Bound:
    """What holds for every order that leaves each instance its own.

    :ivar starts_s: no migration starts earlier
    :ivar ends_s: no migration ends earlier
    :ivar makespan_s: not all are over earlier
    """

    starts_s: list[float]
    ends_s: list[float]
    makespan_s: float


def of_orders(
    rules: Rules,
    start: Placement,
    work: Sequence[Work],
    capacity: Mapping[schedule.Key, int],
) -> Bound:
    """Return what no order of these migrations can be faster than.

    :param work: valid one at a time, in this order
    :param capacity: units of each key; a key that is not there has no limit
    """
    rooms = _Rooms(rules, start, {w.move.instance for w in work})
    heads = _Relaxed(
        rooms, [_Leg(w.move, w.seconds, w.before_s) for w in work]
    ).starts_s()
    back = [
        _Leg(
            Move(w.move.instance, w.move.destination, w.move.source),
            w.seconds,
            w.behind_s,
        )
        for w in reversed(work)
    ]
    tails = _Relaxed(rooms, back).starts_s()[::-1]
    ends_s = [h + w.seconds for h, w in zip(heads, work, strict=True)]
    alone = [end_s + tail for end_s, tail in zip(ends_s, tails, strict=True)]
    loads = _loads(work, heads, tails, capacity)
    return Bound(heads, ends_s, max([*alone, *loads], default=0.0))


@dataclasses.dataclass(frozen=True)
class _Leg:
    move: Move
    seconds: float
    ready_s: float


class _Rooms:
    """What a node has left for those that move, and what these take."""

    def __init__(
        self, rules: Rules, start: Placement, movers: set[int]
    ) -> None:
        self._rules = rules
        self._placement = start.copy()
        for instance in sorted(movers):
            self._placement.move(instance, -1)
        self._taken: dict[int, dict[Limited, int]] = {}
        self._room: dict[tuple[int, Limited], int] = {}
        self._number = {id(g): n for n, g in enumerate(rules.groups.groups)}

    def taken_by(self, instance: int) -> dict[Limited, int]:
        """What an instance takes of everything that is limited."""
        if instance not in self._taken:
            demand = self._rules.cluster.demand[instance].tolist()
            taken = {('rc', rc): n for rc, n in enumerate(demand) if n}
            for group in self._rules.groups.of(instance):
                if group.apart:
                    taken['group', self._number[id(group)]] = 1
            self._taken[instance] = taken
        return self._taken[instance]

    def room(self, node: int, key: Limited) -> int:
        """What is left on a node when all that move are gone."""
        if (node, key) not in self._room:
            self._fill(key)
        return self._room[node, key]

    def _fill(self, key: Limited) -> None:
        kind, number = key
        if kind == 'rc':
            cluster = self._rules.cluster
            room = cluster.capacity[:, number]
            room = room - self._placement.used[:, number]
        else:
            group = self._rules.groups.groups[number]
            room = group.record.max_server_per_host - (
                self._rules.groups.counts(self._placement, group)
            )
        for node, left in enumerate(room.tolist()):
            self._room[node, key] = left


class _Relaxed:
    """Everything as early as can be where arrivals take no room."""

    def __init__(self, rooms: _Rooms, legs: Sequence[_Leg]) -> None:
        self._rooms = rooms
        self._legs = legs
        self._next: dict[int, int] = {}
        self._first: dict[int, int] = {}
        self._present: dict[int, dict[Limited, int]] = {}
        self._waiting: dict[int, list[int]] = {}
        self._running: list[tuple[float, int]] = []
        self._starts_s = [0.0] * len(legs)
        last: dict[int, int] = {}
        for k, leg in enumerate(legs):
            instance = leg.move.instance
            if instance in last:
                self._next[last[instance]] = k
            else:
                self._first[instance] = k
                self._change(leg.move.source, instance, 1)
            last[instance] = k

    def starts_s(self) -> list[float]:
        """When each starts at the earliest."""
        for k in self._first.values():
            self._try(k, 0.0)
        while self._running:
            now_s, k = heapq.heappop(self._running)
            move = self._legs[k].move
            if self._first[move.instance] == k:
                self._change(move.source, move.instance, -1)
                for other in self._waiting.pop(move.source, []):
                    self._try(other, now_s)
            if k in self._next:
                self._try(self._next[k], now_s)
        return self._starts_s

    def _try(self, k: int, now_s: float) -> None:
        leg = self._legs[k]
        if not self._fits(leg.move):
            self._waiting.setdefault(leg.move.destination, []).append(k)
            return
        self._starts_s[k] = max(now_s, leg.ready_s)
        end_s = self._starts_s[k] + leg.seconds
        heapq.heappush(self._running, (end_s, k))

    def _fits(self, move: Move) -> bool:
        """Whether there is room beside those that have not left yet.

        Where none of these takes any, a node that is overcommitted by
        others is no obstacle: only arrivals are ever checked.
        """
        node = move.destination
        present = self._present.get(node)
        if not present:
            return True
        return all(
            not present.get(key)
            or present[key] + amount <= self._rooms.room(node, key)
            for key, amount in self._rooms.taken_by(move.instance).items()
        )

    def _change(self, node: int, instance: int, sign: int) -> None:
        present = self._present.setdefault(node, {})
        for key, amount in self._rooms.taken_by(instance).items():
            present[key] = present.get(key, 0) + sign * amount


def _loads(
    work: Sequence[Work],
    heads: Sequence[float],
    tails: Sequence[float],
    capacity: Mapping[schedule.Key, int],
) -> list[float]:
    """How long each limited thing keeps everything busy at least."""
    users: dict[schedule.Key, list[tuple[float, float, float]]] = {}
    for w, head, tail in zip(work, heads, tails, strict=True):
        for key, units in w.needs:
            if key in capacity:
                busy_s = units * w.seconds / capacity[key]
                users.setdefault(key, []).append((head, busy_s, tail))
    return [
        max(
            _busy_s(jobs),
            _busy_s([(tail, busy_s, head) for head, busy_s, tail in jobs]),
        )
        for jobs in users.values()
    ]


def _busy_s(jobs: Sequence[tuple[float, float, float]]) -> float:
    """The most that any subset with the latest heads says.

    :param jobs: head, seconds and tail
    """
    most_s, total_s, least_tail_s = 0.0, 0.0, math.inf
    for head, busy_s, tail in sorted(jobs, reverse=True):
        total_s += busy_s
        least_tail_s = min(least_tail_s, tail)
        most_s = max(most_s, head + total_s + least_tail_s)
    return most_s
