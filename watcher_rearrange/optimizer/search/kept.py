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
"""Objectives one after the other: what was reached is kept from then on."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.optimizer.search.rules import Rule


# Sums of floating point numbers are compared with this tolerance.
TOLERANCE = 1e-9


class Kept(Rule):
    """A weighted sum of terms may not exceed a limit.

    The terms must not be those of a model: each follows one placement.
    """

    def __init__(
        self, terms: tuple[tuple[float, Term], ...], limit: float
    ) -> None:
        super().__init__(terms[0][1].n_nodes)
        self.name = '+'.join(term.name for _, term in terms)
        self._terms = terms
        self._limit = limit + TOLERANCE * max(1.0, abs(limit))

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        for _, term in self._terms:
            term.reset(node_of)

    def excess(self) -> float:
        """Return by how much the sum is above the limit."""
        return max(0.0, self._value() - self._limit)

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        deltas: Floats = sum(
            (w * t.shift_deltas(instances) for w, t in self._terms),
            start=np.zeros((len(instances), self.n_nodes)),
        )
        allowed: Bools = deltas <= self._left()
        allowed[np.arange(len(instances)), self.node_of[instances]] = True
        return allowed

    def swap_allowed(self, one: int, others: Ints) -> Bools:
        """Return bool[n]: with whom one could trade places."""
        deltas: Floats = sum(
            (w * t.swap_deltas(one, others) for w, t in self._terms),
            start=np.zeros(len(others)),
        )
        allowed: Bools = deltas <= self._left()
        return allowed

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        self.node_of[instance] = to
        for _, term in self._terms:
            term.move(instance, to)

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        self.node_of[instances] = to
        for _, term in self._terms:
            term.trade(instances, to)

    def write(self, area: Area) -> None:
        """Write nothing: what breaks the limit is refused afterwards."""

    def _value(self) -> float:
        return sum(weight * term.value() for weight, term in self._terms)

    def _left(self) -> float:
        return max(0.0, self._limit - self._value())
