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

"""The cheapest patterns of all nodes at once, where loads are in steps.

What instances add to the load is nearly always a multiple of some unit, so
that a node can have only few loads. Two tables say for each of them what it
costs to come there: one, for nodes that are alike, if any may arrive; and
one for each node, if those leave that are there. No pattern is left out,
however many leave and arrive.

Source: Gilmore and Gomory, The theory and computation of knapsack
functions, Operations Research 14, 1966.
"""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.rebalancing.model import Model
from watcher_rearrange.optimizer.rebalancing.patterns import Listing
from watcher_rearrange.optimizer.rebalancing.prices import Prices


# Loads of one node, of all together, and of all that are not alike.
MAX_OF_NODE = 200_000
MAX_CELLS = 500_000_000
MAX_ALIKE = 20_000_000

# Dimensions of the load.
N_DIMS = 2

TINY = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class Cheapest:
    """The cheapest patterns of one node.

    :ivar least: no pattern costs less
    :ivar nets: int64[n, n_kinds], the cheapest first
    """

    least: float
    nets: Ints


@dataclasses.dataclass(frozen=True, eq=False)
class _Alike:
    """Nodes that differ only in who is on them.

    :ivar example: one of them
    :ivar comers: the kinds that may arrive
    :ivar square: float64[height, width], the share of the variance at
        each load
    """

    example: int
    comers: Ints
    square: Floats


