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
"""Who carries out the rounds of a search: here, or in processes beside."""

from __future__ import annotations

import dataclasses
import math
import multiprocessing
import time

from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Protocol

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.optimizer import processes
from watcher_rearrange.optimizer.search.anneal import Annealer
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.neighbourhoods import LONGEST_S
from watcher_rearrange.optimizer.search.neighbourhoods import Neighbourhoods


@dataclasses.dataclass(frozen=True, eq=False)
class Round:
    """What one worker does in one round.

    :ivar node_of: int64[n_instances], to start from
    :ivar hot: the temperature at first
    :ivar cold: the temperature in the end; below 0 for integer programmes
    :ivar time_s: how long; at most, if there is a count of steps
    :ivar steps: how many steps
    :ivar trades: how often a move is a trade
    """

    node_of: Ints
    hot: float
    cold: float
    time_s: float
    steps: int | None = None
    trades: float = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """What a round led to.

    :ivar node_of: where it ended, with its value
    :ivar best: the best valid placement on the way, with its value
    """

    node_of: Ints
    value: float
    best: Ints
    best_value: float


class Searcher:
    """The two engines on one model.

    :param start: int64[n_instances], where everybody was at first
    """

    def __init__(
        self, model: Model, movable: Ints, start: Ints, seed: int
    ) -> None:
        self._model = model
        self._annealer = Annealer(model, movable, seed)
        self._programmes = Neighbourhoods(model, movable, start, seed)

    def run(self, task: Round) -> Found:
        """Carry out one round."""
        annealer = self._annealer
        annealer.restart(task.node_of)
        annealer.trades = task.trades
        clock = _Clock(task)
        while (done := clock.done) < 1.0:
            if task.cold < 0:
                self._programmes.step(clock.deadline, clock.longest_s)
                annealer.resume()
            else:
                ratio = task.cold / task.hot if task.hot > 0 else 0.0
                annealer.temperature = task.hot * ratio**done
                annealer.step()
            clock.steps += 1
        return Found(
            self._model.node_of.copy(),
            annealer.value,
            annealer.best,
            annealer.best_value,
        )


class _Clock:
    """How much of a round is over.

    :ivar longest_s: of one programme, where the clock is what counts
    """

    def __init__(self, task: Round) -> None:
        self._task = task
        self._begin = time.monotonic()
        self.deadline = self._begin + task.time_s
        self.longest_s = LONGEST_S if task.steps is None else math.inf
        self.steps = 0

    @property
    def done(self) -> float:
        """From 0 to 1."""
        share = (time.monotonic() - self._begin) / self._task.time_s
        if self._task.steps is None or share >= 1.0:
            return share
        return self.steps / self._task.steps


class Crew(Protocol):
    """Some workers, each of which takes a round."""

    def run(self, tasks: Sequence[Round]) -> list[Found]:
        """Carry out one round for each worker."""

    def close(self) -> None:
        """Let the workers go."""


class Alone:
    """Workers that take turns in this process."""

    def __init__(self, searchers: Sequence[Searcher]) -> None:
        self._searchers = searchers

    def run(self, tasks: Sequence[Round]) -> list[Found]:
        """Carry out one round for each worker."""
        return [
            searcher.run(task)
            for searcher, task in zip(self._searchers, tasks, strict=True)
        ]

    def close(self) -> None:
        """Nothing to let go."""


class Processes:
    """Workers in processes of their own, forked from this one."""

    def __init__(self, searchers: Sequence[Searcher]) -> None:
        context = multiprocessing.get_context('fork')
        self._ends = []
        self._processes = []
        processes.before_fork()
        for searcher in searchers:
            here, there = context.Pipe()
            process = context.Process(
                target=_serve, args=(searcher, there), daemon=True
            )
            process.start()
            there.close()
            self._ends.append(here)
            self._processes.append(process)

    def run(self, tasks: Sequence[Round]) -> list[Found]:
        """Carry out one round for each worker."""
        for end, task in zip(self._ends, tasks, strict=True):
            end.send(task)
        return [end.recv() for end in self._ends]

    def close(self) -> None:
        """Let the workers go."""
        for end in self._ends:
            end.send(None)
        for process in self._processes:
            process.join()


def _serve(searcher: Searcher, end: Connection) -> None:
    while (task := end.recv()) is not None:
        end.send(searcher.run(task))
