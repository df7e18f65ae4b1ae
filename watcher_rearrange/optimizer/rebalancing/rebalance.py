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

# Of the swaps that would help, how many are looked at for room.
SWAPS_TRIED = 5


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
    walkable: bool = False,
) -> Placement:
    """Return a better balanced placement, or the same one.

    :param walkable: only swaps that can be made then and there, if need be
        with one of the two on a third node for a while
    """
    search = _Descent(problem, placement.copy(), imbalance)
    search.walkable = walkable
    while not problem.out_of_time:
        if imbalance.reached(search.load, threshold_pct):
            break
        step = search.best_step()
        if step is None:
            break
        search.take(step)
    return search.placement


def pruned(
    problem: Problem,
    start: Placement,
    placement: Placement,
    imbalance: Imbalance,
    threshold_pct: float,
) -> Placement:
    """Return a placement without the moves that the threshold can do without.

    What helps least goes home first.
    """
    now = placement.copy()
    load = imbalance.load(now)
    while not problem.out_of_time:
        found = []
        for i in np.flatnonzero(now.node_of != start.node_of).tolist():
            home, here = int(start.node_of[i]), int(now.node_of[i])
            if problem.destinations(now, i)[home]:
                delta = imbalance.shift_deltas(load, i, here)[home]
                found.append((float(delta), i))
        for _, i in sorted(found):
            after = _returned(imbalance, load, (start, now), i)
            if imbalance.reached(after, threshold_pct):
                load = after
                now.move(i, int(start.node_of[i]))
                break
        else:
            break
    return now


def _returned(
    imbalance: Imbalance,
    load: Floats,
    placements: tuple[Placement, Placement],
    instance: int,
) -> Floats:
    """The load when an instance is home again."""
    start, now = placements
    after = load.copy()
    demand = imbalance.dimensions.demand[instance]
    after[now.node_of[instance]] -= demand
    after[start.node_of[instance]] += demand
    return after


