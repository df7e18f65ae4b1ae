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

"""A plan that keeps room for the instances of nodes that fail.

The strategies do not look for such plans: of the one that they find, what
comes before the first action after which more failures would strand
somebody than at the start is kept.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Callable
from collections.abc import Sequence

from watcher_rearrange.constraints.reserve import Reserve
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import DISABLE_SERVICE
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning.job import Job


# Makes the plan of a path and its end.
Write = Callable[[Path, Placement], Plan]


def kept(job: Job, failures: int, result: Plan, write: Write) -> Plan:
    """Return as much of a plan as keeps the reserve.

    :param failures: of nodes, 1 or more
    """
    start = Placement(job.cluster)
    reserve = Reserve(job.rules, failures)
    most = len(reserve.untolerated(start, job.cluster.receives))
    planned, enabled = _moves(job, result.actions), 0
    while True:
        breach = _breach(job, reserve, most, result.actions)
        if breach is None:
            break
        if result.actions[breach].type == DISABLE_SERVICE:
            # Nobody waits for it: the freed node is left enabled. Where it
            # is disabled before anything leaves, nothing else can be done.
            if not result.actions[breach].parents:
                enabled = len(result.actions) - len(planned)
                result = dataclasses.replace(write(Path(), start), actions=())
                break
            enabled += 1
            result = _without(result, breach)
            continue
        enabled = 0
        moves = _until(_moves(job, result.actions), result.actions[:breach])
        result = write(Path(moves), _after(start, moves))
        if job.is_worse(result.objectives):
            result = write(Path(), start)
    left = len(planned) - len(_moves(job, result.actions))
    if left or enabled:
        result = dataclasses.replace(result, status=_status(result))
    texts = _texts(failures, most, left, enabled)
    return dataclasses.replace(result, messages=(*texts, *result.messages))


def _breach(
    job: Job, reserve: Reserve, most: int, actions: Sequence[Action]
) -> int | None:
    """The first action after which more failures are not tolerated."""
    cluster = job.cluster
    placement = Placement(cluster)
    receives = cluster.receives.copy()
    for position, action in enumerate(actions):
        if action.is_migration:
            placement.move(
                cluster.instance_index[action.instance],
                cluster.node_index[action.destination],
            )
        elif action.type == DISABLE_SERVICE:
            receives[cluster.node_index[action.node]] = False
        if len(reserve.untolerated(placement, receives)) > most:
            return position
    return None


def _moves(job: Job, actions: Sequence[Action]) -> tuple[Move, ...]:
    """The moves that actions make."""
    cluster = job.cluster
    return tuple(
        Move(
            cluster.instance_index[action.instance],
            cluster.node_index[action.source],
            cluster.node_index[action.destination],
            action.displacement,
        )
        for action in actions
        if action.is_migration
    )


def _until(
    moves: tuple[Move, ...], done: Sequence[Action]
) -> tuple[Move, ...]:
    """The moves that were made, but for those that got only halfway."""
    final = {move.instance: move.destination for move in moves}
    made = moves[: sum(action.is_migration for action in done)]
    while True:
        at = {move.instance: move.destination for move in made}
        halfway = [
            k
            for k, move in enumerate(made)
            if at[move.instance] != final[move.instance]
        ]
        if not halfway:
            return made
        made = made[: halfway[0]]


def _after(start: Placement, moves: Sequence[Move]) -> Placement:
    end = start.copy()
    for move in moves:
        end.move(move.instance, move.destination)
    return end


def _without(result: Plan, position: int) -> Plan:
    actions = (*result.actions[:position], *result.actions[position + 1 :])
    return dataclasses.replace(result, actions=actions)


def _texts(failures: int, most: int, left: int, enabled: int) -> list[str]:
    """What the reserve costs, and where there is none."""
    nodes = 'a node' if failures == 1 else f'{failures} nodes'
    texts = []
    if left:
        texts.append(
            f'{left} migrations are left out: they would leave no room for '
            f'the instances of {nodes} that may fail'
        )
    if enabled:
        texts.append(
            f'{enabled} nodes stay enabled: they are the room for the '
            f'instances of {nodes} that may fail'
        )
    if most:
        texts.append(
            f'already now there would be no room for the instances of {most} '
            'nodes if they failed'
        )
    return texts


def _status(result: Plan) -> Status:
    """What is known of a plan of which something is left out."""
    if result.status in (Status.INFEASIBLE, Status.TIME_LIMIT):
        return result.status
    return Status.FEASIBLE if result.actions else Status.NO_CHANGE
