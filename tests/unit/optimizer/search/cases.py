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
"""Small random models with every term and every rule."""

from __future__ import annotations

import dataclasses

import numpy as np

from benchmarks.roadef_rules import Dependencies
from benchmarks.roadef_rules import Spread
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives import variance
from watcher_rearrange.objectives.curve import Curve
from watcher_rearrange.objectives.curve import Curved
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.disruption import Disruption
from watcher_rearrange.objectives.extremes import Highest
from watcher_rearrange.objectives.extremes import Range
from watcher_rearrange.objectives.fragmentation import Flavors
from watcher_rearrange.objectives.hinge import Pair
from watcher_rearrange.objectives.hinge import Proportion
from watcher_rearrange.objectives.hinge import SoftThreshold
from watcher_rearrange.objectives.migration_cost import MigrationCost
from watcher_rearrange.objectives.slots import Slots
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.objectives.used_nodes import UsedNodes
from watcher_rearrange.optimizer.search.apart import Apart
from watcher_rearrange.optimizer.search.budget import Budget
from watcher_rearrange.optimizer.search.kept import Kept
from watcher_rearrange.optimizer.search.room import Room
from watcher_rearrange.optimizer.search.room import Transient
from watcher_rearrange.optimizer.search.rules import Eligible
from watcher_rearrange.optimizer.search.rules import Rule


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A cluster as arrays, two dimensions, and where everybody started."""

    demand: Floats
    capacity: Floats
    start: Ints
    group: Ints
    eligible: Bools
    rng: np.random.Generator

    @classmethod
    def of(cls, seed: int, n_nodes: int = 4, n_instances: int = 9) -> Case:
        rng = np.random.default_rng(seed)
        return cls(
            rng.integers(0, 6, (n_instances, 2)).astype(float),
            rng.integers(8, 16, (n_nodes, 2)).astype(float),
            rng.integers(0, n_nodes, n_instances),
            rng.integers(-1, 3, n_instances),
            rng.random((2, n_nodes)) < 0.8,
            rng,
        )

    @property
    def n_nodes(self) -> int:
        return len(self.capacity)

    @property
    def n_instances(self) -> int:
        return len(self.demand)

    def linear_terms(self) -> list[Term]:
        """Those that an integer programme can have."""
        n_nodes, weight = self.n_nodes, np.array([1.0, 2.0])
        price = np.arange(1.0, self.n_instances + 1)
        distance = np.abs(np.subtract.outer(range(n_nodes), range(n_nodes)))
        return [
            SoftThreshold(self.demand, self.capacity * 0.5, weight),
            Proportion(self.demand, self.capacity, (Pair(0, 1, 1.5, 3.0),)),
            MigrationCost(self.start, price, n_nodes),
            MigrationCost(self.start, price, n_nodes, distance.astype(float)),
            Disruption(self.start, self.group, n_nodes),
            Highest(self.demand, self.capacity, weight),
            Range(self.demand, self.capacity, weight),
            UsedNodes(self.n_instances, np.arange(1.0, n_nodes + 1)),
            Highest(self.demand, self._some_without(), weight),
            Range(self.demand, self._some_without(), weight),
            Range(self.demand, self.capacity * np.array([0, 1]), weight),
            Range(self.demand, self.capacity * 0, weight),
            Curved(MigrationCost(self.start, price, n_nodes), Curve(0.0, 3.0)),
        ]

    def terms(self) -> list[Term]:
        weight = np.array([1.0, 2.0])
        return [
            *self.linear_terms(),
            variance.Variance(self.demand, self.capacity, weight),
            variance.of_counts(self.n_instances, self.n_nodes),
            Curved(
                variance.Variance(self.demand, self.capacity, weight),
                Curve(factor=100.0, root=True, enough=20.0),
            ),
            Slots(
                self.demand,
                self.capacity,
                self.demand.sum(axis=0),
                self._flavors(),
            ),
        ]

    def _some_without(self) -> Floats:
        """Capacity of nodes of which one has nothing of one dimension."""
        capacity = self.capacity.copy()
        capacity[1, 0] = 0.0
        return capacity

    def _flavors(self) -> Flavors:
        nodes = np.ones((2, self.n_nodes), dtype=np.bool_)
        nodes[1, 0] = False
        size = np.array([[2, 1], [0, 3]])
        return Flavors(
            ('a', 'b'), size, nodes, np.array([1.0, 2.0]), np.zeros(2, int)
        )

    def rules(self) -> list[Rule]:
        service = np.maximum(self.group, 0)
        half = np.arange(self.n_nodes) // 2
        one = MigrationCost(
            self.start, np.ones(self.n_instances), self.n_nodes
        )
        return [
            Room(self.demand, self.capacity),
            Room(
                self.demand,
                self.capacity,
                Transient(self.start, np.array([False, True])),
            ),
            Apart(self.group, self.n_nodes),
            Apart(self.group, self.n_nodes, np.array([1, 2, 3])),
            Eligible(np.arange(self.n_instances) % 2, self.eligible),
            Budget(self.start, np.ones(self.n_instances), 3.0, self.n_nodes),
            Spread(service, half, np.array([2, 1, 2])),
            Dependencies(service, half, ((1,), (), (0, 1))),
            Kept(((2.0, one),), 6.0),
        ]

    def trade(self) -> tuple[Ints, Ints]:
        """Some instances, and nodes for them of which no two are the same."""
        count = int(self.rng.integers(1, self.n_nodes + 1))
        who = self.rng.permutation(self.n_instances)[:count]
        return who, self.rng.permutation(self.n_nodes)[:count]

    def placement(self) -> Ints:
        """Some placement, near the start."""
        node_of = self.start.copy()
        moved = self.rng.random(self.n_instances) < 0.3
        node_of[moved] = self.rng.integers(0, self.n_nodes, moved.sum())
        return node_of
