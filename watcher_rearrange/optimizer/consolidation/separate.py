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

"""Consolidate independent parts, each for itself.

What nodes in use cost is a sum over the parts, and so are the bounds: where
the demand needs 3.2 nodes in one zone and 4.3 in another, it needs 9, not 8.
"""

from __future__ import annotations

import dataclasses

from functools import cached_property

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.optimizer import processes
from watcher_rearrange.optimizer.consolidation import consolidate
from watcher_rearrange.optimizer.consolidation.bound import TOLERANCE
from watcher_rearrange.optimizer.consolidation.bound import Volumes
from watcher_rearrange.optimizer.consolidation.consolidate import Result
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.split import Split


# What is found of a part: int64[m], the nodes of its instances, and what
# is proved of it, as in a result.
_Found = tuple[Ints, float, int | None]

# Of the time, how much the parts may take where the whole may have to be
# solved after them, as they use too many nodes together.
SHARE = 0.7


class Separate:
    """The parts of a cluster with what is known of each.

    :param problem: with nobody held who could move
    :param start: where all are before the plan
    :param whole: what the bounds of the whole depend on
    """

    def __init__(
        self, problem: Problem, start: Placement, whole: Volumes
    ) -> None:
        self._start = start
        self._whole = whole
        self._split = Split(problem, start)
        self._bounds: tuple[float, ...] = ()

    def least_cost(self, deadline: float) -> float:
        """Return a cost that no placement can be below."""
        self._bounds = tuple(
            volumes.least_cost(deadline) for volumes in self._of_parts
        )
        return max(self._whole.least_cost(deadline), self._sum(self._bounds))

    def fewest_migrations(self, cost: float, deadline: float) -> int:
        """Return how many it takes at least until the cost is this low."""
        fewest = self._whole.fewest_migrations(cost, deadline)
        if cost > self._sum(self._bounds) + TOLERANCE:
            return fewest
        # Every part is at its own bound then.
        of_parts = [
            volumes.fewest_migrations(bound, deadline)
            for volumes, bound in zip(
                self._of_parts, self._bounds, strict=True
            )
        ]
        return max(fewest, sum(of_parts))

    def improve(self, task: Task) -> Result:
        """Return a placement whose nodes in use cost less, or the start."""
        if len(self._split.parts) < 2 or not self._bounds:
            return consolidate.improve(task)
        tasks = self._tasks(task)

        def work(k: int, until: float) -> _Found:
            problem = dataclasses.replace(tasks[k].problem, deadline=until)
            found = consolidate.improve(
                dataclasses.replace(tasks[k], problem=problem)
            )
            return found.placement.node_of, found.cost, found.migrations

        sizes = [len(part.nodes) for part in self._split.parts]
        until = task.problem.deadline
        if any(own.most is not None for own in tasks):
            until = task.problem.until(SHARE)
        results = [
            Result(Placement(own.start.cluster, node_of), cost, migrations)
            for own, (node_of, cost, migrations) in zip(
                tasks, processes.each(work, sizes, until), strict=True
            )
        ]
        return self._joined(task, tasks, results)

    def _tasks(self, task: Task) -> list[Task]:
        # A part may use more nodes, if they cost less and others use fewer:
        # less than the others, or nothing at all.
        counts = task.problem.open_nodes | (task.cost > 0)
        equal = len(np.unique(task.cost[counts])) < 2
        return [
            dataclasses.replace(
                task,
                problem=problem,
                start=start,
                cost=task.cost[part.nodes],
                bound=bound,
                most=None if equal else len(part.nodes),
            )
            for part, bound, (problem, start) in zip(
                self._split.parts,
                self._bounds,
                self._split.apply(task.problem, task.start),
                strict=True,
            )
        ]

    def _joined(
        self, task: Task, tasks: list[Task], results: list[Result]
    ) -> Result:
        placement = self._split.invert(
            task.start, [result.placement for result in results]
        )
        cost = max(task.bound, self._sum([r.cost for r in results]))
        fewest = None
        if all(
            own.value(result.placement) <= result.cost + TOLERANCE
            for own, result in zip(tasks, results, strict=True)
        ):
            # No part can cost less, so none may cost more either.
            fewest = sum(result.migrations or 0 for result in results)
        if occupied(placement).sum() > occupied(task.start).sum():
            # Cheaper, but not what is wanted.
            whole = consolidate.improve(task)
            return dataclasses.replace(whole, cost=max(cost, whole.cost))
        return Result(placement, cost, fewest)

    def _sum(self, costs: tuple[float, ...] | list[float]) -> float:
        """With that of the nodes that are in no part: nothing changes."""
        others = self._split.others
        used = occupied(self._start)[others]
        return float(sum(costs) + self._whole.cost[others][used].sum())

    @cached_property
    def _of_parts(self) -> list[Volumes]:
        """What the bounds of each part depend on."""
        whole = self._whole
        return [
            Volumes(
                part.cluster,
                whole.limit[part.nodes],
                whole.can_empty[part.nodes],
                whole.open_nodes[part.nodes],
                whole.cost[part.nodes],
            )
            for part in self._split.parts
        ]
