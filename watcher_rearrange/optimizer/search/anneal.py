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
"""Simulated annealing whose moves are drawn from many at once.

Three kinds of moves, each of which looks at thousands of candidates in a few
array operations:

- a *trade* takes instances off different nodes and lets each node receive
  one: who goes where is a linear assignment problem over all nodes, so that
  shifts, chains and cyclic exchanges of any length are one move. Noise on
  its costs makes it a draw at the temperature;
- a *swap* draws a partner for one instance from all others;
- an *exchange* puts a large instance where it does not fit, and whoever is
  in the way goes elsewhere, assigned in the same way.

A draw is one from the Boltzmann distribution, staying included: no move is
drawn only to be refused. Exchanges are accepted by Metropolis' criterion.

Sources: Kirkpatrick, Gelatt and Vecchi, Optimization by simulated
annealing, Science 220 (1983); Geman and Geman, Stochastic relaxation, IEEE
PAMI 6 (1984), for the heat bath; Thompson and Psaraftis, Cyclic transfer
algorithms for multivehicle routing and scheduling problems, Operations
Research 41 (1993), for trades; Papandreou and Yuille, Perturb-and-MAP random
fields, ICCV 2011, for their noise; Gavranovic and Buljubasic, An efficient
local search with noising strategy for Google machine reassignment problem,
Annals of Operations Research 242 (2016), for exchanges.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.search.model import Model


NOISE = 1 << 20

# How often a move is a swap.
SWAPS = 0.1

# Most instances of a trade, and how many of them there are rather.
TRADERS = 200
FEWEST_TRADERS = 0.3

# How often a trade has few: some rules let many move at once only rarely.
SMALL_TRADES = 0.1

# Partners of a swap that are looked at.
PARTNERS = 2000

# At most so many go elsewhere for one; and how often no more go than have
# to.
EVICTED = 12
NO_MORE = 0.7

# How much rather those go that make much room: powers of it.
POWERS = (0.5, 1.0, 2.0)

# How many are pushed, one because of the other; and how much less likely it
# is that somebody goes who has nowhere to go.
PUSHED = 4
STUCK = 0.2

# How often one is pushed because its node is expensive.
COSTLY = 0.5


class Annealer:
    """Moves of a model at a temperature that the caller sets.

    :param movable: int64[n], who may be moved
    :ivar temperature: in units of the value
    :ivar trades: how often a move is a trade
    :ivar value: of the placement
    """

    def __init__(self, model: Model, movable: Ints, seed: int) -> None:
        # Its import takes long, and only this search needs it.
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

        self.model = model
        self.movable = movable
        self.rng = np.random.default_rng(seed)
        self.temperature = 0.0
        self.trades = 0.5
        self.value = model.value()
        self.best_value = self.value
        self.best = model.node_of.copy()
        self._assign = linear_sum_assignment
        self._noise = self.rng.gumbel(size=NOISE)
        self._shuffled = self.rng.permutation(movable)
        self._order = np.zeros(0, dtype=np.int64)
        self._most = max(1, min(TRADERS, NOISE // 4 // model.n_nodes))
        large = model.sizes()[movable]
        self._large = large + large.mean() * 0.1 + 1e-9

    def step(self) -> None:
        """Try a move of one kind."""
        kind = self.rng.random()
        if kind < self.trades:
            self._trade()
        elif kind < self.trades + SWAPS:
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

    def _pushed(self) -> int:
        """A large instance, or one of a node that costs much."""
        weight = self._large
        if self.rng.random() < COSTLY:
            values = np.maximum(self.model.node_values(), 0.0)
            costly = weight * values[self.model.node_of[self.movable]]
            weight = costly if costly.any() else weight
        upto = np.cumsum(weight)
        k = int(np.searchsorted(upto, self.rng.random() * upto[-1], 'right'))
        return int(self.movable[min(k, len(upto) - 1)])

    def _noisy(self, deltas: Floats) -> Floats:
        """Changes whose smallest follows the Boltzmann distribution."""
        first = int(self.rng.integers(NOISE - deltas.size))
        noise = self._noise[first : first + deltas.size]
        noisy: Floats = deltas - self.temperature * noise.reshape(deltas.shape)
        return noisy

    def _limit(self, more: float = 0.0) -> float:
        """Up to which value Metropolis' criterion accepts a move.

        :param more: by how much it may be worse in any case
        """
        noise = self.temperature * self.rng.exponential()
        return self.value + more + max(float(noise), 1e-9)

    def _traders(self) -> Ints:
        """Some instances, no two on the same node."""
        count = min(len(self.movable), 4 * self.model.n_nodes, 4 * self._most)
        chosen = self._next(count)
        _, first = np.unique(self.model.node_of[chosen], return_index=True)
        share = FEWEST_TRADERS + (1.0 - FEWEST_TRADERS) * self.rng.random()
        if self.rng.random() < SMALL_TRADES:
            share = len(first) ** -self.rng.random()
        count = min(self._most, max(1, round(share * len(first))))
        return chosen[self.rng.permutation(first)[:count]]

    def _trade(self) -> None:
        """Let some, each of another node, go where is best for all."""
        instances = self._traders()
        deltas = self.model.trade_deltas(instances)
        _, to = self._assign(self._noisy(deltas))
        home, rows = self.model.node_of[instances], np.arange(len(instances))
        moving = np.flatnonzero(to != home)
        if len(moving):
            # Terms that could only guess may turn out worse.
            more = (deltas[rows, to] - deltas[rows, home]).sum()
            limit = self._limit(max(0.0, float(more)))
            self._move(instances[moving], to[moving], limit)

    def _swap(self) -> None:
        """Let one trade places with any of the others, or stay."""
        one = int(self._next(1)[0])
        others = self._shuffled
        if len(others) > PARTNERS:
            first = int(self.rng.integers(len(others) - PARTNERS))
            others = others[first : first + PARTNERS]
        others = self.model.swappable(one, others)
        deltas = np.append(self.model.swap_deltas(one, others), 0.0)
        k = int(self._noisy(deltas).argmin())
        if k < len(others):
            pair = np.array([one, others[k]])
            limit = self._limit(max(0.0, float(deltas[k])))
            self._move(pair, self.model.node_of[pair[::-1]], limit)

    def _exchange(self) -> None:
        """Push one where it does not fit; who is in the way goes elsewhere.

        Whoever finds no room elsewhere is pushed in its turn.
        """
        model = self.model
        limit = self._limit()
        pushed: list[int] = [self._pushed()]
        waiting = pushed.copy()
        undo: list[tuple[Ints, Ints]] = []
        moved = 0
        while waiting and len(pushed) <= PUSHED and moved <= EVICTED:
            one = waiting.pop()
            found = self._push(one, pushed)
            if found is None:
                break
            instances, to, stuck = found
            undo.append((instances, model.node_of[instances]))
            model.trade(instances, to)
            moved += len(instances)
            pushed += stuck
            waiting += stuck
        else:
            if (
                not waiting
                and model.valid
                and (value := model.value()) <= limit
            ):
                self.value = value
                self._note()
                return
        for instances, home in reversed(undo):
            model.trade(instances, home)

    def _push(
        self, one: int, but: list[int]
    ) -> tuple[Ints, Ints, list[int]] | None:
        """Find a node for one, and other nodes for some who are there.

        :returns: who goes where, and who must go but has nowhere to go
        """
        model, rng = self.model, self.rng
        left = int(model.node_of[one])
        nodes = model.cleared(np.array([one]))[0]
        nodes[left] = False
        if not nodes.any():
            return None
        there = int(rng.choice(np.flatnonzero(nodes)))
        others = self.movable[model.node_of[self.movable] == there]
        others = others[(others[:, None] != but).all(axis=1)]
        others = others[: self._most - 1]
        deltas = self._noisy(model.trade_deltas(np.append(others, one)))[:-1]
        deltas[:, there] = np.inf
        fine: Bools = np.logical_or.reduce(np.isfinite(deltas), axis=1)
        relief = model.relief(one, there, others) ** rng.choice(POWERS) + 1e-9
        relief[~fine] *= STUCK
        order = np.argsort(rng.exponential(size=len(others)) / relief)
        count = model.in_the_way(one, there, others[order]) - 1
        count += int(rng.geometric(NO_MORE))
        if count > min(EVICTED, len(others), model.n_nodes - 1):
            return None
        order = order[:count]
        stuck = others[order[~fine[order]]].tolist()
        order = order[fine[order]]
        # Where one leaves there may be room for several.
        nodes = np.append(
            np.arange(model.n_nodes), np.full(max(0, len(order) - 1), left)
        )
        try:
            _, to = self._assign(deltas[np.ix_(order, nodes)])
        except ValueError:
            # Not all of them can go anywhere at the same time.
            return None
        return (
            np.append(others[order], one),
            np.append(nodes[to], there),
            stuck,
        )

    def _move(self, instances: Ints, to: Ints, limit: float) -> None:
        """Move several, unless that breaks a rule or is too expensive."""
        home = self.model.node_of[instances]
        self.model.trade(instances, to)
        if self.model.valid and (value := self.model.value()) <= limit:
            self.value = value
            self._note()
        else:
            self.model.trade(instances, home)
