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

"""A limit on how much may be away from its start."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.optimizer.search.rules import Rule


class Budget(Rule):
    """The price of who is not at its start may not exceed a limit.

    :param start: int64[n_instances]
    :param price: float64[n_instances]: 1 counts migrations, memory in MiB
        counts memory; infinite for who must stay
    """

    name = 'budget'

    def __init__(
        self, start: Ints, price: Floats, most: float, n_nodes: int
    ) -> None:
        super().__init__(n_nodes)
        self._start = start.copy()
        self._price = np.where(np.isfinite(price), price, most * 2 + 1)
        self._most = most
        self._spent = 0.0

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self._spent = float(self._price[node_of != self._start].sum())

    def excess(self) -> float:
        """Return what was spent above the limit."""
        return max(0.0, self._spent - self._most)

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        home, start = self.node_of[instances], self._start[instances]
        left = max(0.0, self._most - self._spent)
        affordable = (home != start) | (self._price[instances] <= left)
        allowed = np.repeat(affordable[:, None], self.n_nodes, axis=1)
        rows = np.arange(len(instances))
        allowed[rows, home] = allowed[rows, start] = True
        return allowed

    def swap_allowed(self, one: int, others: Ints) -> Bools:
        """Return bool[n]: with whom one could trade places."""
        here, there = self.node_of[one], self.node_of[others]
        cost = self._change(one, there) + self._change(others, here)
        allowed: Bools = cost <= max(0.0, self._most - self._spent)
        return allowed

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        self._spent += float(self._change(instance, to))
        self.node_of[instance] = to

    def write(self, area: Area) -> None:
        """Write the rule into a programme."""
        gone = area.node_of != self._start
        gone[area.free] = False
        left = max(self._most, self._spent) - self._price[gone].sum()
        away = area.nodes != self._start[area.free, None]
        away &= area.choice >= 0
        price = np.repeat(
            self._price[area.free, None], len(area.nodes), axis=1
        )
        area.program.row(area.choice[away], price[away], upper=float(left))

    def _change(self, instances: Ints | int, to: Ints | int) -> Floats:
        """float64[n], or a scalar for one: what is spent more."""
        start, home = self._start[instances], self.node_of[instances]
        after = (np.asarray(to) != start).astype(float)
        change: Floats = self._price[instances] * (after - (home != start))
        return change
