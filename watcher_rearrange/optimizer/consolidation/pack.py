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

"""Pack the instances of many nodes into others, kind by kind.

Largest kind first, each on the nodes whose room is most like it in
proportion, a part of the kind at a time, because filling changes the
proportions: so no memory is stranded on nodes that have no vCPU left.

Source: Panigrahy, Talwar, Uyeda and Wieder, Heuristics for Vector Bin
Packing, 2011 (the dot product, here of unit vectors).
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.group import Kinds


# The parts in which a kind is placed.
PARTS = 8


class Packer:
    """Empties nodes of a placement into those in use.

    :param kinds: of that placement, not told apart by their groups
    """

    def __init__(
        self, problem: Problem, placement: Placement, kinds: Kinds
    ) -> None:
        self._problem = problem
        self._placement = placement
        self._kinds = kinds
        # A cluster may have no node, and all limits may be 0.
        total = np.maximum(problem.limit.sum(axis=0), 1)
        self._mean = total / max(1, problem.cluster.n_nodes)
        self._share = kinds.demand / self._mean

    def pack(
        self, emptied: Bools, receives: Bools, weight: Floats
    ) -> Placement | None:
        """Return the placement; None if somebody found no room.

        :param emptied: bool[n_nodes], to be emptied
        :param receives: bool[n_nodes], that may be filled
        :param weight: float64[n_rc], how much each resource class counts
        """
        result = self._placement.copy()
        nodes = np.flatnonzero(receives & ~emptied)
        pool = np.flatnonzero(emptied[result.node_of] & (self._kinds.of >= 0))
        pool = pool[np.argsort(self._kinds.of[pool], kind='stable')]
        kinds, first = np.unique(self._kinds.of[pool], return_index=True)
        groups = dict(
            zip(kinds.tolist(), np.split(pool, first[1:]), strict=True)
        )
        size = (self._share * weight).max(axis=1, initial=0.0)
        for kind in sorted(groups, key=lambda k: (-size[k], k)):
            if not self._place(result, groups[kind], nodes, weight):
                return None
        return result

    def _place(
        self, result: Placement, who: Ints, nodes: Ints, weight: Floats
    ) -> bool:
        """Place instances of one kind; return whether all found room."""
        groups = self._problem.rules.groups
        for idx in who.tolist():
            if groups.of(idx) and not self._place_member(
                result, idx, nodes, weight
            ):
                return False
        others = np.array(
            [i for i in who.tolist() if not groups.of(i)], dtype=np.int64
        )
        kind = int(self._kinds.of[who[0]])
        part = -(-len(others) // PARTS)
        while len(others):
            order, fits = self._room(result, kind, nodes, weight)
            homes = order[fits > 0][: min(part, len(others))]
            if not len(homes):
                return False
            self._take(result, others[: len(homes)], homes)
            others = others[len(homes) :]
        return True

    def _take(self, result: Placement, who: Ints, homes: Ints) -> None:
        """Move instances of a kind, each to a node of its own."""
        demand = self._problem.cluster.demand[who]
        np.subtract.at(result.used, result.node_of[who], demand)
        result.used[homes] += demand
        result.node_of[who] = homes

    def _place_member(
        self, result: Placement, idx: int, nodes: Ints, weight: Floats
    ) -> bool:
        kind = int(self._kinds.of[idx])
        order, fits = self._room(result, kind, nodes, weight)
        permitted = self._problem.rules.groups.permitted(result, idx)
        possible = order[(fits > 0) & permitted[order]]
        if len(possible):
            result.move(idx, int(possible[0]))
        return bool(len(possible))

    def _room(
        self, result: Placement, kind: int, nodes: Ints, weight: Floats
    ) -> tuple[Ints, Ints]:
        """The nodes, the most alike first, and how many of a kind fit."""
        nodes = nodes[self._kinds.allowed[kind, nodes]]
        free = self._problem.limit[nodes] - result.used[nodes]
        demand = self._kinds.demand[kind]
        asked = demand > 0
        fits = (free[:, asked] // demand[asked]).min(
            axis=1, initial=self._problem.cluster.n_instances
        )
        room = np.maximum(free, 0) / self._mean
        length = np.sqrt((room**2) @ weight)
        like = (room @ (weight * self._share[kind])) / np.maximum(length, 1e-9)
        order = np.argsort(-like, kind='stable')
        return nodes[order], fits[order]
