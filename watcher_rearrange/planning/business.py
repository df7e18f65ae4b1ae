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

"""Planning under a policy file.

A plan respects all rules. Where a node is to be freed, or a rule that must
hold is to be mended, and rules that should hold are in the way, it is planned
without these. What a budget does not permit stays.
"""

from __future__ import annotations

import dataclasses
import datetime

from collections.abc import Callable
from collections.abc import Mapping

from watcher_rearrange.model import records as model
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.planning import judged
from watcher_rearrange.planning.budgets import Budgets
from watcher_rearrange.policies.file import lowering
from watcher_rearrange.policies.file import records


# Plans that are looked at, in each way, until all budgets are kept.
MAX_TRIES = 4

Planner = Callable[[model.Snapshot], Plan]


@dataclasses.dataclass(frozen=True)
class Business:
    """What is known beside the cluster where a policy is to be respected.

    :ivar policy: of the policy files
    :ivar now: when the plan begins; None for now
    :ivar migrated: how many migrations each instance had in the last day,
        by UUID
    """

    policy: records.Policy = records.Policy()
    now: datetime.datetime | None = None
    migrated: Mapping[str, int] = dataclasses.field(default_factory=dict)


def plan(
    snapshot: model.Snapshot, known: Business, make: Planner, directed: bool
) -> Plan:
    """Return a plan that respects a policy.

    :param make: plans for a cluster that has the rules as facts
    :param directed: whether the search knows the rules that are about who
        is with whom, and what should hold gives way to its aim; if not,
        whom such rules are about stays
    :raises BadInput: if a rule makes no sense on this cluster
    """
    if not known.policy.rules:
        return make(snapshot)
    budgets = Budgets(snapshot, known.policy, known.migrated)
    lowered = lowering.lower(snapshot, known.policy, known.now)
    if not directed:
        lowered = lowering.frozen(lowered)
    best = _budgeted(lowered, budgets, make)
    should = any(not rule.must for rule in known.policy.rules)
    if should and directed and _is_left(best):
        musts = lowering.lower(
            snapshot, known.policy, known.now, only_must=True
        )
        other = _budgeted(musts, budgets, make)
        if _aim(other) < _aim(best):
            return judged.again(snapshot, known.policy, other)
    return best


def _budgeted(
    lowered: model.Snapshot, budgets: Budgets, make: Planner
) -> Plan:
    stays: dict[str, str] = budgets.used_up()
    made = make(lowering.with_stays(lowered, stays))
    for who_stays in (
        *(budgets.exceeded,) * MAX_TRIES,
        # Whoever moves in place of others goes over a budget, again and
        # again: then nobody new moves, at last nobody of it at all.
        *(budgets.exceeded_again,) * MAX_TRIES,
        *(budgets.closed,) * len(budgets),
    ):
        more = who_stays(made)
        if not more:
            break
        stays.update(more)
        made = make(lowering.with_stays(lowered, stays))
    return _unproved(made) if stays else made


def _is_left(made: Plan) -> bool:
    """Whether something of the aim is not reached."""
    return not made.objectives or _aim(made) > 0


def _aim(made: Plan) -> float:
    if not made.objectives:
        return float('inf')
    return made.objectives[0].after


def _unproved(made: Plan) -> Plan:
    """Others could have stayed: then nothing is proved."""
    statuses = {
        Status.OPTIMAL: Status.FEASIBLE,
        Status.INFEASIBLE: Status.TIME_LIMIT,
    }
    status = statuses.get(made.status, made.status)
    return dataclasses.replace(made, status=status)
