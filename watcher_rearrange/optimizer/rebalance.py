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

"""Steepest descent on the imbalance, by shifts and swaps.

Every step takes the best move off the node that is furthest above the
mean; where that has none, the next one. A move must be worth a migration,
and no node may become fuller than the fullest one is.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.optimizer.problem import Problem


# A migration has to lower the sum over all nodes of the squared distance
# from the mean utilisation by this, in percentage points squared.
WORTH_PCT2 = 1.0

# Swaps look at the instances on so many of the emptiest nodes.
SWAP_NODES = 40


@dataclasses.dataclass(frozen=True)
class Step:
    """A shift, or a swap when there is another instance."""

    delta: float
    instance: int
    to: int
    other: int = -1


def improve(
    problem: Problem,
    placement: Placement,
    imbalance: Imbalance,
    threshold_pct: float,
) -> Placement:
    """Return a better balanced placement, or the same one."""
    search = _Descent(problem, placement.copy(), imbalance)
    wanted = (threshold_pct / 100.0) ** 2
    while not problem.out_of_time:
        if imbalance.variance(search.load) <= wanted:
            break
        step = search.best_step(placement)
        if step is None:
            break
        search.take(step)
    return search.placement


class _Descent:
    def __init__(
        self, problem: Problem, placement: Placement, imbalance: Imbalance
    ) -> None:
        self.problem = problem
        self.placement = placement
        self.imbalance = imbalance
        self.load = imbalance.load(placement)
        judged = max(1, int(imbalance.judged.any(axis=1).sum()))
        self.worth = WORTH_PCT2 / 1e4 / judged

    def best_step(self, start: Placement) -> Step | None:
        """Return the best step worth taking, or None at the optimum."""
        self.utilization = self.load / self.imbalance.capacity
        self.peak = np.where(self.imbalance.judged, self.utilization, 0.0).max(
            axis=0, initial=0.0
        )
        for node in self._fullest_first():
            steps = [
                step
                for i in self.problem.movable_on(self.placement, node)
                for step in self._steps(int(i), int(node), start)
                if step.delta < -self.worth
            ]
            if steps:
                return min(steps, key=lambda s: (s.delta, s.instance, s.to))
        return None

    def take(self, step: Step) -> None:
        """Do a step."""
        demand = self.imbalance.dimensions.demand
        source = self.placement.move(step.instance, step.to)
        self.load[source] -= demand[step.instance]
        self.load[step.to] += demand[step.instance]
        if step.other >= 0:
            self.placement.move(step.other, source)
            self.load[step.to] -= demand[step.other]
            self.load[source] += demand[step.other]

    def _steps(self, i: int, node: int, start: Placement) -> list[Step]:
        if not self._affordable([i], start):
            return []
        found = self._shift(i, node)
        if found is None:
            found = self._swap(i, node, start)
        return [] if found is None else [found]

    def _fullest_first(self) -> Ints:
        capacity = np.where(
            self.imbalance.judged, self.imbalance.dimensions.capacity, 0.0
        )
        mean = self.load.sum(axis=0, where=self.imbalance.judged)
        mean = mean * self.imbalance.weight * capacity.shape[1]
        above = np.maximum(self.utilization - mean, 0.0)
        excess = (capacity * above**2) @ self.imbalance.weight
        order = np.lexsort((np.arange(len(excess)), -excess))
        fullest: Ints = order[excess[order] > 0]
        return fullest

    def _below_peak(self, added: Floats, nodes: Ints) -> Bools:
        """bool[n]: nodes that stay at or below the peak with that added."""
        share = (self.load[nodes] + added) / self.imbalance.capacity[nodes]
        below: Bools = (share <= self.peak + 1e-12).all(axis=1)
        return below

    def _affordable(self, instances: list[int], start: Placement) -> bool:
        most = self.problem.max_migrations
        if most is None:
            return True
        away = self.placement.node_of != start.node_of
        new = sum(not away[i] for i in instances)
        return int(away.sum()) + new <= most

    def _shift(self, i: int, node: int) -> Step | None:
        nodes = np.flatnonzero(
            self.problem.destinations(self.placement, i)
            & self.imbalance.judged.any(axis=1)
        )
        demand = self.imbalance.dimensions.demand[i]
        nodes = nodes[self._below_peak(demand, nodes)]
        if not len(nodes):
            return None
        deltas = self.imbalance.shift_deltas(self.load, i, node)[nodes]
        best = int(deltas.argmin())
        if deltas[best] >= -self.worth:
            return None
        return Step(float(deltas[best]), i, int(nodes[best]))

    def _swap(self, i: int, node: int, start: Placement) -> Step | None:
        """Trade places with a smaller instance on an emptier node."""
        others, at = self._partners(i)
        if not len(others):
            return None
        deltas = self.imbalance.swap_deltas(self.load, i, node, others, at)
        # A swap is two migrations and has to be worth both.
        for k in np.argsort(deltas, kind='stable')[:5]:
            if deltas[k] >= -2 * self.worth:
                break
            other, to = int(others[k]), int(at[k])
            if self._swappable(i, other, start):
                return Step(float(deltas[k]), i, to, other)
        return None

    def _partners(self, i: int) -> tuple[Ints, Ints]:
        judged = self.imbalance.judged.any(axis=1) & self.problem.open_nodes
        fullness = np.where(self.imbalance.judged, self.utilization, 0.0).sum(
            axis=1
        )
        nodes = np.flatnonzero(judged)
        order = np.lexsort((nodes, fullness[nodes]))
        near = np.zeros(len(judged), dtype=np.bool_)
        near[nodes[order][:SWAP_NODES]] = True
        near[self.placement.node_of[i]] = False
        others = np.flatnonzero(
            self.problem.movable & near[self.placement.node_of]
        )
        at = self.placement.node_of[others]
        demand = self.imbalance.dimensions.demand
        net = demand[i] - demand[others]
        here = np.full(len(others), self.placement.node_of[i])
        keeps = self._below_peak(net, at) & self._below_peak(-net, here)
        return others[keeps], at[keeps]

    def _swappable(self, i: int, other: int, start: Placement) -> bool:
        """Whether both fit once both have left."""
        placement, problem = self.placement, self.problem
        if not self._affordable([i, other], start):
            return False
        source, to = int(placement.node_of[i]), int(placement.node_of[other])
        placement.move(other, -1)
        fits = bool(problem.destinations(placement, i)[to])
        if fits:
            placement.move(i, to)
            fits = self._fits_back(other, source)
            placement.move(i, source)
        placement.move(other, to)
        return fits

    def _fits_back(self, other: int, source: int) -> bool:
        nodes = self.problem.destinations(self.placement, other)
        return bool(nodes[source])
