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
"""The optimization strategy on one cluster: objectives as composed."""

from __future__ import annotations

import dataclasses
import logging
import time

from collections.abc import Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np

from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.objectives.active_nodes import ActiveNodes
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.objectives.peak import PeakUtilization
from watcher_rearrange.optimizer.consolidation import consolidate
from watcher_rearrange.optimizer.consolidation.bound import Volumes
from watcher_rearrange.optimizer.consolidation.task import emptiable
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.search import bridge
from watcher_rearrange.optimizer.search import engine
from watcher_rearrange.optimizer.search import levels
from watcher_rearrange.optimizer.search.budget import Budget
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import node_limits
from watcher_rearrange.planning.aims import MB_PER_GB
from watcher_rearrange.planning.aims import Aims
from watcher_rearrange.planning.composition import Composition
from watcher_rearrange.planning.composition import Ends
from watcher_rearrange.planning.composition import Task
from watcher_rearrange.planning.job import Job
from watcher_rearrange.policies.optimize import OptimizePolicy


Row = TypeVar('Row')

LOG = logging.getLogger(__name__)

# What the bounds may take.
BOUND_S = 5.0

# Steps of the engine for each instance that may move, within limits.
STEPS_PER_INSTANCE = 4
FEWEST_STEPS = 400
MOST_STEPS = 6000

# Progress is told at most so often.
REPORT_S = 2.0


