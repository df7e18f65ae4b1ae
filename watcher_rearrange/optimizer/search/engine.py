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

It goes in rounds. All workers anneal; after each round they go on from the
better of their placements. A quick annealing shows at which temperatures
there is something to gain, and a slow one takes its time there. Near the end
one worker solves programmes while the others go on at a low temperature.
"""

from __future__ import annotations

import dataclasses
import itertools
import time

from collections.abc import Callable

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.workers import Alone
from watcher_rearrange.optimizer.search.workers import Crew
from watcher_rearrange.optimizer.search.workers import Found
from watcher_rearrange.optimizer.search.workers import Processes
from watcher_rearrange.optimizer.search.workers import Round
from watcher_rearrange.optimizer.search.workers import Searcher


# Rounds of a quick annealing, of the slow one, and of programmes; and which
# share of the time they have together.
PILOT_ROUNDS, PILOT_SHARE = 10, 0.15
HOT_ROUNDS, HOT_SHARE = 18, 0.75
COLD_ROUNDS, COLD_SHARE = 2, 0.1

# The first temperature, as a share of a typical change of the value, and
# the last one as a share of that.
HOT = 0.5
COLD = 3e-4

# How often a move is a trade. It depends on the cluster which is better: of
# two workers each has its own, and the better one shows in the end.
TRADES = (0.3, 0.6)

# How warm it is beside the programmes, and between: from hot to cold.
MILD = 0.75

# Of the time of the slow annealing, how much is spread evenly over the
# logarithms of the temperature; the rest goes where the quick one gained.
EVEN = 0.3

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


def _schedule(pilot: Floats, values: Floats) -> Floats:
    """Return float64[HOT_ROUNDS + 1]: temperatures of the slow annealing.

    It cools slowly where the quick one gained much.

    :param pilot: float64[n + 1], temperatures of the quick one
    :param values: float64[n], after each of its rounds
    """
    # What the first one gained says more of the start than of it.
    gained = np.append(0.0, np.maximum(-np.diff(values), 0.0))
    total = float(gained.sum())
    share = gained / total if total > 0 else 1.0 / len(values)
    time_spent = EVEN / len(values) + (1.0 - EVEN) * share
    at = np.append(0.0, np.cumsum(np.broadcast_to(time_spent, gained.shape)))
    wanted = np.linspace(0.0, at[-1], HOT_ROUNDS + 1)
    # Where no move changes anything, they are 0.
    logarithms = np.log(np.maximum(pilot, np.finfo(float).tiny))
    edges: Floats = np.exp(np.interp(wanted, at, logarithms))
    return edges


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
        # Of the rounds to come, the next one last.
        self._shares = [
            *[COLD_SHARE / COLD_ROUNDS] * COLD_ROUNDS,
            *[HOT_SHARE / HOT_ROUNDS] * HOT_ROUNDS,
            *[PILOT_SHARE / PILOT_ROUNDS] * PILOT_ROUNDS,
        ]

    @property
    def at_bound(self) -> bool:
        """Whether nothing better can be found."""
        if self.bound is None:
            return False
        return self.value <= self.bound + 1e-9 * max(1.0, abs(self.bound))

    def run(self, crew: Crew, hot: float) -> None:
        """Go through the rounds."""
        node_of, hot = self._probe(crew, hot)
        pilot = hot * COLD ** np.linspace(0.0, 1.0, PILOT_ROUNDS + 1)
        values = []
        for warm, cold in itertools.pairwise(pilot.tolist()):
            node_of, value = self._annealed(crew, node_of, (warm, cold))
            values.append(value)
        edges = _schedule(pilot, np.array(values))
        node_of = self.best
        for warm, cold in itertools.pairwise(edges.tolist()):
            node_of, _ = self._annealed(crew, node_of, (warm, cold))
        mild = hot * COLD**MILD
        for _ in range(COLD_ROUNDS):
            if self.at_bound:
                return
            task = self._round(self.best, mild, hot * COLD)
            exact = _programmes(task) if self._is_linear else task
            others = [task] * (self._limits.workers - 1)
            self._take(crew.run([exact, *others]))

    def _annealed(
        self, crew: Crew, node_of: Ints, cooling: tuple[float, float]
    ) -> tuple[Ints, float]:
        """Return where a round ended, and what that is worth."""
        task = self._round(node_of, *cooling)
        if self.at_bound:
            return node_of, self.value
        tasks = [
            dataclasses.replace(task, trades=TRADES[k % len(TRADES)])
            for k in range(
                len(self._shares), len(self._shares) + self._limits.workers
            )
        ]
        found = self._take(crew.run(tasks))
        return found.node_of, found.value

    def _probe(self, crew: Crew, hot: float) -> tuple[Ints, float]:
        """Cool down until the placement is no worse than at first.

        What is hotter would only undo what is good about the start.
        """
        start, value = self.best, self.value
        for _ in range(PROBES):
            self._shares.append(PROBE_SHARE * PILOT_SHARE / PILOT_ROUNDS)
            task = self._round(start, hot, hot)
            found = self._take(crew.run([task] * self._limits.workers))
            if found.value < value:
                return found.node_of, hot
            hot /= 2.0
        return self.best, hot

    def _round(self, node_of: Ints, hot: float, cold: float) -> Round:
        left = sum(self._shares)
        share = self._shares.pop()
        time_s = self._begin + self._limits.time_s - time.monotonic()
        steps = self._limits.steps
        if steps is not None:
            # All that is left: steps are not cut short for a schedule.
            steps, left = max(1, int(steps * share)), share
        time_s = max(time_s, 0.001) * share / left
        return Round(node_of, hot, cold, time_s, steps)

    def _take(self, found: list[Found]) -> Found:
        """Keep the best; return what to go on from."""
        for one in found:
            if one.best_value < self.value:
                self.value, self.best = one.best_value, one.best
        elapsed_s = time.monotonic() - self._begin
        self.history.append(Progress(elapsed_s, self.value, self.bound))
        if self._report is not None:
            self._report(self.history[-1])
        return min(found, key=lambda one: one.value)
