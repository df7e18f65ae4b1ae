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

"""What each strategy adds to the planning that all share."""

from __future__ import annotations

import abc
import dataclasses
import time

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.model.plan import Status
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.policies import parameters


# Of the time that is left, how much the search for a target may take; the
# rest is for the path.
SEARCH_SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class ServiceChange:
    """A compute service that the plan disables.

    :ivar first: before anything leaves the node, else after everything did
    """

    node: int
    reason: str
    first: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Planned:
    """What was planned, before anything of it is left out.

    :ivar end: where everybody would be
    :ivar limited: whether there could be only so many migrations
    """

    end: Placement
    limited: bool


class Job(abc.ABC):
    """A strategy at work on one cluster.

    :ivar rules: the rules, with what the operator permits
    :ivar limits: how much may run at once
    :ivar deadline_s: when the plan must be over once it has started
    :ivar seed: of the random choices
    :ivar deadline: on the clock of ``time.monotonic``
    :ivar planned: what was found, once that is known
    """

    planned: Planned | None = None

    def __init__(self, cluster: Cluster, policy: parameters.Policy) -> None:
        self.deadline = time.monotonic() + policy.time_limit_s
        self.cluster = cluster
        self.rules = Rules(cluster, policy.options)
        self.limits = policy.limits
        self.deadline_s = policy.deadline_s
        self.seed = policy.seed
        self.max_migrations = policy.max_migrations

    def problem(self, frozen: Bools, max_migrations: int | None) -> Problem:
        """Return what the search works on.

        :param frozen: bool[n_instances], who must stay although movable
        """
        now_s = time.monotonic()
        return Problem(
            rules=self.rules,
            limit=self.limit(),
            open_nodes=self.open_nodes(),
            frozen=frozen,
            max_migrations=max_migrations,
            deadline=now_s + SEARCH_SHARE * (self.deadline - now_s),
        )

    @property
    def out_of_time(self) -> bool:
        """Whether the time limit is over."""
        return time.monotonic() >= self.deadline

    def limit(self) -> Ints:
        """Return int64[n_nodes, n_rc]: how full a node may be filled."""
        return self.cluster.capacity

    def open_nodes(self) -> Bools:
        """Return bool[n_nodes]: nodes that may receive."""
        return self.cluster.receives

    @abc.abstractmethod
    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Return a better placement, or an equal one if there is none."""

    @abc.abstractmethod
    def objectives(self) -> list[Objective]:
        """Return what the strategy makes small, the first thing first."""

    @abc.abstractmethod
    def reason(self, move: Move, end: Placement) -> str:
        """Return why a move is made, for the operator."""

    def services(self, end: Placement) -> list[ServiceChange]:
        """Return the compute services to disable."""
        return []

    def useful(self, moves: Sequence[Move], end: Placement) -> list[bool]:
        """Return which moves are of use by themselves.

        :param moves: not all those that were planned
        :param end: the placement after these
        """
        return [True] * len(moves)

    def messages(self, end: Placement) -> list[str]:
        """Return what the operator must know of the result."""
        return self.rules.movability.summary()

    def refusal(self, end: Placement) -> Status | None:
        """Return why the result must not be used, or None."""
        return None

    def table(self, start: Placement, end: Placement) -> list[ObjectiveValue]:
        """Return every objective before and after."""
        return [
            ObjectiveValue(
                name=objective.name,
                before=round(objective.value(start), 6),
                after=round(objective.value(end), 6),
                bound=objective.lower_bound(),
                unit=objective.unit,
            )
            for objective in self.objectives()
        ]

    def is_better(self, table: Sequence[ObjectiveValue]) -> bool:
        """Whether something gets better and nothing gets worse."""
        return not self.is_worse(table) and any(
            row.after < row.before for row in table
        )

    def is_worse(self, table: Sequence[ObjectiveValue]) -> bool:
        """Whether something gets worse."""
        return any(row.after > row.before for row in table)

    def fewest_migrations(self, start: Placement, end: Placement) -> int:
        """Return a bound on the migrations that this result takes."""
        return int((start.node_of != end.node_of).sum())

    def is_optimal(
        self, table: list[ObjectiveValue], path: Path, fewest: int
    ) -> bool:
        """Whether no better result is possible, nor a shorter path."""
        at_bound = all(
            row.bound is not None and np.isclose(row.after, row.bound)
            for row in table
        )
        return at_bound and path.complete and len(path.moves) == fewest
