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
"""A term in another unit: percentage points, a root, what is above enough."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.objectives.term import Term


@dataclasses.dataclass(frozen=True)
class Curve:
    """An increasing function: max(0, factor * (x - least) ** power - enough).

    :ivar least: x is never below this
    :ivar root: whether the power is 1/2, else it is 1
    :ivar enough: in the unit of the result; what is below is as good
    """

    least: float = 0.0
    factor: float = 1.0
    root: bool = False
    enough: float = 0.0

    def of(self, values: Floats) -> Floats:
        """Return the function of each value."""
        # Sums of floating point numbers may end just below the least.
        above = np.maximum(values - self.least, 0.0)
        above = np.sqrt(above) if self.root else above
        result: Floats = np.maximum(self.factor * above - self.enough, 0.0)
        return result

    def of_one(self, value: float) -> float:
        """Return the function of one value."""
        return float(self.of(np.array([value]))[0])


class Curved(Term):
    """A term as a curve shows it.

    In a programme it counts as if it went on in a straight line. What a
    programme finds is judged by the value, so that this misleads nobody.

    :param bound: the term itself is never below this
    """

    def __init__(
        self, term: Term, curve: Curve, bound: float = -math.inf
    ) -> None:
        super().__init__(term.n_nodes)
        self.name, self.unit = term.name, term.unit
        self.is_linear = term.is_linear and not curve.root
        self._term = term
        self._curve = curve
        self._bound = bound

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self._term.reset(node_of)

    def value(self) -> float:
        """Return the value of the placement that is followed."""
        return self._curve.of_one(self._term.value())

    def shift_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: the change for each destination."""
        return self._changes(self._term.shift_deltas(instances))

    def swap_deltas(self, one: int, others: Ints) -> Floats:
        """Return float64[n]: changes when one trades places with others."""
        return self._changes(self._term.swap_deltas(one, others))

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        self._term.move(instance, to)
        self.node_of[instance] = to

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        self._term.trade(instances, to)
        self.node_of[instances] = to

    def node_values(self) -> Floats:
        """Return float64[n_nodes]: what each node adds to the value."""
        whole = self._term.value() - self._curve.least
        share = self.value() / whole if whole > 0 else 0.0
        return self._term.node_values() * share

    def lower_bound(self) -> float | None:
        """Return the curve of what the term is never below."""
        bound = self._term.lower_bound()
        bound = self._bound if bound is None else max(bound, self._bound)
        return self._curve.of_one(bound)

    def write(self, area: Area, weight: float) -> None:
        """Write the term, times a weight, into a programme."""
        self._term.write(area, weight * self._curve.factor)

    def _changes(self, deltas: Floats) -> Floats:
        now = self._term.value()
        changes: Floats = self._curve.of(now + deltas)
        changes -= self._curve.of_one(now)
        # Nothing but rounding.
        changes[deltas == 0.0] = 0.0
        return changes
