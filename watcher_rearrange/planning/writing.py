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

"""What a strategy decided, written as a plan."""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import PathSummary
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.path.graph.pools import Ancestors
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.timing import syncs
from watcher_rearrange.planning import actions
from watcher_rearrange.planning.job import Job


OF_NO_USE = 'a part of the plan is of no use: nothing is done'


def draft(job: Job, end: Placement, path: Path) -> actions.Draft:
    """Return what the actions of a path are made from."""

    def reason(move: Move) -> str:
        if move.displacement:
            final = job.cluster.hostname(int(end.node_of[move.instance]))
            return f'out of the way for a while, then on to {final}'
        return job.reason(move, end)

    return actions.Draft(
        job.rules,
        Placement(job.cluster),
        path.moves,
        job.services(end),
        reason,
        job.limits,
    )


def written(job: Job, end: Placement, path: Path) -> Plan:
    """Return the plan of a path that leads to a placement."""
    made, summary = actions.write(draft(job, end, path))
    return _plan(job, end, path, made, summary)


def less(job: Job, path: Path, end: Placement) -> Plan:
    """Return the plan of a part of the moves, or why it must not be used."""
    refused = job.refusal(end)
    if refused is not None:
        return Plan(refused, messages=tuple(job.messages(end)))
    return written(job, end, path)


def nothing(job: Job) -> Plan:
    """Return the plan that leaves everything as it is."""
    stays = written(job, Placement(job.cluster), Path())
    return dataclasses.replace(
        stays, actions=(), limits={}, path=PathSummary()
    )


def of_actions(job: Job, made: Sequence[Action]) -> Plan:
    """Return the plan of some actions as they are, with their times."""
    moves = moves_of(job, made)
    end = after(Placement(job.cluster), moves)
    refused = job.refusal(end)
    if refused is not None:
        return Plan(refused, messages=tuple(job.messages(end)))
    path = Path(moves)
    memory_mb = job.cluster.memory_mb
    start_of = job.cluster.node_of
    summary = PathSummary(
        migrations=len(moves),
        displacements=path.displacements,
        bound=int((end.node_of != start_of).sum()),
        migrated_mb=sum(int(memory_mb[move.instance]) for move in moves),
        makespan_s=makespan_s(made),
        makespan_bound_s=makespan_bound_s(job, made),
    )
    return _plan(job, end, path, tuple(made), summary)


def makespan_bound_s(job: Job, made: Sequence[Action]) -> float:
    """Return what no order of some actions can be faster than, in seconds."""
    moves = moves_of(job, made)
    full = draft(job, after(Placement(job.cluster), moves), Path(moves))
    nodes = {
        job.cluster.node_index[action.node]
        for action in made
        if not action.is_migration
    }
    services = [one for one in full.services if one.node in nodes]
    return actions.makespan_bound_s(
        dataclasses.replace(full, services=services)
    )


def makespan_s(made: Sequence[Action]) -> float:
    """Return when the last of some actions is over, in seconds."""
    ends_s = (action.starts_s + action.estimated_s for action in made)
    return round(max(ends_s, default=0.0), 1)


def moves_of(job: Job, made: Sequence[Action]) -> tuple[Move, ...]:
    """Return the moves that actions make."""
    cluster = job.cluster
    return tuple(
        Move(
            cluster.instance_index[action.instance],
            cluster.node_index[action.source],
            cluster.node_index[action.destination],
            action.displacement,
        )
        for action in made
        if action.is_migration
    )


def lags(
    job: Job, made: Sequence[Action], parents: Sequence[Sequence[int]]
) -> dict[int, syncs.Lags]:
    """Return how long after others some actions start, by position.

    :param parents: positions of those that each waits for
    """
    ancestors = Ancestors(len(made))
    for k, own in enumerate(parents):
        ancestors.of[k] = ancestors.closure([*own])
    of = [k for k, action in enumerate(made) if action.is_migration]
    found = syncs.lags(
        job.rules,
        Placement(job.cluster),
        moves_of(job, made),
        lambda one, other: ancestors.has(of[one], of[other]),
    )
    return {
        k: tuple((of[j], lag_s) for j, lag_s in own)
        for k, own in zip(of, found, strict=True)
        if own
    }


def after(start: Placement, moves: Sequence[Move]) -> Placement:
    """Return the placement that moves lead to."""
    end = start.copy()
    for move in moves:
        end.move(move.instance, move.destination)
    return end


def cut(result: Plan, late: bool) -> Plan:
    """Return a plan with what is known once something was left out.

    :param late: whether some of it was, as the time was over
    """
    status = Status.TIME_LIMIT if late else Status.NO_CHANGE
    if result.actions:
        status = Status.FEASIBLE
    return dataclasses.replace(result, status=status)


def _plan(
    job: Job,
    end: Placement,
    path: Path,
    made: tuple[Action, ...],
    summary: PathSummary,
) -> Plan:
    start = Placement(job.cluster)
    table = job.table(start, end)
    fewest = job.fewest_migrations(start, end)
    optimal = job.is_optimal(table, path, fewest)
    return Plan(
        status=_status(job, bool(made), optimal),
        actions=made,
        objectives=tuple(table),
        path=summary,
        violations_before=tuple(job.rules.violations(start)),
        violations_after=tuple(job.rules.violations(end)),
        messages=tuple(job.messages(end)),
        limits=job.limits.set if made else {},
    )


def _status(job: Job, acts: bool, optimal: bool) -> Status:
    if acts:
        return Status.OPTIMAL if optimal else Status.FEASIBLE
    # Having found nothing says something only if the search was finished.
    if job.out_of_time and not optimal:
        return Status.TIME_LIMIT
    return Status.NO_CHANGE
