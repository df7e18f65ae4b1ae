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
there is none (Hart, Nilsson and Raphael 1968). An instance is never moved
twice in a row: one move would do.
"""

from __future__ import annotations

import heapq
import time

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.board import MAX_NODES
from watcher_rearrange.path.board import Board
from watcher_rearrange.path.board import State
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path


# Placements looked at, at most, and instances times nodes beyond which it
# is not tried.
MAX_STATES = 300_000
MAX_STEPS = 1_000

# How often the clock is looked at.
LOOK = 256


def shorter(
    rules: Rules, start: Placement, target: Ints, known: Path, deadline: float
) -> Path:
    """Return a shortest path, or the known one if that is not found.

    :param known: the path of another method, complete or not
    :param deadline: on the clock of ``time.monotonic``
    """
    movable = rules.movability.movable & (start.node_of >= 0)
    steps = int(movable.sum()) * rules.cluster.n_nodes
    if steps > MAX_STEPS or rules.cluster.n_nodes > MAX_NODES:
        return known
    return _Search(Board(rules, start, target), known).run(deadline)


class _Search:
    def __init__(self, board: Board, known: Path) -> None:
        self._board = board
        self._known = known
        # Only what is shorter than the known path is of interest.
        self._limit = len(known.moves) if known.complete else None
        first = board.same(board.start)
        self._cost = {first: 0}
        # How each state was reached: the state before, and who moved.
        self._came: dict[State, tuple[State, int]] = {}
        self._queue: list[tuple[int, int, State]] = []
        self._push(board.misplaced(board.start), 0, board.start)

    def run(self, deadline: float) -> Path:
        """Search until it is found, proved or over."""
        closed: set[State] = set()
        while self._queue:
            estimate, minus_cost, state = heapq.heappop(self._queue)
            if state == self._board.goal:
                return Path(tuple(self._moves(state)), proved=True)
            same = self._board.same(state)
            if same in closed:
                continue
            closed.add(same)
            if len(closed) > MAX_STATES or (
                len(closed) % LOOK == 1 and time.monotonic() > deadline
            ):
                return self._known
            self._expand(state, -minus_cost, estimate + minus_cost)
        # Nothing shorter than the known path, or no path at all.
        return Path(self._known.moves, self._known.blocked, proved=True)

    def _expand(self, state: State, cost: int, misplaced: int) -> None:
        board = self._board
        came = self._came.get(board.same(state))
        before = came[1] if came is not None else -1
        for k, node in board.steps(state, but=before):
            after = state[:k] + bytes((node,)) + state[k + 1 :]
            left = misplaced
            left += state[k] == board.goal[k]
            left -= node == board.goal[k]
            same = board.same(after)
            if cost + 1 < self._cost.get(same, cost + 2):
                self._cost[same] = cost + 1
                self._came[same] = (state, k)
                self._push(cost + 1 + left, cost + 1, after)

    def _push(self, estimate: int, cost: int, state: State) -> None:
        if self._limit is None or estimate < self._limit:
            heapq.heappush(self._queue, (estimate, -cost, state))

    def _moves(self, state: State) -> list[Move]:
        """The moves that led to a state, renamed where equals were taken."""
        board = self._board
        moves: list[Move] = []
        came = self._came.get(board.same(state))
        while came is not None:
            before, k = came
            moves.append(
                Move(
                    board.movable[k],
                    before[k],
                    state[k],
                    state[k] != board.goal[k],
                )
            )
            state = before
            came = self._came.get(board.same(state))
        return moves[::-1]
