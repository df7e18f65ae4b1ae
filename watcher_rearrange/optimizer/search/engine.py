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
"""The search: annealing first, then integer programmes on neighbourhoods.

It goes in rounds. While it is hot, all workers anneal; after each round
they go on from the better of their placements. Near the end one of them
solves programmes while the others go on at a low temperature.
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Callable

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.workers import Alone
from watcher_rearrange.optimizer.search.workers import Crew
from watcher_rearrange.optimizer.search.workers import Found
from watcher_rearrange.optimizer.search.workers import Processes
from watcher_rearrange.optimizer.search.workers import Round
from watcher_rearrange.optimizer.search.workers import Searcher


# Rounds of annealing, and of programmes afterwards.
HOT_ROUNDS = 18
COLD_ROUNDS = 2

# The first temperature, as a share of a typical change of the value, and
# the last one as a share of that.
HOT = 0.1
COLD = 4e-3

# A programme takes as long as about so many steps of annealing.
STEPS_PER_PROGRAMME = 100

# How often the first temperature is halved while it is too hot.
# A probe takes this share of a round.
PROBES = 8
PROBE_SHARE = 0.1


@dataclasses.dataclass(frozen=True)
class Limits:
    """When to stop.

    :ivar time_s: seconds, at most
    :ivar steps: of each worker; with these, the result depends on the seed
        alone, unless the time is over before
    :ivar workers: processes at once
    """

    time_s: float = 60.0
    steps: int | None = None
    workers: int = 1
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a search is."""

    elapsed_s: float
    value: float
    bound: float | None


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What was found.

    :ivar node_of: int64[n_instances]
    :ivar history: progress after each round
    """

    node_of: Ints
    value: float
    bound: float | None
    history: tuple[Progress, ...]


Report = Callable[[Progress], None]


def improve(
    model: Model, movable: Ints, limits: Limits, report: Report | None = None
) -> Outcome:
    """Return the best placement found; never worse than the model's.

    :param movable: int64[n], who may be moved
    """
    search = _Search(model, limits, report)
    start = model.node_of.copy()
    if len(movable) and not search.at_bound:
        searchers = [
            Searcher(model, movable, start, limits.seed + k)
            for k in range(limits.workers)
        ]
        crew: Crew = (
            Processes(searchers) if limits.workers > 1 else Alone(searchers)
        )
        try:
            search.run(crew, hot(model, movable, limits.seed))
        finally:
            crew.close()
    model.reset(search.best)
    return Outcome(
        search.best, search.value, search.bound, tuple(search.history)
    )


def hot(model: Model, movable: Ints, seed: int) -> float:
    """Return the temperature to begin with: a typical change."""
    rng = np.random.default_rng(seed)
    sample = rng.permutation(movable)[:200]
    deltas = np.zeros((len(sample), model.n_nodes))
    for weight, term in model.terms:
        deltas += weight * term.shift_deltas(sample)
    return HOT * float(np.sqrt((deltas * deltas).mean()))


def _programmes(task: Round) -> Round:
    steps = task.steps
    if steps is not None:
        steps = max(1, steps // STEPS_PER_PROGRAMME)
    return dataclasses.replace(task, cold=-1.0, steps=steps)


class _Search:
    def __init__(
        self, model: Model, limits: Limits, report: Report | None
    ) -> None:
        self.best = model.node_of.copy()
        self.value = model.value()
        self.bound = model.lower_bound()
        self.history: list[Progress] = []
        self._is_linear = all(term.is_linear for _, term in model.terms)
        self._limits = limits
        self._report = report
        self._begin = time.monotonic()

    @property
    def at_bound(self) -> bool:
        """Whether nothing better can be found."""
        if self.bound is None:
            return False
        return self.value <= self.bound + 1e-9 * max(1.0, abs(self.bound))

    def run(self, crew: Crew, hot: float) -> None:
        """Go through the rounds."""
        node_of, hot = self._probe(crew, hot)
        edges = hot * COLD ** np.linspace(0.0, 1.0, HOT_ROUNDS + 1)
        for k in range(HOT_ROUNDS):
            task = self._round(node_of, edges[k], edges[k + 1], k)
            node_of = self._take(crew.run([task] * self._limits.workers))
            if self.at_bound:
                return
        for k in range(HOT_ROUNDS, HOT_ROUNDS + COLD_ROUNDS):
            mild = self._round(self.best, edges[-5], edges[-1], k)
            exact = _programmes(mild) if self._is_linear else mild
            others = [mild] * (self._limits.workers - 1)
            self._take(crew.run([exact, *others]))
            if self.at_bound:
                return

    def _probe(self, crew: Crew, hot: float) -> tuple[Ints, float]:
        """Cool down until the placement is no worse than at first.

        What is hotter would only undo what is good about the start.
        """
        start, value = self.best, self.value
        for _ in range(PROBES):
            task = self._round(start, hot, hot, 0)
            steps = task.steps
            if steps is not None:
                steps = max(1, int(steps * PROBE_SHARE))
            task = dataclasses.replace(
                task, time_s=task.time_s * PROBE_SHARE, steps=steps
            )
            found = crew.run([task] * self._limits.workers)
            node_of = self._take(found)
            if min(one.value for one in found) < value:
                return node_of, hot
            hot /= 2.0
        return self.best, hot

    def _round(self, node_of: Ints, hot: float, cold: float, k: int) -> Round:
        left = HOT_ROUNDS + COLD_ROUNDS - k
        time_s = self._begin + self._limits.time_s - time.monotonic()
        steps = self._limits.steps
        if steps is not None:
            steps = max(1, steps // (HOT_ROUNDS + COLD_ROUNDS))
            # All that is left: steps are not cut short for a schedule.
            left = 1
        return Round(node_of, hot, cold, max(time_s, 0.001) / left, steps)

    def _take(self, found: list[Found]) -> Ints:
        """Keep the best; return what to go on from."""
        for one in found:
            if one.best_value < self.value:
                self.value, self.best = one.best_value, one.best
        elapsed_s = time.monotonic() - self._begin
        self.history.append(Progress(elapsed_s, self.value, self.bound))
        if self._report is not None:
            self._report(self.history[-1])
        return min(found, key=lambda one: one.value).node_of
