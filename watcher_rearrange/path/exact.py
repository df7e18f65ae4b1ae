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

"""Cheapest paths in small clusters: A* over whole placements.

The estimate is what one move of each misplaced instance costs, which is
consistent, so the first path found is a cheapest one, and an exhausted
search proves that there is none (Hart, Nilsson and Raphael 1968). An
instance is never moved twice in a row: one move would do.
"""

from __future__ import annotations

import dataclasses
import heapq
import time

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.board import MAX_NODES
from watcher_rearrange.path.board import Board
from watcher_rearrange.path.board import State
from watcher_rearrange.path.cost import PathCost
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path


# Placements looked at, at most, and instances times nodes beyond which it
# is not tried.
MAX_STATES = 300_000
MAX_STEPS = 1_000

# How often the clock is looked at.
LOOK = 256


def cheaper(
    rules: Rules, start: Placement, target: Ints, known: Known, deadline: float
) -> Path:
    """Return a cheapest path, or the known one if that is not found.

    :param deadline: on the clock of ``time.monotonic``
    """
    movable = rules.movability.movable & (start.node_of >= 0)
    steps = int(movable.sum()) * rules.cluster.n_nodes
    if steps > MAX_STEPS or rules.cluster.n_nodes > MAX_NODES:
        return known.path
    board = Board(rules, start, target, known.cost.weight)
    return _Search(board, known).run(deadline)


@dataclasses.dataclass(frozen=True)
class Known:
    """The path of another method, complete or not, and what counts."""

    path: Path
    cost: PathCost


class _Search:
    def __init__(self, board: Board, known: Known) -> None:
        self._board = board
        self._known = known.path
        # Only what is cheaper than the known path is of interest.
        complete = known.path.complete
        self._limit = known.cost.of(known.path.moves) if complete else None
        first = board.same(board.start)
        self._cost = {first: 0}
        # How each state was reached: the state before, and who moved.
        self._came: dict[State, tuple[State, int]] = {}
        self._queue: list[tuple[int, int, State]] = []
        self._push(board.due(board.start), 0, board.start)

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
        # Nothing cheaper than the known path, or no path at all.
        return Path(self._known.moves, self._known.blocked, proved=True)

    def _expand(self, state: State, cost: int, due: int) -> None:
        board = self._board
        came = self._came.get(board.same(state))
        before = came[1] if came is not None else -1
        for k, node in board.steps(state, but=before):
            after = state[:k] + bytes((node,)) + state[k + 1 :]
            weight = board.weight[k]
            spent = cost + weight
            left = due
            left += weight * (state[k] == board.goal[k])
            left -= weight * (node == board.goal[k])
            same = board.same(after)
            if spent < self._cost.get(same, spent + 1):
                self._cost[same] = spent
                self._came[same] = (state, k)
                self._push(spent + left, spent, after)

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
