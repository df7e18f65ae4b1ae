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
"""Descent: what gains most first, until nothing gains anything.

Few migrations bring the most of what there is to gain, and where that is
enough, nothing else is needed. What a shift gains mostly gets less with
those made before, so that it is worked out again only for the one that
seems the best (Minoux, Accelerated greedy algorithms, 1978).
"""

from __future__ import annotations

import heapq
import time

from collections.abc import Callable

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.optimizer.search.model import Model


# Instances times nodes that are evaluated in one go.
CHUNK = 40_000

# What is gained less than this is rounding, as a share of the value.
TINY = 1e-11


class Descent:
    """Shifts of a model, the best first.

    :param movable: int64[n], who may be moved
    :param deadline: on the clock of ``time.monotonic``
    """

    def __init__(self, model: Model, movable: Ints, deadline: float) -> None:
        self._model = model
        self._movable = movable
        self._deadline = deadline
        self._tiny = TINY * max(1.0, abs(model.value()))

    def run(self, is_enough: Callable[[], bool] = lambda: False) -> None:
        """Go down until there is no better shift, or it is enough."""
        while not is_enough() and not self._out_of_time():
            queue = self._queue()
            if not self._made(queue, is_enough):
                return

    def _queue(self) -> list[tuple[float, int]]:
        """Who could gain, with the change of the value."""
        queue: list[tuple[float, int]] = []
        size = max(1, CHUNK // self._model.n_nodes)
        for first in range(0, len(self._movable), size):
            # Of a large cluster this alone takes seconds.
            if self._out_of_time():
                break
            chunk = self._movable[first : first + size]
            best = self._model.shift_deltas(chunk).min(axis=1)
            gaining = np.flatnonzero(best < -self._tiny)
            queue += zip(
                best[gaining].tolist(), chunk[gaining].tolist(), strict=True
            )
        heapq.heapify(queue)
        return queue

    def _made(
        self, queue: list[tuple[float, int]], is_enough: Callable[[], bool]
    ) -> bool:
        """Make the shifts of a queue; whether there was any."""
        made = False
        while queue and not self._out_of_time():
            _, instance = heapq.heappop(queue)
            deltas = self._model.shift_deltas(np.array([instance]))[0]
            to = int(deltas.argmin())
            delta = float(deltas[to])
            if delta >= -self._tiny:
                continue
            if queue and delta > queue[0][0] + self._tiny:
                heapq.heappush(queue, (delta, instance))
            elif self._shift(instance, to):
                made = True
                if is_enough():
                    break
        return made

    def _shift(self, instance: int, to: int) -> bool:
        model = self._model
        home, value = int(model.node_of[instance]), model.value()
        model.move(instance, to)
        if model.valid and model.value() < value - self._tiny / 2:
            return True
        model.move(instance, home)
        return False

    def _out_of_time(self) -> bool:
        return time.monotonic() >= self._deadline