class Lattice:
    """Prices all patterns of all nodes.

    :ivar fits: whether that can be done for this model
    """

    def __init__(self, model: Model, listing: Listing) -> None:
        self._model = model
        self._listing = listing
        self._alike: list[_Alike] = []
        self.fits = model.demand.shape[1] <= N_DIMS and bool(
            (model.demand == np.rint(model.demand)).all()
        )
        if self.fits:
            self._measure()
            cells = (self._gone + self._free + 1).prod(axis=1)
            self.fits = cells.max(initial=0) <= MAX_OF_NODE and bool(
                cells.sum() <= MAX_CELLS
            )
        if self.fits:
            self._sort()

    def _measure(self) -> None:
        model = self._model
        unit = [
            max(1, math.gcd(*column.astype(np.int64).tolist()))
            for column in model.demand.T
        ]
        self._unit = np.array(unit, dtype=np.int64)
        step = model.demand.astype(np.int64) // self._unit
        self._step = _padded(step)
        # Who adds nothing needs not move.
        self._kinds = np.flatnonzero(self._step.any(axis=1))
        self._gone = model.count.T @ self._step
        self._free = _padded(np.floor(self._room() / self._unit + TINY))
        self._free = self._free.astype(np.int64)

    def _room(self) -> Floats:
        """float64[n_nodes, n_dims]: how much more load there may be."""
        model = self._model
        room = np.full(model.load.shape, np.inf)
        for dim, demand in enumerate(model.demand.T):
            if not demand.any():
                room[:, dim] = 0.0
                continue
            for need, free in zip(model.need.T, model.room.T, strict=True):
                factor = float(need @ demand) / float(demand @ demand)
                if factor > 0 and (need == factor * demand).all():
                    room[:, dim] = np.minimum(room[:, dim], free / factor)
        return room

    def _sort(self) -> None:
        """Sort the nodes by what they have in common."""
        model, gone = self._model, self._gone
        top = model.load + self._free[:, : len(self._unit)] * self._unit
        imbalance = model.imbalance
        capacity = imbalance.capacity, imbalance.dimensions.capacity
        _, first, of = np.unique(
            np.concatenate([top, *capacity, model.allowed.T], axis=1),
            axis=0,
            return_index=True,
            return_inverse=True,
        )
        self._of = of.reshape(-1)
        # Each table ends at the top; where the rows of each node begin.
        self._begin = np.zeros_like(gone)
        self._cells = 0
        for k, example in enumerate(first.tolist()):
            own = np.flatnonzero(self._of == k)
            shape = (gone[own] + self._free[own]).max(axis=0) + 1
            self._begin[own] = shape - 1 - gone[own] - self._free[own]
            self._cells += int(shape.prod())
            if self._cells > MAX_ALIKE:
                self.fits = False
                break
            self._alike.append(self._table(example, shape))

    def _table(self, example: int, shape: Ints) -> _Alike:
        listing = self._listing
        square = np.zeros(shape)
        for dim, unit in enumerate(self._unit.tolist()):
            steps = np.arange(shape[dim]) - (
                shape[dim] - 1 - self._free[example, dim]
            )
            away = listing.excess[example, dim] + unit * steps
            share = listing.weight[example, dim] * away * away
            square += share[:, np.newaxis] if dim == 0 else share
        comers = np.flatnonzero(self._model.allowed[:, example])
        return _Alike(example, np.intersect1d(comers, self._kinds), square)

    def cheapest(
        self, prices: Prices, count: int, deadline: float = math.inf
    ) -> list[Cheapest] | None:
        """Return the cheapest patterns of each node; None out of time.

        :param count: how many are wanted, if there are as many
        :param deadline: on the clock of ``time.monotonic``
        """
        tables = [self._arriving(alike, prices) for alike in self._alike]
        found = []
        for node, k in enumerate(self._of.tolist()):
            if time.monotonic() >= deadline:
                return None
            found.append(self._of_node(node, tables[k], prices, count))
        return found

    def _arriving(self, alike: _Alike, prices: Prices) -> Floats:
        """float64[height, width]: the least that a load comes to."""
        table = prices.variance * alike.square
        for kind in alike.comers.tolist():
            cost = 0.5 - float(prices.kind[kind])
            high, wide = self._step[kind].tolist()
            while high < table.shape[0] and wide < table.shape[1]:
                _relax(table, high, wide, cost)
                high, wide, cost = 2 * high, 2 * wide, 2 * cost
        return table

    def _leaving(self, node: int, prices: Prices) -> list[Floats]:
        """float64[height, width]: what it costs to be left with a load.

        One table before, and one after each kind that is there.
        """
        height, width = (self._gone[node] + 1).tolist()
        table = np.full((height, width), np.inf)
        table[-1, -1] = 0.0
        tables = [table]
        for kind in self._leavers(node):
            cost = 0.5 + float(prices.kind[kind])
            left, times = int(self._model.count[kind, node]), 1
            table = table.copy()
            while left:
                times = min(times, left)
                high, wide = (times * self._step[kind]).tolist()
                _relax(table, high, wide, times * cost)
                left, times = left - times, 2 * times
            tables.append(table)
        return tables

    def _leavers(self, node: int) -> list[int]:
        there = np.flatnonzero(self._model.count[:, node])
        leavers: list[int] = np.intersect1d(there, self._kinds).tolist()
        return leavers

    def _of_node(
        self, node: int, arriving: Floats, prices: Prices, count: int
    ) -> Cheapest:
        tables = self._leaving(node, prices)
        height, width = tables[-1].shape
        high, wide = self._begin[node].tolist()
        total = tables[-1] + arriving[high : high + height, wide:][:, :width]
        flat = total.ravel()
        count = min(count, len(flat))
        best = np.argpartition(flat, count - 1)[:count]
        best = best[np.argsort(flat[best], kind='stable')]
        best = best[np.isfinite(flat[best])]
        nets = []
        for at in best.tolist():
            row, column = divmod(at, width)
            net = self._arrived(
                node, arriving, (high + row, wide + column), prices
            )
            net -= self._left(node, tables, (row, column), prices)
            nets.append(net)
        return Cheapest(float(flat[best[0]]), np.array(nets))

    def _arrived(
        self, node: int, table: Floats, at: tuple[int, int], prices: Prices
    ) -> Ints:
        """int64[n_kinds]: who arrives at what the table says."""
        alike = self._alike[self._of[node]]
        net = np.zeros(self._model.n_kinds, dtype=np.int64)
        high, wide = at
        cost = 0.5 - prices.kind[alike.comers]
        while True:
            stay = prices.variance * alike.square[high, wide]
            rows = high + self._step[alike.comers, 0]
            columns = wide + self._step[alike.comers, 1]
            inside = np.flatnonzero(
                (rows < table.shape[0]) & (columns < table.shape[1])
            )
            if table[high, wide] > stay - TINY or not len(inside):
                return net
            come = table[rows[inside], columns[inside]] + cost[inside]
            best = inside[int(come.argmin())]
            net[alike.comers[best]] += 1
            high, wide = int(rows[best]), int(columns[best])

    def _left(
        self,
        node: int,
        tables: list[Floats],
        at: tuple[int, int],
        prices: Prices,
    ) -> Ints:
        """int64[n_kinds]: who leaves at what the tables say."""
        net = np.zeros(self._model.n_kinds, dtype=np.int64)
        high, wide = at
        leavers = self._leavers(node)
        for k in range(len(leavers) - 1, -1, -1):
            kind = leavers[k]
            most = int(self._model.count[kind, node])
            uses = np.arange(most + 1)
            rows = high + uses * self._step[kind, 0]
            columns = wide + uses * self._step[kind, 1]
            inside = (rows < tables[k].shape[0]) & (
                columns < tables[k].shape[1]
            )
            rows, columns, uses = rows[inside], columns[inside], uses[inside]
            cost = tables[k][rows, columns]
            cost = cost + uses * (0.5 + prices.kind[kind])
            taken = int(cost.argmin())
            net[kind] = uses[taken]
            high, wide = int(rows[taken]), int(columns[taken])
        return net


def _relax(table: Floats, high: int, wide: int, cost: float) -> None:
    """One thing may be added or not: so many steps, at a cost."""
    height, width = table.shape
    here = table[: height - high, : width - wide]
    np.minimum(here, table[high:, wide:] + cost, out=here)


def _padded(steps: Ints) -> Ints:
    """The same with further dimensions, in which nothing changes."""
    more = N_DIMS - steps.shape[1]
    padded: Ints = np.pad(steps, ((0, 0), (0, more)))
    return padded
