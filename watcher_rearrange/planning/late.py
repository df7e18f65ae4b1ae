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

"""What of a plan would come too late is left out.

Too late is what is not over by the deadline, and what would begin when the
quiet hours of its instance have begun.
"""

from __future__ import annotations

import dataclasses
import math

from collections.abc import Sequence

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import deadline
from watcher_rearrange.planning import writing
from watcher_rearrange.planning.job import Job
from watcher_rearrange.planning.selection import Parts


def in_time(job: Job, end: Placement, path: Path, result: Plan) -> Plan:
    """Return a plan without what would come too late.

    :param end: where the path leads
    :param result: the plan of the path
    """
    planned = len(path.moves)
    # How many are left out for what, in the order in which that was seen.
    lost: dict[str, int] = {}
    while path.moves:
        count = len(path.moves)
        draft = writing.draft(job, end, path)
        loud = _loud(job, result.actions)
        if _is_over(job, result.path.makespan_s):
            # With fewer moves, others may run at other times: look again.
            why = f'they would not be of use within {job.deadline_s:g} s'
            path, end = deadline.cut(job, draft, end)
        elif loud:
            why = 'the quiet hours of an instance would have begun'
            path, end = without(job, Parts(job, draft, end), loud)
        else:
            break
        lost[why] = lost.get(why, 0) + count - len(path.moves)
        result = writing.written(job, end, path)
    if not lost:
        return result
    if job.is_worse(result.objectives):
        path, end = Path(), Placement(job.cluster)
        result = writing.written(job, end, path)
    refused = job.refusal(end) is not None
    if refused:
        # There is a plan, but it cannot be carried out now.
        path = Path()
        result = writing.nothing(job)
    # The rest is of no use without those that were left out first.
    lost[next(iter(lost))] += planned - len(path.moves) - sum(lost.values())
    texts = [
        f'{count} of {planned} migrations are left out: {why}'
        for why, count in lost.items()
    ]
    if refused:
        texts.append(writing.OF_NO_USE)
    status = Status.FEASIBLE if result.actions else Status.NO_CHANGE
    return dataclasses.replace(
        result, status=status, messages=(*texts, *result.messages)
    )


def first(job: Job, actions: Sequence[Action]) -> int:
    """Return the position of the first action that comes too late.

    That is their count where none does.
    """
    over = _is_over(job, writing.makespan_s(actions))
    for k, action in enumerate(actions):
        if _is_loud(job, action):
            return k
        if over and _is_over(job, writing.makespan_s((action,))):
            return k
    return len(actions)


def tardy(job: Job, actions: Sequence[Action]) -> set[int]:
    """Return the instances of the migrations that come too late."""
    return {
        job.cluster.instance_index[action.instance]
        for action in actions
        if action.is_migration
        and (
            _is_loud(job, action)
            or _is_over(job, writing.makespan_s((action,)))
        )
    }


def quiet_from_s(job: Job, action: Action) -> float:
    """Return when the quiet hours of an action begin, or infinity."""
    if not action.is_migration:
        return math.inf
    idx = job.cluster.instance_index[action.instance]
    from_s = job.cluster.snapshot.instances[idx].quiet_from_s
    return math.inf if from_s is None else from_s


def without(
    job: Job, parts: Parts, instances: set[int]
) -> tuple[Path, Placement]:
    """Return the moves that depend on none of some, and their end."""
    part = parts.tried(parts.without(instances)) or parts.nothing()
    return parts.path(part), part.after


def _is_over(job: Job, makespan_s: float) -> bool:
    return job.deadline_s is not None and makespan_s > job.deadline_s


def _loud(job: Job, actions: Sequence[Action]) -> set[int]:
    """The instances that would move when they should be quiet."""
    return {
        job.cluster.instance_index[action.instance]
        for action in actions
        if _is_loud(job, action)
    }


def _is_loud(job: Job, action: Action) -> bool:
    return action.starts_s >= quiet_from_s(job, action)
