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

"""The consolidation strategy on one cluster."""

from __future__ import annotations

import time

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from watcher_rearrange.constraints.movability import OWN_REASON
from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.objectives.active_nodes import ActiveNodeCost
from watcher_rearrange.objectives.active_nodes import ActiveNodes
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.optimizer.consolidation import consolidate
from watcher_rearrange.optimizer.consolidation.bound import Volumes
from watcher_rearrange.optimizer.consolidation.consolidate import Result
from watcher_rearrange.optimizer.consolidation.separate import Separate
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.consolidation.task import emptiable
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import node_limits
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.job import ServiceChange
from watcher_rearrange.policies.consolidate import ConsolidatePolicy


# What the bounds may take.
BOUND_S = 5.0

TINY = 1e-6

FREED = f'{OWN_REASON}: freed by consolidation'


class Consolidation(Job):
    """Empty as many nodes as possible and switch them off for Nova.

    :raises BadInput: for a headroom on an unknown resource class
    """

    def __init__(self, cluster: Cluster, policy: ConsolidatePolicy) -> None:
        super().__init__(cluster, policy)
        self._policy = policy
        wanted = policy.max_utilization_pct
        problems = node_limits.unknown_classes(cluster, wanted)
        if problems:
            raise errors.BadInput(problems)
        self._limit = node_limits.headroom(cluster, wanted)
        self._start = Placement(cluster)
        nothing = np.zeros(cluster.n_instances, dtype=np.bool_)
        can_empty = emptiable(self.problem(nothing, None), self._start)
        self._can_empty = can_empty
        judged = cluster.receives | can_empty
        self._active = ActiveNodes(
            cluster,
            self._limit,
            fixed=occupied(self._start) & ~can_empty,
            nodes=judged,
        )
        costs = node_limits.costs(cluster, policy.node_costs)
        self._cost = np.where(judged, costs, 0.0)
        self._price = ActiveNodeCost(self._cost)
        self._fewest: dict[float, int] = {}

    def limit(self) -> Ints:
        """Return int64[n_nodes, n_rc]: capacity less headroom."""
        return self._limit

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Empty further nodes, or whose cost is more."""
        task = Task(problem, placement, self._cost, self._least, self.seed)
        # A limit is one of the whole: its parts depend on each other.
        limited = problem.max_migrations is not None or self._is_partial
        search = consolidate.improve if limited else self._separate.improve
        result = search(task)
        if (placement.node_of == self._start.node_of).all():
            self._learn(problem, result)
        return result.placement

    def objectives(self) -> list[Objective]:
        """Return the active nodes, where they have costs after these."""
        self._first.prove(self._least)
        if self._policy.node_costs:
            return [self._price, self._active]
        return [self._active]

    def fewest_migrations(self, start: Placement, end: Placement) -> int:
        """Return how many it takes until the nodes in use cost as little.

        At least those on nodes that are cheap to empty, such that the rest
        can hold the demand; or what the programme has proved.
        """
        value = self._price.value(end)
        # What it takes to come down to more, it takes to come down further.
        proved = [n for v, n in self._fewest.items() if v >= value - TINY]
        until = time.monotonic() + BOUND_S
        return max(*proved, 0, self._separate.fewest_migrations(value, until))

    def is_optimal(
        self, table: list[ObjectiveValue], path: Path, fewest: int
    ) -> bool:
        """Whether the first objective cannot be better, nor the path."""
        return super().is_optimal(table[:1], path, fewest)

    @property
    def _first(self) -> ActiveNodes | ActiveNodeCost:
        return self._price if self._policy.node_costs else self._active

    @property
    def _is_partial(self) -> bool:
        """Whether no more nodes are to be freed than are asked for."""
        most = self._policy.max_freed_nodes
        return most is not None and not self._policy.node_costs

    @cached_property
    def _separate(self) -> Separate:
        nothing = np.zeros(self.cluster.n_instances, dtype=np.bool_)
        volumes = Volumes(
            self.cluster,
            self._limit,
            self._can_empty,
            self.open_nodes(),
            self._cost,
        )
        return Separate(self.problem(nothing, None), self._start, volumes)

    @cached_property
    def _least(self) -> float:
        """What the nodes in use cost at least, or as little as is asked."""
        least = self._separate.least_cost(time.monotonic() + BOUND_S)
        if not self._is_partial:
            return least
        most = self._policy.max_freed_nodes or 0
        return max(least, self._price.value(self._start) - most)

    def _learn(self, problem: Problem, result: Result) -> None:
        """Remember what is proved of every plan from the start."""
        if problem.max_migrations != self.max_migrations:
            return
        self._first.prove(result.cost)
        if result.migrations is not None:
            value = round(self._price.value(result.placement), 6)
            self._fewest[value] = result.migrations

    def reason(self, move: Move, end: Placement) -> str:
        """Return which node it empties, or where it makes room."""
        source = self.cluster.hostname(move.source)
        if (end.node_of == move.source).any():
            return f'makes room on {source}'
        return f'empties {source}'

    def useful(self, moves: Sequence[Move], end: Placement) -> list[bool]:
        """Return which moves leave a node that ends empty."""
        used = occupied(end)
        return [not used[move.source] for move in moves]

    def services(self, end: Placement) -> list[ServiceChange]:
        """Return the freed nodes but for the spare ones, largest spared."""
        if not self._policy.disable_freed_nodes:
            return []
        empty = self.cluster.receives & ~occupied(end)
        freed = np.flatnonzero(empty & occupied(self._start))
        size = Dimensions.of(self.cluster, self.cluster.real_classes).capacity
        share = size[freed] / np.maximum(size.max(axis=0, initial=1), 1)
        order = freed[np.lexsort((freed, share.sum(axis=1)))]
        count = max(0, int(empty.sum()) - self._policy.spare_nodes)
        return [
            ServiceChange(int(node), FREED, first=False)
            for node in sorted(order[:count])
        ]
