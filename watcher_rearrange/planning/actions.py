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

import collections
import dataclasses
import math

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import DISABLE_SERVICE
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import PathSummary
from watcher_rearrange.path.graph import dag
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.timing import bound
from watcher_rearrange.path.timing import duration
from watcher_rearrange.path.timing import orders
from watcher_rearrange.path.timing import schedule
from watcher_rearrange.path.timing import syncs
from watcher_rearrange.planning.job import ServiceChange
from watcher_rearrange.policies.limits import Limits


Moves = Sequence[Move]

SERVICE_S = 1.0

# How many other orders of the moves are tried: so many, fewer the more moves
# there are: the count of orders times the square of the count of moves.
MAX_ORDERS = 100
MAX_SAMPLED = 20_000

# Sums of seconds that should be equal may differ in the last bits.
TINY_S = 1e-6


@dataclasses.dataclass(frozen=True)
class Draft:
    """What the actions are made from.

    :ivar reason: why a move is made
    """

    rules: Rules
    start: Placement
    moves: Moves
    services: Sequence[ServiceChange]
    reason: Callable[[Move], str]
    limits: Limits


@dataclasses.dataclass(frozen=True)
class Step:
    """An action that has no number yet.

    :ivar parents: positions of the steps it depends on
    :ivar latest_s: it has to start before
    :ivar lags: positions of steps, and how long after their end it starts
    """

    action: Action
    parents: tuple[int, ...]
    needs: tuple[tuple[schedule.Key, int], ...] = ()
    latest_s: float = math.inf
    lags: syncs.Lags = ()


def write(draft: Draft) -> tuple[tuple[Action, ...], PathSummary]:
    """Return the actions in a valid order, and the figures of the path.

    The services of nodes that are being emptied are disabled before
    anything leaves, those of freed nodes when everything has left. The
    actions are in the order of their estimated start.
    """
    found = _shortest(draft)
    order = found.timetable.order
    number = {k: str(n) for n, k in enumerate(order, start=1)}
    starts_bound_s = _starts_bound_s(draft, found)
    written = tuple(
        dataclasses.replace(
            found.steps[k].action,
            id=number[k],
            parents=_numbers(found.steps[k].parents, number),
            after=_numbers(found.timetable.after[k], number),
            starts_s=round(found.timetable.start_s[k], 1),
            starts_bound_s=round(starts_bound_s[k], 1),
        )
        for k in order
    )
    return written, _summary(draft, found)


def is_over_by(draft: Draft, deadline_s: float) -> bool:
    """Whether the plan that a draft becomes is over by a time."""
    # As the plan has it: rounded.
    found = _shortest(draft, enough_s=deadline_s)
    return round(found.timetable.makespan_s, 1) <= deadline_s


def makespan_bound_s(draft: Draft) -> float:
    """Return what no order of the moves can be faster than."""
    return round(_bound(draft, _steps(draft)).makespan_s, 1)


def seconds(draft: Draft) -> list[float]:
    """Return what each move takes."""
    return [_migrate(draft, move).estimated_s for move in draft.moves]


def shares(draft: Draft) -> list[dict[schedule.Key, float]]:
    """Return for each move how long it uses up what is limited."""
    capacity = _capacity(draft)
    return [
        {
            key: units * taken_s / capacity[key]
            for key, units in _needs(move)
            if key in capacity
        }
        for move, taken_s in zip(draft.moves, seconds(draft), strict=True)
    ]


def parents(draft: Draft) -> list[list[int]]:
    """Return for each move those that it depends on, in this order."""
    return dag.Dag(draft.rules, draft.start, draft.moves).parents


def _timetable(
    steps: Sequence[Step], capacity: Mapping[schedule.Key, int]
) -> schedule.Timetable:
    tasks = [
        schedule.Task(
            step.action.estimated_s,
            step.parents,
            step.needs,
            step.latest_s,
            step.lags,
        )
        for step in steps
    ]
    return schedule.make(tasks, capacity)


@dataclasses.dataclass(frozen=True)
class _Found:
    """The steps of one order of the moves, with their timetable.

    :ivar least: what holds for every order, as the moves were given
    """

    moves: Moves
    steps: list[Step]
    timetable: schedule.Timetable
    least: bound.Bound


def _shortest(draft: Draft, enough_s: float | None = None) -> _Found:
    """The order of the moves that has the shortest timetable.

    Of all orders, one where the fewest begin in their quiet hours.

    :param enough_s: the search may end where this is reached, or can not be
    """
    capacity = _capacity(draft)
    steps = _steps(draft)
    least = _bound(draft, steps)
    best = _Found(draft.moves, steps, _timetable(steps, capacity), least)
    seen = {tuple(draft.moves)}
    goal_s = least.makespan_s + TINY_S
    if enough_s is not None:
        goal_s = max(goal_s, enough_s) if goal_s <= enough_s else math.inf
    count = MAX_SAMPLED // max(1, len(draft.moves) ** 2)
    for moves in orders.valid(
        draft.rules, draft.start, draft.moves, min(count, MAX_ORDERS)
    ):
        if best.timetable.rank <= (0, goal_s):
            break
        if tuple(moves) not in seen:
            seen.add(tuple(moves))
            steps = _steps(dataclasses.replace(draft, moves=moves))
            found = _timetable(steps, capacity)
            if found.rank < best.timetable.rank:
                best = _Found(moves, steps, found, least)
    return best


