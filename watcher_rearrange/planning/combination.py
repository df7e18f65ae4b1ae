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

"""Several strategies on one cluster: one target, one path.

Each stage chooses a target for the cluster as the stages before it leave
it, with the nodes that they free closed. Only the last target is planned
for, so that whoever would move in two stages moves once.
"""

from __future__ import annotations

import dataclasses
import functools
import time

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import numpy as np

from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.model.plan import Status
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.path.moves import Move
from watcher_rearrange.planning import as_if
from watcher_rearrange.planning.consolidation import Consolidation
from watcher_rearrange.planning.evacuation import Evacuation
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.job import ServiceChange
from watcher_rearrange.planning.rebalancing import Rebalancing
from watcher_rearrange.planning.repair import Repair
from watcher_rearrange.policies.combined import REPAIR
from watcher_rearrange.policies.combined import CombinedPolicy
from watcher_rearrange.policies.file import anchoring


JOBS: dict[str, Callable[[Cluster, Any], Job]] = {
    'evacuate': Evacuation,
    REPAIR: Repair,
    'consolidate': Consolidation,
    'rebalance': Rebalancing,
}

# Stages that know the rules of a policy about who is with whom.
KNOWING = ('evacuate', REPAIR)


class Combination(Job):
    """The stages of a combined policy.

    :raises BadInput: as the strategies of the stages do
    """

    def __init__(self, cluster: Cluster, policy: CombinedPolicy) -> None:
        super().__init__(cluster, policy)
        self._policy = policy
        self._start = Placement(cluster)
        self._evacuated = np.array(
            [
                node.hostname in policy.options.named_nodes
                for node in cluster.snapshot.compute_nodes
            ],
            dtype=np.bool_,
        )
        self._first = self._jobs()
        # One start is compared with many ends.
        self._standing = functools.lru_cache(maxsize=16)(self._rows)

    def open_nodes(self) -> Bools:
        """Return bool[n_nodes]: receiving and not to be evacuated."""
        return self.cluster.receives & ~self._evacuated

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Let each stage improve what the one before it has left."""
        current, limit = placement, problem.limit
        for count, name in enumerate(self._policy.stages):
            stages_left = len(self._policy.stages) - count
            job = self._searching(name, current)
            own = job.problem(problem.frozen, None)
            # What a stage keeps free, later ones do not fill.
            columns = self._columns(job.cluster)
            limit = np.minimum(limit, own.limit[:, columns])
            narrowed = own.limit.copy()
            narrowed[:, columns] = limit
            left = _left(problem, placement, current)
            found = job.improve(
                dataclasses.replace(
                    own,
                    limit=narrowed,
                    max_migrations=left,
                    deadline=_share(problem.deadline, stages_left),
                ),
                Placement(job.cluster),
            )
            current = Placement(self.cluster, found.node_of)
        return current

    def objectives(self) -> list[Objective]:
        """Return those of all stages, as they were before."""
        return [
            row for job in self._first.values() for row in job.objectives()
        ]

    def table(self, start: Placement, end: Placement) -> list[ObjectiveValue]:
        """Return the objectives of all stages, each on its own nodes.

        A balance is judged among the nodes in use, before and after: one
        that is to be evacuated counts until it is empty.
        """
        before = self._standing(start.node_of.tobytes())
        after = self._standing(end.node_of.tobytes())
        return [
            dataclasses.replace(row, before=was.before)
            for was, row in zip(before, after, strict=True)
        ]

    def is_better(self, table: Sequence[ObjectiveValue]) -> bool:
        """Whether the first objective that changes gets better."""
        for row in table:
            if not np.isclose(row.after, row.before):
                return row.after < row.before
        return False

    def is_worse(self, table: Sequence[ObjectiveValue]) -> bool:
        """Whether the first objective that changes gets worse."""
        for row in table:
            if not np.isclose(row.after, row.before):
                return row.after > row.before
        return False

    def reason(self, move: Move, end: Placement) -> str:
        """Return that of the first stage which has one."""
        for job in self._first.values():
            if job.useful([move], end)[0]:
                return job.reason(move, end)
        return f'makes room on {self.cluster.hostname(move.source)}'

    def useful(self, moves: Sequence[Move], end: Placement) -> list[bool]:
        """Return which moves are of use to some stage."""
        of_stage = [job.useful(moves, end) for job in self._first.values()]
        return [any(uses) for uses in zip(*of_stage, strict=True)]

    def services(self, end: Placement) -> list[ServiceChange]:
        """Return the compute services that some stage disables."""
        return [
            change
            for job in self._first.values()
            for change in job.services(end)
        ]

    def messages(self, end: Placement) -> list[str]:
        """Return what each stage has to say, once."""
        # Of the nodes that the table is of.
        jobs = [
            self._job(name, end, self._not_in_use(name, end))
            for name in self._first
        ]
        for job in jobs:
            job.planned = self.planned
        said = [
            text
            for job in jobs
            for text in job.messages(Placement(self.cluster, end.node_of))
        ]
        return list(dict.fromkeys(said))

    def refusal(self, end: Placement) -> Status | None:
        """Return why the result must not be used, or None."""
        for job in self._first.values():
            refused = job.refusal(end)
            if refused is not None:
                return refused
        return None

    def _jobs(self) -> dict[str, Job]:
        jobs, problems = {}, []
        for name in self._policy.stages:
            try:
                jobs[name] = self._job(name, self._start, self._closed(name))
            except errors.BadInput as error:
                problems += [f'{name}: {text}' for text in error.problems]
        if problems:
            raise errors.BadInput(problems)
        return jobs

    def _job(self, name: str, placement: Placement, closed: Bools) -> Job:
        """A stage on the cluster as a placement would leave it."""
        return JOBS[name](
            as_if.cluster(placement, closed), self._policy.stages[name]
        )

    def _searching(self, name: str, placement: Placement) -> Job:
        """The same, with rules that its search knows only."""
        closed = self._closed(name, placement)
        cluster = as_if.cluster(placement, closed)
        if cluster.snapshot.relations and name not in KNOWING:
            snapshot = anchoring.anchored(cluster.snapshot)
            cluster = Cluster.from_snapshot(snapshot)
        return JOBS[name](cluster, self._policy.stages[name])

    def _columns(self, other: Cluster) -> list[int]:
        """Where the resource classes are in a cluster that may have more."""
        return [
            other.resource_classes.index(name)
            for name in self.cluster.resource_classes
        ]

    def _rows(self, node_of: bytes) -> list[ObjectiveValue]:
        """The objectives of all stages in a placement."""
        there = np.frombuffer(node_of, dtype=np.int64)
        placement = Placement(self.cluster, there)
        rows = []
        for name in self._first:
            closed = self._not_in_use(name, placement)
            job = self._job(name, placement, closed)
            rows += job.table(placement, placement)
        return rows

    def _closed(self, name: str, placement: Placement | None = None) -> Bools:
        """Nodes that the stages before this one keep empty."""
        closed = self._unused(name, placement or self._start)
        if name != 'evacuate':
            closed |= self._evacuated
        return closed

    def _not_in_use(self, name: str, placement: Placement) -> Bools:
        """Nodes that do not count for a stage."""
        return self._closed(name, placement) & ~occupied(placement)

    def _unused(self, name: str, placement: Placement) -> Bools:
        """Empty nodes, where a stage is not to fill these again."""
        if name == 'rebalance' and 'consolidate' in self._policy.stages:
            return ~occupied(placement)
        return np.zeros(self.cluster.n_nodes, dtype=np.bool_)


def _share(deadline: float, parts: int) -> float:
    """When one part of the time that is left is over."""
    now_s = time.monotonic()
    return now_s + (deadline - now_s) / parts


def _left(
    problem: Problem, start: Placement, current: Placement
) -> int | None:
    """How many more may be moved than were already."""
    if problem.max_migrations is None:
        return None
    moved = int((start.node_of != current.node_of).sum())
    return max(0, problem.max_migrations - moved)
