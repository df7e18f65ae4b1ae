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

"""Spread what is moved anyway, so that no second audit has to.

Whoever leaves a node may as well go where the load is lowest: other
destinations, or trading them among each other, cost no migration.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.optimizer.problem import Problem


# Gains below this, in fractions squared, are rounding.
EPSILON = 1e-12

# Passes over all who move; each looks at everybody once.
MAX_PASSES = 50

# Trades are looked at for so many.
MAX_TRADERS = 400


def spread(
    problem: Problem,
    start: Placement,
    placement: Placement,
    imbalance: Imbalance,
) -> Placement:
    """Return a placement that moves the same instances, better spread."""
    moved = np.flatnonzero(start.node_of != placement.node_of)
    search = _Spread(problem, placement.copy(), imbalance, start)
    for _ in range(MAX_PASSES):
        better = [search.redirect(int(i)) for i in moved]
        if len(moved) <= MAX_TRADERS:
            better += [search.trade(int(i), moved) for i in moved]
        if not any(better) or problem.out_of_time:
            break
    return search.placement


class _Spread:
    def __init__(
        self,
        problem: Problem,
        placement: Placement,
        imbalance: Imbalance,
        start: Placement,
    ) -> None:
        self.placement = placement
        self._problem = problem
        self._imbalance = imbalance
        self._home = start.node_of
        self._load = imbalance.load(placement)

    def redirect(self, i: int) -> bool:
        """Send an instance where that is best; whether it is elsewhere."""
        node = int(self.placement.node_of[i])
        nodes = self._problem.destinations(self.placement, i)
        nodes[self._home[i]] = False
        if not nodes.any():
            return False
        deltas = self._imbalance.shift_deltas(self._load, i, node)
        best = int(np.where(nodes, deltas, np.inf).argmin())
        if deltas[best] >= -EPSILON:
            return False
        self._move(i, best)
        return True

    def trade(self, i: int, moved: Ints) -> bool:
        """Let two trade their destinations; whether it was done."""
        node = int(self.placement.node_of[i])
        at = self.placement.node_of[moved]
        deltas = self._imbalance.swap_deltas(self._load, i, node, moved, at)
        deltas[at == node] = np.inf
        best = int(deltas.argmin())
        if deltas[best] >= -EPSILON:
            return False
        other, there = int(moved[best]), int(at[best])
        if there == self._home[i] or node == self._home[other]:
            return False
        self._move(other, -1)
        if self._problem.destinations(self.placement, i)[there]:
            self._move(i, there)
            if self._problem.destinations(self.placement, other)[node]:
                self._move(other, node)
                return True
            self._move(i, node)
        self._move(other, there)
        return False

    def _move(self, i: int, node: int) -> None:
        demand = self._imbalance.dimensions.demand[i]
        before = self.placement.move(i, node)
        if before >= 0:
            self._load[before] -= demand
        if node >= 0:
            self._load[node] += demand
