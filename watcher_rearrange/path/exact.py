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

"""Shortest paths in small clusters: A* over whole placements.

The estimate is the number of misplaced instances, which is consistent, so
the first path found is a shortest one, and an exhausted search proves that
there is none (Hart, Nilsson and Raphael 1968).
"""

from __future__ import annotations

import heapq
import time

from collections.abc import Iterator

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path


# Placements expanded at most, and the cluster beyond which it is not tried.
MAX_EXPANSIONS = 4000
MAX_MOVABLE = 40
MAX_NODES = 12

State = tuple[int, ...]


def shorter(
    rules: Rules, start: Placement, target: Ints, known: Path, deadline: float
) -> Path:
    """Return a shortest path, or the known one if that is not found.

    :param known: the path of another method, complete or not
    """
    movable = np.flatnonzero(rules.movability.movable & (start.node_of >= 0))
    if len(movable) > MAX_MOVABLE or rules.cluster.n_nodes > MAX_NODES:
        return known
    search = _Search(rules, start, target, movable)
    return search.run(known, deadline)


class _Search:
    def __init__(
        self, rules: Rules, start: Placement, target: Ints, movable: Ints
    ) -> None:
        self._rules = rules
        self._start = start
        self._movable = movable
        self._goal: State = tuple(target[movable].tolist())

    def run(self, known: Path, deadline: float) -> Path:
        first: State = tuple(self._start.node_of[self._movable].tolist())
        limit = len(known.moves) if known.complete else None
        came: dict[State, tuple[State, int] | None] = {first: None}
        cost = {first: 0}
        queue = [(self._misplaced(first), 0, first)]
        closed: set[State] = set()
        while queue:
            estimate, _, state = heapq.heappop(queue)
            if limit is not None and estimate >= limit:
                return Path(known.moves, proved=True)
            if state == self._goal:
                return Path(tuple(self._moves(came, state)), proved=True)
            if state in closed:
                continue
            closed.add(state)
            if len(closed) > MAX_EXPANSIONS or time.monotonic() > deadline:
                return known
            for k, after in self._neighbours(state):
                step = cost[state] + 1
                if step < cost.get(after, step + 1):
                    cost[after] = step
                    came[after] = (state, k)
                    total = step + self._misplaced(after)
                    heapq.heappush(queue, (total, -step, after))
        return Path(known.moves, known.blocked, proved=True)

    def _misplaced(self, state: State) -> int:
        return sum(a != b for a, b in zip(state, self._goal, strict=True))

    def _neighbours(self, state: State) -> Iterator[tuple[int, State]]:
        node_of = self._start.node_of.copy()
        node_of[self._movable] = state
        rules = self._rules
        placement = Placement(rules.cluster, node_of)
        for k, idx in enumerate(self._movable.tolist()):
            nodes = rules.permitted(placement, idx, rules.cluster.capacity)
            for node in np.flatnonzero(nodes).tolist():
                yield k, (*state[:k], node, *state[k + 1 :])

    def _moves(
        self, came: dict[State, tuple[State, int] | None], state: State
    ) -> list[Move]:
        moves: list[Move] = []
        step = came[state]
        while step is not None:
            before, k = step
            move = Move(
                int(self._movable[k]),
                before[k],
                state[k],
                state[k] != self._goal[k],
            )
            moves.append(move)
            state, step = before, came[before]
        return moves[::-1]