class Optimization(Job):
    """Make composed objectives small, one level after the other.

    :raises BadInput: for a term that the cluster has no such thing for
    """

    def __init__(self, cluster: Cluster, policy: OptimizePolicy) -> None:
        super().__init__(cluster, policy)
        self._policy = policy
        wanted = policy.max_utilization_pct
        problems = node_limits.unknown_classes(cluster, wanted)
        self._limit = node_limits.headroom(cluster, wanted)
        self._start = Placement(cluster)
        self._told_s = time.monotonic()
        self._ends: Ends | None = None
        aims = Aims(self.rules, self._limit, self._least_cost)
        try:
            self._composed = Composition.of(policy.levels, aims)
        except errors.BadInput as error:
            problems += error.problems
        if problems:
            raise errors.BadInput(problems)

    def limit(self) -> Ints:
        """Return int64[n_nodes, n_rc]: capacity less headroom."""
        return self._limit

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Minimise level by level; undo what brings nothing any more."""
        search = self._search(problem, placement)
        node_of = levels.minimise(self._levels(problem, search), search)
        if (placement.node_of != self._start.node_of).any():
            node_of = self._without_useless(problem, node_of)
        return Placement(self.cluster, node_of)

    def objectives(self) -> list[Objective]:
        """Return nothing: :meth:`table` has the levels and their terms."""
        return []

    def table(self, start: Placement, end: Placement) -> list[ObjectiveValue]:
        """Return levels and terms, then what other strategies show too."""
        rows = self._composed.table(start, end)
        known = {row.name for row in rows}
        return [*rows, *self._others(start, end, known)]

    def levels_in(self, table: Sequence[Row]) -> list[Row]:
        """Return those rows of a table that say what a level is worth."""
        return self._composed.level_rows(table)

    def is_better(self, table: Sequence[ObjectiveValue]) -> bool:
        """Whether the first level that changes gets better."""
        return self._composed.compare(table) < 0

    def is_worse(self, table: Sequence[ObjectiveValue]) -> bool:
        """Whether the first level that changes gets worse."""
        return self._composed.compare(table) > 0

    def is_optimal(
        self, table: list[ObjectiveValue], path: Path, fewest: int
    ) -> bool:
        """Whether every level is at its bound, and the path is direct."""
        direct = path.complete and len(path.moves) == fewest
        return direct and self._composed.at_bound(table)

    def reason(self, move: Move, end: Placement) -> str:
        """Return what would be worse if the instance were still there."""
        if self._ends is None or (self._ends.node_of != end.node_of).any():
            self._ends = Ends(self._composed, self._start.node_of, end.node_of)
        home = int(self._start.node_of[move.instance])
        return self._ends.gain(move.instance, home) or 'makes room for others'

    def _others(
        self, start: Placement, end: Placement, known: set[str]
    ) -> list[ObjectiveValue]:
        """What no level is about, for comparison."""
        return [
            ObjectiveValue(
                shown.name,
                round(shown.value(start), 6),
                round(shown.value(end), 6),
                shown.lower_bound(),
                shown.unit,
            )
            for shown in self._shown
            if shown.name not in known
        ]

    @cached_property
    def _shown(self) -> list[Objective]:
        cluster = self.cluster
        judged = cluster.receives
        every = Dimensions.of(cluster, cluster.real_classes)
        nothing = np.zeros(cluster.n_nodes, dtype=np.bool_)
        return [
            ActiveNodes(cluster, self._limit, nothing, judged),
            PeakUtilization(Imbalance(every, judged)),
        ]

    def _levels(
        self, problem: Problem, search: levels.Search
    ) -> list[levels.Level]:
        """The levels, with what a migration has to bring for them."""
        frozen = np.ones(self.cluster.n_instances, dtype=np.bool_)
        frozen[search.movable] = False

        def with_fewer_nodes(
            costs: Floats, node_of: Ints, deadline: float
        ) -> Ints:
            own = dataclasses.replace(
                problem, frozen=frozen, deadline=deadline
            )
            placement = Placement(self.cluster, node_of)
            least = self._least_cost(costs)
            task = consolidate.Task(own, placement, costs, least, self.seed)
            return consolidate.improve(task).placement.node_of

        worth = self._policy.worth
        asked = np.full(self.cluster.n_instances, worth.min_gain_per_migration)
        asked += worth.min_gain_per_gb * self.cluster.memory_mb / MB_PER_GB
        return self._composed.levels(
            Task(asked, len(search.movable), with_fewer_nodes)
        )

    def _search(self, problem: Problem, placement: Placement) -> levels.Search:
        start = placement.node_of.copy()
        movable = bridge.movable(problem, placement)
        movable = movable[self.cluster.receives[start[movable]]]
        steps = STEPS_PER_INSTANCE * len(movable)
        effort = self._policy.effort
        rules = bridge.rules(problem, start)
        most_gb = self._policy.worth.max_moved_gb
        if most_gb:
            memory_gb = self.cluster.memory_mb / MB_PER_GB
            away = start != self._start.node_of
            left_gb = max(0.0, most_gb - float(memory_gb[away].sum()))
            rules.append(
                Budget(start, memory_gb, left_gb, self.cluster.n_nodes)
            )
        return levels.Search(
            rules,
            start,
            movable,
            problem.deadline,
            round(min(max(steps, FEWEST_STEPS), MOST_STEPS) * effort),
            self.seed,
            self._tell,
        )

    def _without_useless(self, problem: Problem, node_of: Ints) -> Ints:
        """Take back moves of earlier rounds that bring nothing any more."""
        search = self._search(problem, self._start)
        budgets = [rule for rule in search.rules if rule.name != Budget.name]
        search = dataclasses.replace(search, rules=budgets)
        every = self._levels(problem, search)
        return levels.taken_back(every, search, node_of)

    def _tell(self, level: int, progress: engine.Progress) -> None:
        """Log how far the search is, now and then."""
        now_s = time.monotonic()
        if now_s - self._told_s < REPORT_S:
            return
        self._told_s = now_s
        LOG.info(
            'level %d: %.6g after %.0f s, bound %.6g',
            level + 1,
            progress.value,
            progress.elapsed_s,
            np.nan if progress.bound is None else progress.bound,
        )

    def _least_cost(self, costs: Floats) -> float:
        """What the nodes in use cost at least."""
        volumes = Volumes(
            self.cluster,
            self._limit,
            self._can_empty,
            self.open_nodes(),
            costs,
        )
        return volumes.least_cost(time.monotonic() + BOUND_S)

    @cached_property
    def _can_empty(self) -> Bools:
        nobody = np.zeros(self.cluster.n_instances, dtype=np.bool_)
        return emptiable(self.problem(nobody, None), self._start)
