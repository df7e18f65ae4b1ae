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
"""A term of a composed objective: in which unit, how bounded, how led."""

from __future__ import annotations

import dataclasses

from collections.abc import Callable

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives import imbalance
from watcher_rearrange.objectives.curve import Curve
from watcher_rearrange.objectives.curve import Curved
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.extremes import Highest
from watcher_rearrange.objectives.extremes import Range
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.objectives.variance import Variance
from watcher_rearrange.optimizer.search.levels import Terms
from watcher_rearrange.policies import terms
from watcher_rearrange.policies.terms import TermWish


# How much what guides the search counts beside what it is to reach.
GUIDE = 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class Aim:
    """One term with its unit.

    :ivar make: the term, for a start int64[n_instances]
    :ivar curve: from the value of the term to the unit
    :ivar bound: the term itself is never below this
    :ivar one: what counts as one unit
    :ivar guide: what has a slope where the term has none, with its weight
    :ivar pack: what tells where to go when a node is emptied
    :ivar costs: float64[n_nodes], where nodes in use are what counts
    """

    name: str
    unit: str
    make: Callable[[Ints], Term]
    curve: Curve = Curve()
    bound: float = -np.inf
    one: float = 1.0
    guide: Callable[[], Terms] = tuple
    pack: Callable[[], Terms] = tuple
    costs: Floats | None = None

    def term(self, start: Ints, enough: float = 0.0) -> Term:
        """Return a new term in the unit, less what is good enough."""
        curve = dataclasses.replace(self.curve, enough=enough)
        return Curved(self.make(start), curve, self.bound)


@dataclasses.dataclass(frozen=True, eq=False)
class Spread:
    """How uneven loads are, by several measures.

    :ivar demand: float64[n_instances, n_dims]
    :ivar capacity: float64[n_nodes, n_dims]
    :ivar weight: float64[n_dims], together 1
    :ivar mean: of the utilization
    :ivar bound: of the variance
    """

    demand: Floats
    capacity: Floats
    weight: Floats
    mean: float
    bound: float = 0.0

    def aim(self, wish: TermWish, factor: float, unit: str) -> Aim:
        """Return the aim for the measure that is asked for.

        :param factor: from a fraction to the unit
        """
        measure = wish.options['measure']
        if measure == terms.VARIANCE:
            return Aim(
                f'{wish.name}_variance',
                f'{unit} squared',
                self._variance,
                Curve(factor=factor**2),
                self.bound,
            )
        root = Curve(factor=factor, root=True)
        if measure == imbalance.STANDARD_DEVIATION:
            return Aim(wish.name, unit, self._variance, root, self.bound)
        curve = Curve(factor=factor)
        kind: type[Highest] | type[Range] = Range
        if measure == imbalance.MAXIMUM:
            curve, kind = Curve(self.mean, factor), Highest
        return Aim(
            wish.name,
            unit,
            lambda start: kind(self.demand, self.capacity, self.weight),
            curve,
            guide=lambda: ((GUIDE, Curved(self._variance(), root)),),
        )

    def _variance(self, *_: Ints) -> Term:
        return Variance(self.demand, self.capacity, self.weight)
