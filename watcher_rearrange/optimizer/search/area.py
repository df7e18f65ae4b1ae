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
"""A few nodes whose instances are placed anew, as an integer programme."""

from __future__ import annotations

import math

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.program import Answer
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Program
from watcher_rearrange.optimizer.search.model import Model


class AreaProgram(Program):
    """A programme whose columns can become dearer."""

    def __init__(self) -> None:
        super().__init__()
        self._more: list[tuple[Ints, Floats]] = []

    def add_cost(self, columns: Ints, cost: Floats | float) -> None:
        """Let columns cost more."""
        costs = np.broadcast_to(np.asarray(cost, float), columns.shape)
        self._more.append((columns, costs))

    def settle(self) -> None:
        """Put together what the columns cost."""
        costs = np.concatenate([*self._cost, np.zeros(0)])
        for columns, more in self._more:
            np.add.at(costs, columns, more)
        self._cost = [costs]
        self._more = []


class NodeArea:
    """Some instances of a model and the nodes that they may go to.

    :ivar program: what to solve
    :ivar free: int64[n_free]
    :ivar nodes: int64[n_open]
    :ivar choice: int64[n_free, n_open], columns; -1 where not possible
    :ivar node_of: int64[n_instances], where the others are; -1 for free
    """

    def __init__(self, model: Model, free: Ints, wanted: Bools) -> None:
        self.free = free
        self.nodes = np.flatnonzero(wanted.any(axis=0))
        self.now = model.node_of[free]
        self.node_of = model.node_of.copy()
        self.node_of[free] = -1
        possible = wanted.copy()
        for rule in model.rules:
            possible &= rule.possible(free)
        possible = possible[:, self.nodes]
        self.program = AreaProgram()
        self.choice = np.full(possible.shape, -1, dtype=np.int64)
        count = int(possible.sum())
        self.choice[possible] = self.program.columns(count, upper=1.0)
        for columns in self.choice:
            columns = columns[columns >= 0]
            self.program.row(columns, 1.0, lower=1.0, upper=1.0)
        for rule in model.rules:
            rule.write(self)
        for weight, term in model.terms:
            term.write(self, weight)
        self.program.settle()

    def solve(self, effort: Effort) -> Answer:
        """Solve it, starting from where everybody is."""
        start = np.full(self.program.n_columns, math.inf)
        start[self.choice[self.choice >= 0]] = 0.0
        at = np.searchsorted(self.nodes, self.now)
        start[self.choice[np.arange(len(self.free)), at]] = 1.0
        # The solver completes what is infinite.
        return self.program.solve(effort, start)

    def targets(self, answer: Answer) -> Ints:
        """Return int64[n_free]: the node of each free instance."""
        chosen = np.where(
            self.choice >= 0, answer.values[self.choice], -1.0
        ).argmax(axis=1)
        targets: Ints = self.nodes[chosen]
        return targets
