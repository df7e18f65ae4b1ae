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
"""Integer programming on neighbourhoods: some nodes at a time, exactly.

All that is on a few nodes is placed anew among these nodes, or back where
it started; the rest stays. How many nodes there are follows the time that
the programmes take.

Sources: Jaskowski, Szubert and Gawron, A hybrid MIP-based large
neighborhood search heuristic for solving the machine reassignment problem,
Annals of Operations Research 242 (2016); Mehta, O'Sullivan and Simonis,
Comparing solution methods for the machine reassignment problem, CP 2012.
"""

from __future__ import annotations

import time

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Outcome
from watcher_rearrange.optimizer.search.area import NodeArea
from watcher_rearrange.optimizer.search.model import Model


# A programme should take less than this.
LONGEST_S = 3.0

# Nodes that are chosen because somebody large could go from one to the next.
CHAIN = 4

# Nodes of the search tree, at most.
TREE_NODES = 2000

# Close enough to the bound of a neighbourhood.
GAP = 2e-3


class Neighbourhoods:
    """Improves a model by programmes over some of its nodes.

    :param movable: int64[n], who may be moved
    :param start: int64[n_instances], where everybody was at first
    """

    def __init__(
        self, model: Model, movable: Ints, start: Ints, seed: int
    ) -> None:
        self.model = model
        self._start = start
        self._movable = np.zeros(len(start), dtype=np.bool_)
        self._movable[movable] = True
        self._size = model.sizes() * self._movable
        self._rng = np.random.default_rng(seed)
        self._count = 3.0

    def step(self, deadline: float, longest_s: float = LONGEST_S) -> bool:
        """Try one neighbourhood; return whether it was improved.

        :param deadline: on the clock of ``time.monotonic``; infinite to
            depend on no clock
        :param longest_s: of the programme; infinite if only the deadline
            counts
        """
        nodes = self._nodes()
        free, wanted = self._free(nodes)
        if not len(free):
            return False
        area = NodeArea(self.model, free, wanted)
        until = min(deadline, time.monotonic() + longest_s)
        seed = int(self._rng.integers(2**31))
        answer = area.solve(Effort(until, GAP, seed, TREE_NODES))
        solved = answer.outcome == Outcome.OPTIMAL
        self._count *= 1.05 if solved else 0.85
        self._count = min(max(self._count, 3.0), float(self.model.n_nodes))
        return answer.found and self._take(free, area.targets(answer))

    def _nodes(self) -> Ints:
        """Some nodes, expensive ones rather than others."""
        values = np.maximum(self.model.node_values(), 0.0)
        weight = values + values.mean() * self._rng.choice([0.1, 1.0]) + 1e-9
        count = min(int(self._count), self.model.n_nodes)
        chosen = (
            self._chain(values)[:count] if self._rng.random() < 0.5 else []
        )
        if (rest := count - len(chosen)) > 0:
            weight[chosen] = 0.0
            more = self._rng.choice(
                self.model.n_nodes, rest, False, weight / weight.sum()
            )
            chosen += more.tolist()
        return np.array(sorted(chosen), dtype=np.int64)

    def _chain(self, values: Floats) -> list[int]:
        """The node of a large instance, one for it, one for who is there."""
        node_of = self.model.node_of
        weight = self._size * (values[node_of] + 1e-9)
        chosen: list[int] = []
        while weight.any() and len(chosen) < CHAIN:
            one = int(self._rng.choice(len(weight), p=weight / weight.sum()))
            left = int(node_of[one])
            nodes = self.model.cleared(np.array([one]))[0]
            nodes[[*chosen, left]] = False
            if not nodes.any():
                break
            there = int(self._rng.choice(np.flatnonzero(nodes)))
            chosen += [there] if chosen else [left, there]
            weight = self._size * (node_of == there)
        return chosen

    def _free(self, nodes: Ints) -> tuple[Ints, Bools]:
        on = np.isin(self.model.node_of, nodes) & self._movable
        free = np.flatnonzero(on)
        wanted = np.zeros((len(free), self.model.n_nodes), dtype=np.bool_)
        wanted[:, nodes] = True
        # Who went away may come home: nothing else gives its room back.
        wanted[np.arange(len(free)), self._start[free]] = True
        return free, wanted

    def _take(self, free: Ints, targets: Ints) -> bool:
        before, value = self.model.node_of[free].copy(), self.model.value()
        for instance, node in zip(
            free.tolist(), targets.tolist(), strict=True
        ):
            self.model.move(instance, node)
        if self.model.valid and self.model.value() < value - 1e-9:
            return True
        for instance, node in zip(free.tolist(), before.tolist(), strict=True):
            self.model.move(instance, node)
        return False
