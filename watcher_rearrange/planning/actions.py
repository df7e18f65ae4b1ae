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

"""Moves and service changes become the actions of a plan."""

from __future__ import annotations

import dataclasses

from collections.abc import Callable
from collections.abc import Sequence

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import DISABLE_SERVICE
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import PathSummary
from watcher_rearrange.path import dag
from watcher_rearrange.path import duration
from watcher_rearrange.path.moves import Move
from watcher_rearrange.planning.job import ServiceChange


SERVICE_S = 1.0


@dataclasses.dataclass(frozen=True)
class Draft:
    """What the actions are made from.

    :ivar reason: why a move is made
    """

    rules: Rules
    start: Placement
    moves: Sequence[Move]
    services: Sequence[ServiceChange]
    reason: Callable[[Move], str]


def write(draft: Draft) -> tuple[tuple[Action, ...], PathSummary]:
    """Return the actions in a valid order, and the figures of the path.

    The services of nodes that are being emptied are disabled before
    anything leaves, those of freed nodes when everything has left.
    """
    graph = dag.Dag(draft.rules, draft.start, draft.moves)
    first = [change for change in draft.services if change.first]
    last = [change for change in draft.services if not change.first]
    number = len(first) + 1
    actions = [
        _disable(draft, k + 1, change, ()) for k, change in enumerate(first)
    ]
    gates = {change.node: str(k + 1) for k, change in enumerate(first)}
    for k, move in enumerate(draft.moves):
        parents = [str(number + p) for p in graph.parents[k]]
        if move.source in gates:
            parents.insert(0, gates[move.source])
        actions.append(_migrate(draft, number + k, move, tuple(parents)))
    for change in last:
        departures = graph.reduced(
            [k for k, m in enumerate(draft.moves) if m.source == change.node]
        )
        parents = [str(number + k) for k in departures]
        actions.append(
            _disable(draft, len(actions) + 1, change, tuple(parents))
        )
    return tuple(actions), _summary(draft, graph)


def _migrate(
    draft: Draft, number: int, move: Move, parents: tuple[str, ...]
) -> Action:
    cluster = draft.rules.cluster
    kind = draft.rules.movability.migration_type(move.instance)
    return Action(
        id=str(number),
        type=kind,
        instance=cluster.snapshot.instances[move.instance].uuid,
        source=cluster.hostname(move.source),
        destination=cluster.hostname(move.destination),
        displacement=move.displacement,
        parents=parents,
        reason=draft.reason(move),
        estimated_s=duration.estimate_s(cluster, move.instance, kind),
    )


def _disable(
    draft: Draft, number: int, change: ServiceChange, parents: tuple[str, ...]
) -> Action:
    return Action(
        id=str(number),
        type=DISABLE_SERVICE,
        node=draft.rules.cluster.hostname(change.node),
        parents=parents,
        reason=change.reason,
        estimated_s=SERVICE_S,
    )


def _summary(draft: Draft, graph: dag.Dag) -> PathSummary:
    cluster = draft.rules.cluster
    kind_of = draft.rules.movability.migration_type
    seconds = [
        duration.estimate_s(cluster, m.instance, kind_of(m.instance))
        for m in draft.moves
    ]
    makespan_s, bound_s = duration.makespan_s(
        draft.moves, graph.parents, seconds
    )
    moved = [move.instance for move in draft.moves]
    return PathSummary(
        migrations=len(draft.moves),
        displacements=sum(move.displacement for move in draft.moves),
        bound=len(set(moved)),
        migrated_mb=sum(int(cluster.memory_mb[i]) for i in moved),
        makespan_s=makespan_s,
        makespan_bound_s=bound_s,
    )
