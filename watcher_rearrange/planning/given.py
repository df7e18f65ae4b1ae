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

"""The path to a target that somebody else has chosen."""

from __future__ import annotations

import time

from collections.abc import Callable
from collections.abc import Mapping

from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.model.records import Target
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import actions
from watcher_rearrange.planning import refusals
from watcher_rearrange.planning import ways_out
from watcher_rearrange.planning.knot import Knot
from watcher_rearrange.planning.question import Question
from watcher_rearrange.policies import path_costs
from watcher_rearrange.policies.limits import Limits


# What part of the time is kept for explaining why there is no path.
EXPLAINING = 0.1

PROVED = 'every reachable placement was tried: no path'
NOT_PROVED = 'no path was found, and none ruled out'


def find_path(
    snapshot: Snapshot,
    target: Target,
    *,
    time_limit_s: float = 60.0,
    seed: int = 0,
    limits: Limits = Limits(),
    cost: str | Mapping[str, int] = path_costs.MIGRATIONS,
    explain: bool = True,
) -> Plan:
    """Plan the way to a target placement.

    :param seed: the same seed gives the same plan
    :param cost: what the path should be short in: one of
        ``path_costs.PATH_COSTS``, or several with how much one unit of each
        counts
    :param explain: where there is no path, look for ways out
    """
    deadline = time.monotonic() + time_limit_s
    question = Question.of(snapshot, target, cost)
    refused = _refusals(question, deadline, explain)
    if refused:
        return Plan(Status.INFEASIBLE, messages=tuple(refused))
    kept_s = min(ways_out.MAX_S, EXPLAINING * time_limit_s) if explain else 0
    path = question.path_until(deadline - kept_s, seed)
    if not path.complete:
        return _blocked(question, path, deadline, explain)
    draft = actions.Draft(
        question.rules, question.start, path.moves, (), _reason(path), limits
    )
    written, summary = actions.write(draft)
    status = Status.OPTIMAL if path.proved else Status.FEASIBLE
    return Plan(
        status=status if written else Status.NO_CHANGE,
        actions=written,
        path=summary,
        violations_before=tuple(question.rules.violations(question.start)),
        violations_after=tuple(question.rules.violations(question.end)),
        limits=limits.set if written else {},
    )


def _refusals(question: Question, deadline: float, explain: bool) -> list[str]:
    """Why no path can lead to this target, with the ways out."""
    found = refusals.refusals(question)
    messages = [refusal.text for refusal in found]
    if found and explain:
        messages += ways_out.of_refusals(question, found, deadline)
    return messages


def _blocked(
    question: Question, path: Path, deadline: float, explain: bool
) -> Plan:
    """Whom no path was found for, and why, with the ways out."""
    knot = Knot(question, path)
    messages = [PROVED if path.proved else NOT_PROVED, *knot.sentences()]
    if explain:
        messages += ways_out.of_knot(question, path, knot, deadline)
    status = Status.INFEASIBLE if path.proved else Status.TIME_LIMIT
    return Plan(status, messages=tuple(messages))


def _reason(path: Path) -> Callable[[Move], str]:
    displaced = {m.instance for m in path.moves if m.displacement}

    def reason(move: Move) -> str:
        if move.displacement:
            return 'out of the way for a while'
        if move.instance in displaced:
            return 'to its target, from a temporary host'
        return 'to its target'

    return reason
