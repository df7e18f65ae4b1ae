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
placement. Of those accepted, all that touch different nodes are made, so
that each was judged by what it found; batches grow while little is accepted.
A shift looks at all nodes at once and draws the destination from the
Boltzmann distribution, staying included: no move is drawn only to be
refused. Swaps are accepted by Metropolis' criterion. So are exchanges, which
put an instance where it does not fit and evict others until it does.

Sources: Kirkpatrick, Gelatt and Vecchi, Optimization by simulated
annealing, Science 220 (1983); Geman and Geman, Stochastic relaxation, IEEE
PAMI 6 (1984), for the heat bath; Portal, Ritt, Borba and Buriol, Simulated
annealing for the machine reassignment problem, Annals of Operations
Research 242 (2016).
"""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.search.model import Model


SMALLEST_BATCH = 1
NOISE = 1 << 20

# At most so many are evicted for one.
EVICTED = 12

# Instances and where they go, at once.
Steps = tuple[tuple[int, int], ...]


@dataclasses.dataclass
class Batch:
    """How many moves of a kind to evaluate at once."""

    size: float
    largest: int
    wanted: float

    def took(self, done: int) -> None:
        """Adapt: to about so many accepted moves in a batch."""
        self.size *= 0.9 if done > self.wanted else 1.05
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
        wanted = max(1.0, model.n_nodes / 12)
        self._shifts = Batch(size, max(4, min(64, size)), wanted)
        self._swaps = Batch(64, 256, wanted)
        self.tried = self.done = 0
        large = model.sizes()[movable]
        large = large + large.mean() * 0.1 + 1e-9
        self._large = large / large.sum()
        self._noise = self.rng.gumbel(size=NOISE)
        self._order = np.zeros(0, dtype=np.int64)

    def step(self) -> None:
        """Try a batch of moves of one kind."""
        kind = self.rng.random()
        if kind < 0.3:
            self._shift()
        elif kind < 0.9:
            self._swap()
        else:
            self._exchange()

    def restart(self, node_of: Ints) -> None:
        """Go on from another placement."""
        self.model.reset(node_of)
        self.resume()

    def resume(self) -> None:
        """Take note of what others did to the model."""
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
        home = self.model.node_of[instances]
        moving = np.flatnonzero(to != home)
        done = self._commit(
            [((int(instances[k]), int(to[k])),) for k in moving.tolist()],
            home[moving],
            to[moving],
        )
        self._shifts.took(done)

    def _swap(self) -> None:
        count = int(self._swaps.size)
        left = self.rng.choice(self.movable, 4 * count)
        right = self.rng.choice(self.movable, 4 * count)
        fine = np.flatnonzero(self.model.swappable(left, right))
        left, right = left[fine], right[fine]
        done = 0
        if len(left):
            deltas = self.model.swap_deltas(left, right)
            accepted = self._accepts(deltas)
            left, right = left[accepted], right[accepted]
            here = self.model.node_of[left]
            there = self.model.node_of[right]
            pairs = zip(
                left.tolist(),
                right.tolist(),
                here.tolist(),
                there.tolist(),
                strict=True,
            )
            moves: list[Steps] = [((i, b), (j, a)) for i, j, a, b in pairs]
            done = self._commit(moves, here, there)
        self._swaps.took(done)

    def _commit(self, moves: Sequence[Steps], here: Ints, there: Ints) -> int:
        """Make those moves that touch no node that another one touched."""
        touched: set[int] = set()
        done = 0
        for steps, a, b in zip(
            moves, here.tolist(), there.tolist(), strict=True
        ):
            if a in touched or b in touched:
                continue
            touched.update((a, b))
            done += self._make(steps, bool(done) or len(steps) > 1)
        if done:
            self.value = self.model.value()
            self._note()
        return done

    def _make(self, steps: Steps, check: bool) -> bool:
        node_of = self.model.node_of
        back = [(i, int(node_of[i])) for i, _ in steps]
        for i, to in steps:
            self.model.move(i, to)
        if check and not self.model.valid:
            for i, to in reversed(back):
                self.model.move(i, to)
            return False
        return True

    def _exchange(self) -> None:
        """Put one where it does not fit, and evict others until it does."""
        model = self.model
        one = int(self.rng.choice(self.movable, p=self._large))
        nodes = model.possible(np.array([one]))[0]
        nodes[model.node_of[one]] = False
        nodes = np.flatnonzero(nodes)
        if not len(nodes):
            return
        self.tried += 1
        there = int(self.rng.choice(nodes))
        limit = self.value + self.temperature * self.rng.exponential()
        back = [(one, int(model.node_of[one]))]
        model.move(one, there)
        while len(back) <= EVICTED:
            fits = model.valid
            if fits and model.value() <= limit:
                self.value = model.value()
                self._note()
                self.done += 1
                return
            moved = self._evict(there, one, fits)
            if moved is None:
                break
            back.append(moved)
        for i, node in reversed(back):
            model.move(i, node)

    def _evict(
        self, node: int, but: int, fits: bool
    ) -> tuple[int, int] | None:
        others = self.movable[self.model.node_of[self.movable] == node]
        others = others[others != but]
        if not len(others):
            return None
        deltas = self.model.shift_deltas(others)
        deltas[:, node] = np.inf
        to = self._drawn(deltas)
        best = deltas[np.arange(len(others)), to]
        k = int(best.argmin())
        if not np.isfinite(best[k]) or (fits and best[k] >= 0):
            return None
        self.model.move(int(others[k]), int(to[k]))
        return int(others[k]), node
