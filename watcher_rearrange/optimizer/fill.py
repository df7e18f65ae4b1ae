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

from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.problem import Problem


# Cost of every node as the destination of an instance, float64[n_nodes].
Cost = Callable[[Placement, int], Floats]

# Evictions looked at per instance; more rarely helps and costs time.
MAX_EVICTIONS = 200


class Filler:
    """Places instances one by one and can take everything back.

    :ivar trail: the moves made, as (instance, node it was on)
    """

    def __init__(
        self, problem: Problem, placement: Placement, cost: Cost
    ) -> None:
        self.problem = problem
        self.placement = placement
        self.trail: list[tuple[int, int]] = []
        self._cost = cost

    def place_all(self, instances: Sequence[int]) -> bool:
        """Place all or none; whether they found room."""
        mark = len(self.trail)
        for instance_idx in instances:
            if not self.place(instance_idx):
                self.undo(mark)
                return False
        return True

    def place(self, instance_idx: int) -> bool:
        """Place one, evicting one other instance if it must be."""
        if self.problem.out_of_time:
            return False
        return self._direct(instance_idx) or self._evicting(instance_idx)

    def undo(self, mark: int = 0) -> None:
        """Take back all moves after a mark."""
        while len(self.trail) > mark:
            instance_idx, node_idx = self.trail.pop()
            self.placement.move(instance_idx, node_idx)

    def _move(self, instance_idx: int, node_idx: int) -> None:
        before = self.placement.move(instance_idx, node_idx)
        self.trail.append((instance_idx, before))

    def _direct(self, instance_idx: int, but: int = -1) -> bool:
        nodes = self.problem.destinations(self.placement, instance_idx)
        if but >= 0:
            nodes[but] = False
        if not nodes.any():
            return False
        cost = self._cost(self.placement, instance_idx)
        self._move(instance_idx, int(np.where(nodes, cost, np.inf).argmin()))
        return True

    def _evicting(self, instance_idx: int) -> bool:
        for other, node_idx in self._evictions(instance_idx):
            if self.problem.out_of_time:
                break
            mark = len(self.trail)
            if self._direct(other, but=node_idx):
                if self._fits_now(instance_idx, node_idx):
                    self._move(instance_idx, node_idx)
                    return True
                self.undo(mark)
        return False

    def _fits_now(self, instance_idx: int, node_idx: int) -> bool:
        return bool(
            self.problem.destinations(self.placement, instance_idx)[node_idx]
        )

    def _evictions(self, instance_idx: int) -> list[tuple[int, int]]:
        """Pairs (smaller instance, its node) that would make enough room."""
        problem, placement = self.problem, self.placement
        cluster, rules = problem.cluster, problem.rules
        nodes = (
            problem.open_nodes & rules.eligible[rules.class_of[instance_idx]]
        )
        nodes[placement.node_of[instance_idx]] = False
        others = np.flatnonzero(problem.movable & nodes[placement.node_of])
        size = problem.size
        others = others[size[others] < size[instance_idx]]
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
