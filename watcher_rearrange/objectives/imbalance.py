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

"""Imbalance: standard deviation of the utilisation, weighted by capacity.

With Q(n) the demand on node n, C(n) its capacity and u = sum Q / sum C, the
variance sum C(n) (Q(n)/C(n) - u)^2 / sum C equals sum Q(n)^2/C(n) / sum C
minus u^2. Moves between the nodes judged do not change u, so only the sum
of Q^2/C has to be followed, and it changes at two nodes per move. Several
dimensions count by the mean of their variances, weighted if asked.

Other measures are how far the fullest node is above the mean, and how far
it is above the emptiest; searches follow the variance for these as well.
"""

from __future__ import annotations

import dataclasses
import math

from collections.abc import Mapping

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.dimensions import Floats


STANDARD_DEVIATION = 'standard_deviation'
MAXIMUM = 'maximum'
SPREAD = 'spread'
MEASURES = (STANDARD_DEVIATION, MAXIMUM, SPREAD)


@dataclasses.dataclass(frozen=True)
class Measure:
    """How the imbalance is measured.

    :ivar name: the standard deviation; the distance of the fullest node
        from the mean; or that of the fullest node from the emptiest
    :ivar weights: of dimensions by name; 1 for those that are not named
    """

    name: str = STANDARD_DEVIATION
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)


class Imbalance:
    """Spread of the utilisation over the nodes judged.

    :param nodes: bool[n_nodes], the nodes judged
    """

    name = 'imbalance'
    unit = 'percentage points'

    def __init__(
        self,
        dimensions: Dimensions,
        nodes: Bools,
        measure: Measure | None = None,
    ) -> None:
        self.dimensions = dimensions
        self.measure = measure or Measure()
        wanted = self.measure.weights
        weights = np.array([wanted.get(n, 1.0) for n in dimensions.names])
        # Of the dimensions, together 1.
        self._share: Floats = weights / max(float(weights.sum()), 1e-9)
        # A node without capacity in a dimension has no utilisation there.
        self.judged = nodes[:, np.newaxis] & (dimensions.capacity > 0)
        self.capacity = np.where(self.judged, dimensions.capacity, np.inf)
        total = np.where(self.judged, dimensions.capacity, 0.0).sum(axis=0)
        self.total: Floats = np.maximum(total, 1e-9)
        # weight[d]: share of one unit of Q^2/C in the mean variance.
        self.weight: Floats = self._share / self.total

    def load(self, placement: Placement) -> Floats:
        """Return float64[n_nodes, n_dims]: the demand on every node."""
        load = np.zeros_like(self.dimensions.capacity)
        placed = placement.node_of >= 0
        np.add.at(
            load, placement.node_of[placed], self.dimensions.demand[placed]
        )
        return load

    def variance(self, load: Floats) -> float:
        """Return the mean variance of a load, in fractions squared."""
        judged = np.where(self.judged, load, 0.0)
        squares = (judged * judged / self.capacity).sum(axis=0)
        mean = judged.sum(axis=0) / self.total
        spread = (squares - mean * mean * self.total) @ self.weight
        return max(0.0, float(spread))

    def value(self, placement: Placement) -> float:
        """Return the imbalance in percentage points."""
        return self.measured(self.load(placement))

    def measured(self, load: Floats) -> float:
        """Return the imbalance of a load in percentage points."""
        if self.measure.name == STANDARD_DEVIATION:
            return 100.0 * math.sqrt(self.variance(load))
        share = np.where(self.judged, load / self.capacity, -np.inf)
        top = share.max(axis=0, initial=-np.inf)
        if self.measure.name == SPREAD:
            share = np.where(self.judged, load / self.capacity, np.inf)
            low = share.min(axis=0, initial=np.inf)
        else:
            low = np.where(self.judged, load, 0.0).sum(axis=0) / self.total
        there = self.judged.any(axis=0)
        return 100.0 * float(
            (top - low)[there] @ self._share[there] if there.any() else 0.0
        )

    def reached(self, load: Floats, threshold_pct: float) -> bool:
        """Whether a load is balanced enough."""
        return self.measured(load) <= threshold_pct

    def lower_bound(self) -> float | None:
        """Return 0: every node equally full."""
        return 0.0

    def shift_deltas(
        self, load: Floats, instance_idx: int, node: int
    ) -> Floats:
        """Return float64[n_nodes]: change of the variance per destination.

        :param node: where the instance is
        """
        demand = self.dimensions.demand[instance_idx]
        arrive = (2.0 * load + demand) * demand / self.capacity
        leave = (demand - 2.0 * load[node]) * demand / self.capacity[node]
        deltas: Floats = (arrive + leave) @ self.weight
        return deltas

    def swap_deltas(
        self,
        load: Floats,
        instance_idx: int,
        node: int,
        others: Ints,
        at: Ints,
    ) -> Floats:
        """Return float64[n]: change when trading places with each other.

        :param others: int64[n], the other instances
        :param at: int64[n], where they are
        """
        demand = self.dimensions.demand
        net = demand[instance_idx] - demand[others]
        arrive = (2.0 * load[at] + net) * net / self.capacity[at]
        leave = (net - 2.0 * load[node]) * net / self.capacity[node]
        deltas: Floats = (arrive + leave) @ self.weight
        return deltas