def _bound(draft: Draft, steps: Sequence[Step]) -> bound.Bound:
    """What no order of the moves can be faster than."""
    first = {change.node for change in draft.services if change.first}
    last = {change.node for change in draft.services if not change.first}
    work = [
        bound.Work(
            move,
            step.action.estimated_s,
            step.needs,
            before_s=SERVICE_S if move.source in first else 0.0,
            behind_s=SERVICE_S if move.source in last else 0.0,
        )
        for move, step in zip(draft.moves, steps[len(first) :], strict=False)
    ]
    found = bound.of_orders(draft.rules, draft.start, work, _capacity(draft))
    least_s = SERVICE_S if draft.services else 0.0
    return dataclasses.replace(
        found, makespan_s=max(found.makespan_s, least_s)
    )


def _starts_bound_s(draft: Draft, found: _Found) -> list[float]:
    """When each step starts at the earliest, whatever the order."""
    starts_s: dict[Move, float] = {}
    emptied_s: dict[int, float] = {}
    least = found.least
    for move, start_s, end_s in zip(
        draft.moves, least.starts_s, least.ends_s, strict=True
    ):
        # Who goes the same way twice counts by the first time.
        starts_s.setdefault(move, start_s)
        emptied_s[move.source] = max(emptied_s.get(move.source, 0.0), end_s)
    services = draft.services
    return [
        *(0.0 for change in services if change.first),
        *(starts_s[move] for move in found.moves),
        *(emptied_s.get(c.node, 0.0) for c in services if not c.first),
    ]


def _numbers(
    positions: Sequence[int], number: dict[int, str]
) -> tuple[str, ...]:
    return tuple(sorted((number[k] for k in positions), key=int))


def _steps(draft: Draft) -> list[Step]:
    """The actions with what they depend on, parents before children."""
    graph = dag.Dag(draft.rules, draft.start, draft.moves)
    first = [change for change in draft.services if change.first]
    gates = {change.node: k for k, change in enumerate(first)}
    lags = syncs.lags(
        draft.rules, draft.start, draft.moves, graph.ancestors.has
    )
    steps = [Step(_disable(draft, change), ()) for change in first]
    leaving = collections.defaultdict(list)
    for k, move in enumerate(draft.moves):
        leaving[move.source].append(k)
        parents = [len(first) + parent for parent in graph.parents[k]]
        if move.source in gates:
            parents.append(gates[move.source])
        steps.append(
            Step(
                _migrate(draft, move),
                tuple(parents),
                _needs(move),
                _latest_s(draft, move),
                tuple((len(first) + j, lag_s) for j, lag_s in lags[k]),
            )
        )
    for change in draft.services:
        if not change.first:
            departures = graph.ancestors.reduced(leaving[change.node])
            parents = [len(first) + parent for parent in departures]
            steps.append(Step(_disable(draft, change), tuple(parents)))
    return steps


def _needs(move: Move) -> tuple[tuple[schedule.Key, int], ...]:
    return (
        (('outgoing', move.source), 1),
        (('incoming', move.destination), 1),
        (('parallel',), 1),
    )


def _latest_s(draft: Draft, move: Move) -> float:
    """When the quiet hours of the instance begin."""
    instance = draft.rules.cluster.snapshot.instances[move.instance]
    from_s = instance.quiet_from_s
    return math.inf if from_s is None else from_s


def _capacity(draft: Draft) -> dict[schedule.Key, int]:
    limits = draft.limits
    capacity: dict[schedule.Key, int] = {}
    for node in range(draft.rules.cluster.n_nodes):
        if limits.max_outgoing is not None:
            capacity['outgoing', node] = limits.max_outgoing
        if limits.max_incoming is not None:
            capacity['incoming', node] = limits.max_incoming
    if limits.max_parallel is not None:
        capacity['parallel',] = limits.max_parallel
    return capacity


def _migrate(draft: Draft, move: Move) -> Action:
    cluster = draft.rules.cluster
    instance = cluster.snapshot.instances[move.instance]
    kind = draft.rules.movability.migration_type(move.instance)
    return Action(
        id='',
        type=kind,
        instance=instance.uuid,
        source=cluster.hostname(move.source),
        destination=cluster.hostname(move.destination),
        displacement=move.displacement,
        reason=draft.reason(move),
        estimated_s=duration.estimate_s(cluster, move, kind),
        not_within=instance.not_within,
    )


def _disable(draft: Draft, change: ServiceChange) -> Action:
    return Action(
        id='',
        type=DISABLE_SERVICE,
        node=draft.rules.cluster.hostname(change.node),
        reason=change.reason,
        estimated_s=SERVICE_S,
    )


def _summary(draft: Draft, found: _Found) -> PathSummary:
    memory_mb = draft.rules.cluster.memory_mb
    moved = [move.instance for move in draft.moves]
    final = {move.instance: move.destination for move in draft.moves}
    away = [i for i, node in final.items() if node != draft.start.node_of[i]]
    return PathSummary(
        migrations=len(draft.moves),
        displacements=sum(move.displacement for move in draft.moves),
        bound=len(away),
        migrated_mb=sum(int(memory_mb[i]) for i in moved),
        makespan_s=round(found.timetable.makespan_s, 1),
        makespan_bound_s=round(found.least.makespan_s, 1),
    )
