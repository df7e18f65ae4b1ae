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

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.constraints.movability import OWN_REASON
from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import ActiveNodes
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.optimizer import consolidate
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.path.moves import Move
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.job import ServiceChange
from watcher_rearrange.policies.consolidate import ConsolidatePolicy


FREED = f'{OWN_REASON}: freed by consolidation'


class Consolidation(Job):
    """Empty as many nodes as possible and switch them off for Nova.

    :raises BadInput: for a headroom on an unknown resource class
    """

    def __init__(self, cluster: Cluster, policy: ConsolidatePolicy) -> None:
        super().__init__(cluster, policy)
        self._policy = policy
        unknown = policy.max_utilization_pct.keys() - set(
            cluster.resource_classes
        )
        if unknown:
            raise errors.BadInput(
                [
                    f'max_utilization_pct: {name!r} is not a resource class '
                    'of this cluster'
                    for name in sorted(unknown)
                ]
            )
        self._limit = self._headroom()
        self._start = Placement(cluster)
        nothing = np.zeros(cluster.n_instances, dtype=np.bool_)
        can_empty = consolidate.emptiable(
            self.problem(nothing, None), self._start
        )
        self._can_empty = can_empty
        judged = cluster.receives | can_empty
        self._active = ActiveNodes(
            cluster,
            self._limit,
            fixed=occupied(self._start) & ~can_empty,
            nodes=judged,
        )
        self._outside = int((occupied(self._start) & ~judged).sum())

    def limit(self) -> Ints:
        """Return int64[n_nodes, n_rc]: capacity less headroom."""
        return self._limit

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Empty further nodes."""
        bound = int(self._active.lower_bound() or 0) + self._outside
        return consolidate.improve(problem, placement, bound)

    def objectives(self) -> list[Objective]:
        """Return the active nodes."""
        return [self._active]

    def fewest_migrations(self, start: Placement, end: Placement) -> int:
        """Return how many instances the cheapest nodes have."""
        freed = int((occupied(start) & ~occupied(end)).sum())
        count = np.bincount(start.node_of, minlength=self.cluster.n_nodes)
        return int(np.sort(count[self._can_empty])[:freed].sum())

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
        share = self.cluster.capacity[freed] / np.maximum(
            self.cluster.capacity.max(axis=0, initial=1), 1
        )
        order = freed[np.lexsort((freed, share.sum(axis=1)))]
        count = max(0, int(empty.sum()) - self._policy.spare_nodes)
        return [
            ServiceChange(int(node), FREED, first=False)
            for node in sorted(order[:count])
        ]

    def _headroom(self) -> Ints:
        limit = self.cluster.capacity.copy()
        for name, pct in self._policy.max_utilization_pct.items():
            if name in self.cluster.resource_classes:
                rc_idx = self.cluster.resource_classes.index(name)
                share = limit[:, rc_idx] * (pct / 100.0)
                limit[:, rc_idx] = np.floor(share + 1e-9).astype(np.int64)
        return limit