class _Descent:
    """The placement on its way down, with what each step looks at.

    The load follows the placement; what is derived from it (shares, the
    peak, whom to swap with) is made anew once a step.
    """

    def __init__(
        self, problem: Problem, placement: Placement, imbalance: Imbalance
    ) -> None:
        self.problem = problem
        self.placement = placement
        self.imbalance = imbalance
        self.load = imbalance.load(placement)
        self._demand = imbalance.dimensions.demand
        self._start = placement.node_of.copy()
        self._away = np.zeros(len(self._start), dtype=np.bool_)
        self._judged = imbalance.judged.any(axis=1)
        judged = max(1, int(self._judged.sum()))
        self._worth = WORTH_PCT2 / 1e4 / judged
        self.walkable = False

    def best_step(self) -> Step | None:
        """Return the best step worth taking, or None at the optimum."""
        self._look()
        for node in self._fullest_first():
            if self.problem.out_of_time:
                break
            steps = [
                step
                for i in self.problem.movable_on(self.placement, node)
                if (step := self._step(int(i), int(node))) is not None
            ]
            if steps:
                return min(steps, key=lambda s: (s.delta, s.instance, s.to))
        return None

    def take(self, step: Step) -> None:
        """Do a step."""
        source = int(self.placement.node_of[step.instance])
        self._move(step.instance, step.to)
        if step.other >= 0:
            self._move(step.other, source)

    def _move(self, i: int, node: int) -> None:
        source = self.placement.move(i, node)
        self.load[source] -= self._demand[i]
        self.load[node] += self._demand[i]
        self._away[i] = node != self._start[i]

    def _look(self) -> None:
        judged = self.imbalance.judged
        share = np.where(judged, self.load / self.imbalance.capacity, 0.0)
        self._share = share
        self._peak = share.max(axis=0, initial=0.0)
        nodes = np.flatnonzero(self._judged & self.problem.open_nodes)
        order = np.lexsort((nodes, share.sum(axis=1)[nodes]))
        near = np.zeros(len(judged), dtype=np.bool_)
        near[nodes[order][:SWAP_NODES]] = True
        self._others = np.flatnonzero(
            self.problem.movable & near[self.placement.node_of]
        )
        self._others_at = self.placement.node_of[self._others]
        most = self.problem.max_migrations
        count = int(self._away.sum())
        self._left = len(self._away) if most is None else most - count

    def _step(self, i: int, node: int) -> Step | None:
        if not self._affordable(i):
            return None
        return self._shift(i, node) or self._swap(i, node)

    def _affordable(self, *instances: int) -> bool:
        return sum(not self._away[i] for i in instances) <= self._left

    def _fullest_first(self) -> Ints:
        capacity = np.where(
            self.imbalance.judged, self.imbalance.dimensions.capacity, 0.0
        )
        mean = self.load.sum(axis=0, where=self.imbalance.judged)
        mean = mean * self.imbalance.weight * capacity.shape[1]
        above = np.maximum(self._share - mean, 0.0)
        excess = (capacity * above**2) @ self.imbalance.weight
        order = np.lexsort((np.arange(len(excess)), -excess))
        fullest: Ints = order[excess[order] > 0]
        return fullest

    def _below_peak(self, added: Floats, nodes: Ints) -> Bools:
        """bool[n]: nodes that stay at or below the peak with that added.

        A node that is not judged in a dimension must get nothing of it:
        that would change what the others are measured against.
        """
        share = (self.load[nodes] + added) / self.imbalance.capacity[nodes]
        judged = self.imbalance.judged[nodes] | (added == 0)
        below: Bools = ((share <= self._peak + 1e-12) & judged).all(axis=1)
        return below

    def _shift(self, i: int, node: int) -> Step | None:
        nodes = np.flatnonzero(
            self.problem.destinations(self.placement, i) & self._judged
        )
        nodes = nodes[self._below_peak(self._demand[i], nodes)]
        if not len(nodes):
            return None
        deltas = self.imbalance.shift_deltas(self.load, i, node)[nodes]
        best = int(deltas.argmin())
        if deltas[best] >= -self._worth:
            return None
        return Step(float(deltas[best]), i, int(nodes[best]))

    def _swap(self, i: int, node: int) -> Step | None:
        """Trade places with an instance on an emptier node."""
        others, at = self._others, self._others_at
        deltas = self.imbalance.swap_deltas(self.load, i, node, others, at)
        # A swap is two migrations and has to be worth both.
        deltas[at == node] = np.inf
        worth = np.flatnonzero(deltas < -2 * self._worth)
        if not len(worth):
            return None
        worth = worth[self._keeps_peak(i, node, others[worth], at[worth])]
        order = worth[np.argsort(deltas[worth], kind='stable')]
        for k in order[:SWAPS_TRIED]:
            if self._swappable(i, int(others[k])) and (
                not self.walkable or self._in_turn(i, int(others[k]))
            ):
                return Step(float(deltas[k]), i, int(at[k]), int(others[k]))
        return None

    def _keeps_peak(self, i: int, node: int, others: Ints, at: Ints) -> Bools:
        net = self._demand[i] - self._demand[others]
        here = np.full(len(others), node)
        return self._below_peak(net, at) & self._below_peak(-net, here)

    def _swappable(self, i: int, other: int) -> bool:
        """Whether both fit once both have left."""
        placement, problem = self.placement, self.problem
        if not self._affordable(i, other):
            return False
        source, to = int(placement.node_of[i]), int(placement.node_of[other])
        placement.move(other, -1)
        fits = bool(problem.destinations(placement, i)[to])
        if fits:
            placement.move(i, to)
            fits = bool(problem.destinations(placement, other)[source])
            placement.move(i, source)
        placement.move(other, to)
        return fits

    def _in_turn(self, i: int, other: int) -> bool:
        """Whether one of the two can leave before the other has."""
        nodes = [
            self.problem.destinations(self.placement, k) for k in (i, other)
        ]
        return bool(nodes[0].any() or nodes[1].any())
