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

"""Cheapest paths on a board: A* over whole placements.

The estimate is what one move of each misplaced instance costs, which is
consistent, so the first path found is a cheapest one, and an exhausted
search proves that there is none (Hart, Nilsson and Raphael 1968). An
instance is never moved twice in a row: one move would do.
"""

from __future__ import annotations

import heapq
import time

from watcher_rearrange.path.exact.board import Board
from watcher_rearrange.path.exact.board import State
from watcher_rearrange.path.moves import Move


# Placements looked at, at most, and bytes for all that are kept, roughly:
# so many for each, and one for each instance.
MAX_STATES = 300_000
MAX_BYTES = 250_000_000
BYTES_EACH = 400

# How often the clock is looked at, in moves.
LOOK = 10_000


class Exact:
    """A search that can be interrupted.

    :ivar limit: what a path has to be cheaper than; None for any path
    :ivar moves: the path that was found, if any
    :ivar exhausted: whether there is no cheaper path than the limit, or
        none at all
    :ivar work: moves looked at, roughly
    """

    def __init__(
        self, board: Board, greed: int = 1, limit: int | None = None
    ) -> None:
        """Begin at the start.

        :param greed: how much more what is left to do counts than what is
            done; beyond 1, the first path found is not a cheapest one
        """
        self._board = board
        self._greed = greed
        self.limit = limit
        self.moves: list[Move] | None = None
        self.exhausted = False
        self.work = 0
        self._is_full = False
        self._look_at = 0
        self._most_kept = MAX_BYTES // (BYTES_EACH + len(board.start))
        self._closed: set[int] = set()
        key = board.key(board.start)
        self._cost = {key: 0}
        # How each state was reached: the state before, and who moved.
        self._came: dict[int, tuple[State, int]] = {}
        self._queue: list[tuple[int, int, State, int]] = []
        self._push(board.due(board.start), 0, board.start, key)

    @property
    def is_over(self) -> bool:
        """Whether it found a path, or proved something, or is full."""
        return self.moves is not None or self.exhausted or self._is_full

    def run(self, work: int, deadline: float) -> None:
        """Search on until it is found, proved or over.

        :param work: moves to look at now
        :param deadline: on the clock of ``time.monotonic``
        """
        until = self.work + work
        while not self.is_over and self.work < until:
            if self.work >= self._look_at:
                self._look_at = self.work + LOOK
                if time.monotonic() >= deadline:
                    break
            self._step()
            if (
                len(self._closed) >= MAX_STATES
                or len(self._cost) >= self._most_kept
            ):
                self._give_up()

    def _give_up(self) -> None:
        """Make room in memory; nothing more can come of it."""
        self._is_full = True
        self._closed.clear()
        self._cost.clear()
        self._came.clear()
        self._queue.clear()

    def _step(self) -> None:
        """Look at the most promising placement."""
        while self._queue:
            rank, minus_cost, state, key = heapq.heappop(self._queue)
            cost = -minus_cost
            due = (rank - cost) // self._greed
            if state == self._board.goal:
                self.moves = self._moves(state)
                return
            if key not in self._closed and self._is_cheap(cost + due):
                self._closed.add(key)
                self._expand(state, key, cost, due)
                return
        self.exhausted = True

    def _is_cheap(self, estimate: int) -> bool:
        return self.limit is None or estimate < self.limit

    def _expand(self, state: State, key: int, cost: int, due: int) -> None:
        board = self._board
        came = self._came.get(key)
        before = came[1] if came is not None else -1
        slack = None
        if self.limit is not None:
            slack = self.limit - 1 - cost - due
        steps = board.steps(state, before, slack)
        self.work += board.n_steps + len(state) + len(steps)
        for k, node in steps:
            weight = board.weight[k]
            spent = cost + weight
            after_key = board.key_after(key, state, k, node)
            if spent >= self._cost.get(after_key, spent + 1):
                continue
            self._cost[after_key] = spent
            self._came[after_key] = (state, k)
            left = due
            left += weight * (state[k] == board.goal[k])
            left -= weight * (node == board.goal[k])
            after = state[:k] + bytes((node,)) + state[k + 1 :]
            self._push(left, spent, after, after_key)

    def _push(self, due: int, cost: int, state: State, key: int) -> None:
        if self._is_cheap(cost + due):
            rank = cost + self._greed * due
            heapq.heappush(self._queue, (rank, -cost, state, key))

    def _moves(self, state: State) -> list[Move]:
        """The moves that led to a state, renamed where equals were taken."""
        board = self._board
        moves: list[Move] = []
        came = self._came.get(board.key(state))
        while came is not None:
            before, k = came
            moves.append(board.move(k, before[k], state[k]))
            state = before
            came = self._came.get(board.key(state))
        return moves[::-1]
