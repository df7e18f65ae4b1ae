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

"""The rebalancing strategy on one cluster."""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.objectives.imbalance import Measure
from watcher_rearrange.objectives.peak import PeakUtilization
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.rebalancing import fewest
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning.job import Job
from watcher_rearrange.policies.rebalance import RebalancePolicy


class Rebalancing(Job):
    """Spread the load until the imbalance is at the threshold.

    :raises BadInput: for an unknown dimension, in the weights as well
    """

    def __init__(self, cluster: Cluster, policy: RebalancePolicy) -> None:
        unknown = [n for n in policy.weights if n not in policy.dimensions]
        if unknown:
            raise errors.BadInput(
                [f'weights: {n!r} is not one of dimensions' for n in unknown]
            )
        super().__init__(cluster, policy)
        self._policy = policy
        self._imbalance = Imbalance(
            Dimensions.of(cluster, policy.dimensions),
            cluster.receives,
            Measure(policy.measure, dict(policy.weights)),
        )
        # Of the first search, which is for the whole cluster.
        self._bound: int | None = None
        self._tried: Ints | None = None

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Reach the threshold with few migrations, or come near to it."""
        if self._jammed(problem, placement):
            return placement
        found = self._improved(problem, placement)
        # Rounding hides what is gained where it is next to nothing.
        table = self.table(placement, found)
        if any(row.after < row.before for row in table):
            return found
        return placement

    def _improved(self, problem: Problem, placement: Placement) -> Placement:
        asked = placement, self._imbalance, self._policy.threshold_pct
        if problem.frozen.any():
            # No path led to what was best: take what can be walked.
            nobody = np.zeros_like(problem.frozen)
            free = dataclasses.replace(problem, frozen=nobody)
            end = fewest.walkable(free, *asked)
            if self._tried is None or (end.node_of != self._tried).any():
                self._tried = end.node_of.copy()
                return end
            return fewest.walkable(problem, *asked)
        found = fewest.search(problem, *asked)
        if self._bound is None:
            self._bound = found.bound
        return found.placement

    def _jammed(self, problem: Problem, placement: Placement) -> bool:
        """Whether nobody at all could make the first step."""
        open_nodes = problem.open_nodes
        return not any(
            self.rules.permitted(placement, i, problem.limit)[open_nodes].any()
            for i in np.flatnonzero(self.rules.movability.movable).tolist()
        )

    def objectives(self) -> list[Objective]:
        """Return the imbalance and the fullest node."""
        return [self._imbalance, PeakUtilization(self._imbalance)]

    def fewest_migrations(self, start: Placement, end: Placement) -> int:
        """Return a bound on the migrations that the threshold takes."""
        if not self._is_reached(end):
            return super().fewest_migrations(start, end)
        return self._bound or 0

    def is_optimal(
        self, table: list[ObjectiveValue], path: Path, fewest: int
    ) -> bool:
        """Whether the threshold is reached, and not with fewer migrations."""
        if table[0].after <= self._policy.threshold_pct:
            return len(path.moves) <= fewest
        return super().is_optimal(table, path, fewest)

    def _is_reached(self, end: Placement) -> bool:
        return self._imbalance.value(end) <= self._policy.threshold_pct

    def reason(self, move: Move, end: Placement) -> str:
        """Return which node it relieves."""
        source = self.cluster.hostname(move.source)
        return f'relieves {source}'

    def messages(self, end: Placement) -> list[str]:
        """Return whether the threshold is reached."""
        value = self._imbalance.value(end)
        wanted = self._policy.threshold_pct
        text = f'imbalance {value:.2f}, wanted at most {wanted:g}'
        if value <= wanted and self._bound:
            text += f'; that takes {self._bound} migrations at least'
        if value > wanted:
            text += f': {self._why_not_more(end)}'
        return [text, *super().messages(end)]

    def _why_not_more(self, end: Placement) -> str:
        moved = int((end.node_of != self.cluster.node_of).sum())
        # A swap takes two, so one may be left.
        if self.max_migrations and moved >= self.max_migrations - 1:
            return f'max_migrations {self.max_migrations} is used up'
        if self.out_of_time:
            return 'the time limit is over'
        start = Placement(self.cluster)
        nobody = np.zeros(self.cluster.n_instances, dtype=np.bool_)
        if self._jammed(self.problem(nobody, None), start):
            return 'no node can take any instance of another'
        return 'no further migration found that is worth it and can be made'
