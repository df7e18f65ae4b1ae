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
"""Local search over the whole: annealing by heat bath, many moves at once.

A batch of candidate moves is evaluated in one go against the same
placement. The first that is accepted is made and the rest of the batch is
dropped unseen, so the outcome is that of trying them one after the other;
the batch grows while little is accepted. A shift looks at all nodes at once
and draws the destination from the Boltzmann distribution, staying
included: no move is drawn only to be refused. Swaps and chains are accepted
by Metropolis' criterion.

Sources: Kirkpatrick, Gelatt and Vecchi, Optimization by simulated
annealing, Science 220 (1983); Geman and Geman, Stochastic relaxation, IEEE
PAMI 6 (1984), for the heat bath; Portal, Ritt, Borba and Buriol, Simulated
annealing for the machine reassignment problem, Annals of Operations
Research 242 (2016), who found it the best single local search there.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.search.model import Model


SMALLEST_BATCH = 1
NOISE = 1 << 20


@dataclasses.dataclass
class Batch:
    """How many moves of a kind to evaluate at once."""

    size: float
    largest: int

    def took(self, accepted: bool) -> None:
        """Adapt: to about one accepted move in a batch."""
        self.size *= 0.8 if accepted else 1.15
        self.size = min(max(self.size, SMALLEST_BATCH), self.largest)


class Annealer:
    """Moves of a model at a temperature that the caller sets.

    :param movable: int64[n], who may be moved
    :ivar temperature: in units of the value
    :ivar value: of the placement
    """

    def __init__(self, model: Model, movable: Ints, seed: int) -> None:
        self.model = model
        self.movable = movable
        self.rng = np.random.default_rng(seed)
        self.temperature = 0.0
        self.value = model.value()
        self.best_value = self.value
        self.best = model.node_of.copy()
        size = max(1, int(20000 / (model.n_nodes * 4)))
        self._shifts = Batch(size, max(4, min(64, size)))
        self._swaps = Batch(64, 256)
        self._noise = self.rng.gumbel(size=NOISE)
        self._order = np.zeros(0, dtype=np.int64)

    def step(self) -> None:
        """Try a batch of moves of one kind."""
        kind = self.rng.random()
        if kind < 0.45:
            self._shift()
        elif kind < 0.95:
            self._swap()
        else:
            self._chain()

    def restart(self, node_of: Ints) -> None:
        """Go on from another placement."""
        self.model.reset(node_of)
        self.value = self.model.value()
        self._note()

    def _note(self) -> None:
        if self.value < self.best_value - 1e-9 and self.model.valid:
            self.best_value = self.value
            self.best = self.model.node_of.copy()

    def _next(self, count: int) -> Ints:
        """The next instances of a random order of all."""
        while len(self._order) < count:
            more = self.rng.permutation(self.movable)
            self._order = np.concatenate([self._order, more])
        taken, self._order = self._order[:count], self._order[count:]
        return taken

    def _drawn(self, deltas: Floats) -> Ints:
        """Draw a column of each row from the Boltzmann distribution."""
        if self.temperature <= 0:
            chosen: Ints = deltas.argmin(axis=1)
            return chosen
        first = int(self.rng.integers(NOISE - deltas.size))
        noise = self._noise[first : first + deltas.size]
        scaled = deltas - self.temperature * noise.reshape(deltas.shape)
        drawn: Ints = scaled.argmin(axis=1)
        return drawn

    def _accepts(self, deltas: Floats) -> Ints:
        """Which moves Metropolis' criterion accepts."""
        if self.temperature <= 0:
            return np.flatnonzero(deltas < 0)
        limit = self.temperature * self.rng.exponential(size=len(deltas))
        return np.flatnonzero(deltas <= limit)

    def _shift(self) -> None:
        instances = self._next(int(self._shifts.size))
        deltas = self.model.shift_deltas(instances)
        to = self._drawn(deltas)
        moving = np.flatnonzero(to != self.model.node_of[instances])
        self._shifts.took(len(moving) > 0)
        if len(moving):
            k = int(moving[0])
            self.model.move(int(instances[k]), int(to[k]))
            self.value += float(deltas[k, to[k]])
            self._note()

    def _swap(self) -> None:
        count = int(self._swaps.size)
        left = self.rng.choice(self.movable, 4 * count)
        right = self.rng.choice(self.movable, 4 * count)
        fine = np.flatnonzero(self.model.swappable(left, right))
        left, right = left[fine], right[fine]
        if not len(left):
            return
        deltas = self.model.swap_deltas(left, right)
        accepted = self._accepts(deltas)
        self._swaps.took(len(accepted) > 0)
        for k in accepted[:4].tolist():
            moves = ((int(left[k]), int(right[k])),)
            if self._trade(moves[0], float(deltas[k])):
                return

    def _trade(self, pair: tuple[int, int], delta: float) -> bool:
        one, other = pair
        here = int(self.model.node_of[one])
        there = int(self.model.node_of[other])
        self.model.move(one, there)
        self.model.move(other, here)
        if self.model.valid:
            self.value += delta
            self._note()
            return True
        self.model.move(other, there)
        self.model.move(one, here)
        return False

    def _chain(self) -> None:
        """Put one where it does not fit, and move another away from there."""
        one = int(self.rng.choice(self.movable))
        here = int(self.model.node_of[one])
        there = int(self.rng.integers(self.model.n_nodes))
        if here == there or not self._can_hold(one, there):
            return
        self.model.move(one, there)
        found = self.model.node_of[self.movable] == there
        others = self.movable[found]
        others = others[others != one]
        if len(others):
            deltas = self.model.shift_deltas(others)
            deltas[:, there] = np.inf
            drawn = self._drawn(deltas)
            best = deltas[np.arange(len(others)), drawn]
            order = np.argsort(best, kind='stable')[:3]
            before = self.value
            total = self.model.value() - before
            limit = self.temperature * self.rng.exponential()
            for k in order.tolist():
                if total + best[k] > limit:
                    break
                other, to = int(others[k]), int(drawn[k])
                self.model.move(other, to)
                if self.model.valid:
                    self.value = before + total + float(best[k])
                    self._note()
                    return
                self.model.move(other, there)
        self.model.move(one, here)

    def _can_hold(self, one: int, node: int) -> bool:
        who = np.array([one])
        return all(rule.possible(who)[0, node] for rule in self.model.rules)
