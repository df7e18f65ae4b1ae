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

"""Find room for instances: best fit or best balance, with one eviction.

Placing the largest first on the node where it leaves the least room is
best fit decreasing for vectors (Panigrahy, Talwar, Uyeda and Wieder,
"Heuristics for Vector Bin Packing", 2011).
"""

from __future__ import annotations

import itertools

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.problem import Problem


# Cost of every node as the destination of an instance, float64[n_nodes].
Cost = Callable[[Placement, int], Floats]

# Evictions looked at per instance; more rarely helps and costs time.
MAX_EVICTIONS = 200

# Evicting several: the sets tried, the nodes they are on, of how many
# instances they are made and how many these are.
MAX_CLEARINGS = 400
MAX_CLEARED_NODES = 40
MAX_LEAVERS = 8
MAX_GROUP = 4


class Filler:
    """Places instances one by one and can take everything back.

    :param deep: evict several instances from one node if it must be
    :ivar trail: the moves made, as (instance, node it was on)
    """

    def __init__(
        self,
        problem: Problem,
        placement: Placement,
        cost: Cost,
        deep: bool = False,
    ) -> None:
        self.problem = problem
        self.placement = placement
        self.trail: list[tuple[int, int]] = []
        self._cost = cost
        self._deep = deep
        self._anywhere: Bools = np.ones(
            problem.cluster.n_nodes, dtype=np.bool_
        )
        self._where = self._anywhere

    def place_all(self, instances: Sequence[int]) -> bool:
        """Place all or none; whether they found room."""
        mark = len(self.trail)
        for instance_idx in instances:
            if not self.place(instance_idx):
                self.undo(mark)
                return False
        return True

    def place(self, instance_idx: int, where: Bools | None = None) -> bool:
        """Place one, evicting one other instance if it must be.

        :param where: bool[n_nodes], where it may go; None for anywhere
        """
        if self.problem.out_of_time:
            return False
        self._where = self._anywhere if where is None else where
        try:
            return (
                self._direct(instance_idx, self._where)
                or self._evicting(instance_idx)
                or (self._deep and self._clearing(instance_idx))
                or (self._deep and self._evicting(instance_idx, larger=True))
            )
        finally:
            self._where = self._anywhere

    def undo(self, mark: int = 0) -> None:
        """Take back all moves after a mark."""
        while len(self.trail) > mark:
            instance_idx, node_idx = self.trail.pop()
            self.placement.move(instance_idx, node_idx)

    def _move(self, instance_idx: int, node_idx: int) -> None:
        before = self.placement.move(instance_idx, node_idx)
        self.trail.append((instance_idx, before))

    def _direct(self, instance_idx: int, where: Bools) -> bool:
        nodes = self.problem.destinations(self.placement, instance_idx)
        nodes &= where
        if not nodes.any():
            return False
        cost = self._cost(self.placement, instance_idx)
        self._move(instance_idx, int(np.where(nodes, cost, np.inf).argmin()))
        return True

    def _evicting(self, instance_idx: int, larger: bool = False) -> bool:
        for other, node_idx in self._evictions(instance_idx, larger):
            if self.problem.out_of_time:
                break
            mark = len(self.trail)
            if self._direct(other, self._but(node_idx)):
                if self._fits_now(instance_idx, node_idx):
                    self._move(instance_idx, node_idx)
                    return True
                self.undo(mark)
        return False

    def _clearing(self, instance_idx: int) -> bool:
        """Evict several instances from one node."""
        tried = 0
        for node_idx in self._least_missing(instance_idx):
            for group in self._groups(instance_idx, node_idx):
                tried += 1
                if tried > MAX_CLEARINGS or self.problem.out_of_time:
                    return False
                mark = len(self.trail)
                if all(self._direct(i, self._but(node_idx)) for i in group):
                    if self._fits_now(instance_idx, node_idx):
                        self._move(instance_idx, node_idx)
                        return True
                self.undo(mark)
        return False

    def _but(self, node_idx: int) -> Bools:
        nodes = self._anywhere.copy()
        nodes[node_idx] = False
        return nodes

    def _missing(self, instance_idx: int) -> Ints:
        """int64[n_nodes, n_rc]: what an instance misses on each node."""
        need = self.problem.cluster.demand[instance_idx]
        free = self.problem.limit - self.placement.used
        missing: Ints = np.where(need > 0, np.maximum(need - free, 0), 0)
        return missing

    def _least_missing(self, instance_idx: int) -> list[int]:
        """The nodes where the least room would have to be made."""
        problem = self.problem
        need = np.maximum(problem.cluster.demand[instance_idx], 1)
        share = (self._missing(instance_idx) / need).sum(axis=1)
        rules = problem.rules
        eligible = rules.eligible[rules.class_of[instance_idx]]
        nodes = np.flatnonzero(problem.open_nodes & eligible & self._where)
        order = nodes[np.lexsort((nodes, share[nodes]))]
        chosen: list[int] = order[:MAX_CLEARED_NODES].tolist()
        return chosen

    def _groups(
        self, instance_idx: int, node_idx: int
    ) -> Iterator[tuple[int, ...]]:
        """Sets of instances whose leaving makes enough room, small first."""
        demand = self.problem.cluster.demand
        need = self._missing(instance_idx)[node_idx]
        leavers = self.problem.movable_on(self.placement, node_idx)
        large = leavers[:MAX_LEAVERS].tolist()
        for size in range(2, MAX_GROUP + 1):
            for group in itertools.combinations(large, size):
                if (demand[list(group)].sum(axis=0) >= need).all():
                    yield group

    def _fits_now(self, instance_idx: int, node_idx: int) -> bool:
        return bool(
            self.problem.destinations(self.placement, instance_idx)[node_idx]
        )

    def _evictions(
        self, instance_idx: int, larger: bool
    ) -> list[tuple[int, int]]:
        """Pairs (other instance, its node) that would make enough room.

        :param larger: whether those that are not smaller; they need as much
            room themselves
        """
        problem, placement = self.problem, self.placement
        cluster, rules = problem.cluster, problem.rules
        nodes = (
            problem.open_nodes
            & self._where
            & rules.eligible[rules.class_of[instance_idx]]
        )
        nodes[placement.node_of[instance_idx]] = False
        others = np.flatnonzero(problem.movable & nodes[placement.node_of])
        size = problem.size
        others = others[(size[others] >= size[instance_idx]) == larger]
        at = placement.node_of[others]
        need = cluster.demand[instance_idx]
        free = problem.limit[at] - placement.used[at] + cluster.demand[others]
        enough = ((free >= need) | (need == 0)).all(axis=1)
        others = others[enough]
        order = np.lexsort((others, cluster.memory_mb[others]))
        chosen = others[order][:MAX_EVICTIONS]
        return [(int(o), int(placement.node_of[o])) for o in chosen]


def tightest(problem: Problem) -> Cost:
    """Return the cost of best fit: how much room would be left."""
    capacity = np.maximum(problem.limit, 1).astype(np.float64)

    def cost(placement: Placement, instance_idx: int) -> Floats:
        left = problem.limit - placement.used
        left = left - problem.cluster.demand[instance_idx]
        room: Floats = (left / capacity).sum(axis=1)
        return room

    return cost
