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

"""The evacuation strategy on one cluster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.constraints.movability import OWN_REASON
from watcher_rearrange.model import errors
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Status
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.objectives.remaining import InstancesRemaining
from watcher_rearrange.objectives.remaining import NodesRemaining
from watcher_rearrange.optimizer.evacuation import evacuate
from watcher_rearrange.optimizer.evacuation import impossible
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.path.moves import Move
from watcher_rearrange.planning import advice
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.job import Planned
from watcher_rearrange.planning.job import ServiceChange
from watcher_rearrange.policies.evacuate import EvacuatePolicy


# Of the instances that stay, how many are named.
MOST_SHOWN = 20

IN_TIME = 'there is room, but no way to get it there in time'

EVACUATED = f'{OWN_REASON}: evacuated'


class Evacuation(Job):
    """Free the named nodes.

    :raises BadInput: if no node is named or one is unknown
    """

    def __init__(self, cluster: Cluster, policy: EvacuatePolicy) -> None:
        _check_nodes(cluster, policy.nodes)
        super().__init__(cluster, policy)
        self._policy = policy
        self._start = Placement(cluster)
        self._nodes = np.array(
            [cluster.node_index[name] for name in policy.nodes], dtype=np.int64
        )
        spread = [
            name
            for name in ('VCPU', 'MEMORY_MB', *cluster.real_classes)
            if name in cluster.resource_classes
        ][:2]
        self._imbalance = Imbalance(
            Dimensions.of(cluster, spread), self.open_nodes()
        )

    def open_nodes(self) -> Bools:
        """Return bool[n_nodes]: receiving and not to be evacuated."""
        nodes = self.cluster.receives.copy()
        nodes[self._nodes] = False
        return nodes

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Move off the nodes what fits elsewhere."""
        return evacuate.improve(
            problem, placement, self._nodes.tolist(), self._imbalance
        )

    def objectives(self) -> list[Objective]:
        """Return the nodes and the instances that remain."""
        return [
            NodesRemaining(self.cluster, self._nodes),
            InstancesRemaining(self.cluster, self._nodes),
        ]

    def fewest_migrations(self, start: Placement, end: Placement) -> int:
        """Return how many instances leave the nodes: one move each."""
        leaving = np.isin(start.node_of, self._nodes)
        return int((leaving & (start.node_of != end.node_of)).sum())

    def reason(self, move: Move, end: Placement) -> str:
        """Return which node it evacuates, or where it makes room."""
        source = self.cluster.hostname(move.source)
        if move.source in self._nodes:
            return f'evacuates {source}'
        return f'makes room on {source}'

    def useful(self, moves: Sequence[Move], end: Placement) -> list[bool]:
        """Return which moves are of those who are to leave."""
        home = self._start.node_of
        return [bool(home[move.instance] in self._nodes) for move in moves]

    def services(self, end: Placement) -> list[ServiceChange]:
        """Return the named nodes that are still enabled."""
        if not self._policy.disable_nodes:
            return []
        return [
            ServiceChange(int(node), EVACUATED, first=True)
            for node in self._nodes
            if self.cluster.snapshot.compute_nodes[node].status == 'enabled'
        ]

    def messages(self, end: Placement) -> list[str]:
        """Return who stays, why, and what would help.

        Whoever is left out of the plan is counted where that is done.
        """
        staying = self._staying(end)
        if len(staying) and not self.open_nodes().any():
            return [
                f'{len(staying)} instances stay: no node is left that is up '
                'and enabled and not to be evacuated'
            ]
        planned = self.planned or Planned(end, limited=False)
        kept = planned.end.node_of[staying] == end.node_of[staying]
        staying = staying[kept]
        shown = [self._why(planned, end, int(i)) for i in staying[:MOST_SHOWN]]
        if len(staying) > MOST_SHOWN:
            shown.append(f'{len(staying) - MOST_SHOWN} more instances stay')
        return shown

    def _why(self, planned: Planned, end: Placement, idx: int) -> str:
        """Why an instance stays that has not been planned for."""
        nodes = self.open_nodes()
        if not advice.could_go(self.rules, planned.end, nodes, idx):
            why = 'there is room only because others are left out'
        elif planned.limited:
            why = f'{IN_TIME}, or with so few migrations'
        else:
            why = IN_TIME
        return advice.why_it_stays(self.rules, end, nodes, idx, why)

    def refusal(self, end: Placement) -> Status | None:
        """Return how sure it is that not everything can be moved."""
        staying = self._staying(end)
        if len(staying) and not self.open_nodes().any():
            # Disabling services would only keep new instances out as well.
            return Status.INFEASIBLE
        if not self._policy.all_or_nothing or not len(staying):
            return None
        if self._is_impossible(end):
            return Status.INFEASIBLE
        return Status.TIME_LIMIT

    def _staying(self, end: Placement) -> Ints:
        return np.flatnonzero(np.isin(end.node_of, self._nodes))

    def _is_impossible(self, end: Placement) -> bool:
        """Whether it is proved that somebody has to stay."""
        nobody = np.zeros(self.cluster.n_instances, dtype=np.bool_)
        return impossible.is_proved(
            self.problem(nobody, None),
            self._start,
            leaving=np.isin(self._start.node_of, self._nodes),
            staying=np.isin(end.node_of, self._nodes),
        )


def _check_nodes(cluster: Cluster, nodes: tuple[str, ...]) -> None:
    problems = [
        f'nodes[{k}]: {name!r} is not a compute node of this cluster'
        for k, name in enumerate(nodes)
        if name not in cluster.node_index
    ]
    if not nodes:
        problems.append('nodes: name at least one compute node to evacuate')
    if problems:
        raise errors.BadInput(problems)
