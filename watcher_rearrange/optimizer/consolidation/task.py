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

"""What a consolidation is asked for, and how its results compare."""

from __future__ import annotations

import dataclasses

from functools import cached_property

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.counts import are_exact
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.group import Group
from watcher_rearrange.optimizer.reductions.group import Kinds


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """Nodes to be emptied, as cheaply as possible.

    :ivar start: where all are before the plan
    :ivar cost: float64[n_nodes], of a node in use; 0 if it is not judged
    :ivar bound: no placement has nodes in use that cost less
    :ivar most: nodes that may be in use; None for as many as at the start
    """

    problem: Problem
    start: Placement
    cost: Floats
    bound: float
    seed: int = 0
    most: int | None = None

    def value(self, placement: Placement) -> float:
        """Return what the nodes in use cost."""
        return float(self.cost[occupied(placement)].sum())

    def rank(self, placement: Placement) -> tuple[float, int, int]:
        """Return what placements are compared by; less is better."""
        moved = placement.node_of != self.start.node_of
        return (
            round(self.value(placement), 6),
            int(moved.sum()),
            int(placement.cluster.memory_mb[moved].sum()),
        )

    def is_within(self, placement: Placement) -> bool:
        """Whether no more are moved than may be."""
        if self.problem.max_migrations is None:
            return True
        moved = int((placement.node_of != self.start.node_of).sum())
        return moved <= self.problem.max_migrations

    @cached_property
    def count(self) -> Ints:
        """int64[n_nodes]: the instances on each node at the start."""
        here = self.start.node_of[self.start.node_of >= 0]
        return np.bincount(here, minlength=self.problem.cluster.n_nodes)

    @cached_property
    def kinds(self) -> Kinds:
        """The kinds at the start, not told apart by groups."""
        return Group(grouped=False).apply(self.problem, self.start)

    @cached_property
    def scarcity(self) -> Floats:
        """float64[n_rc]: how full each class is, the fullest 1."""
        total = np.maximum(self.problem.limit.sum(axis=0), 1)
        share = self.start.used.sum(axis=0) / total
        scarcity: Floats = share / max(1e-9, share.max(initial=0.0))
        return scarcity

    @cached_property
    def is_relaxed(self) -> bool:
        """Whether what no counts can do, no plan can do."""
        if self.problem.frozen.any():
            return False
        return are_exact(self.problem, self.start)


@dataclasses.dataclass(frozen=True, eq=False)
class Result:
    """A placement, and what is proved of all.

    :ivar cost: no placement has nodes in use that cost less
    :ivar migrations: none that costs as little as this one takes fewer;
        None if that is not known
    """

    placement: Placement
    cost: float
    migrations: int | None = None


def emptiable(problem: Problem, placement: Placement) -> Bools:
    """Return bool[n_nodes]: in use, and everything on it can be moved."""
    stuck = np.zeros(problem.cluster.n_nodes, dtype=np.bool_)
    stuck[placement.node_of[~problem.movable]] = True
    stuck |= problem.cluster.held.any(axis=1)
    return occupied(placement) & ~stuck
