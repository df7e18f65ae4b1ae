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
from collections.abc import Iterable
from collections.abc import Mapping

from watcher_rearrange.model import records as model
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.planning import judged
from watcher_rearrange.policies.file import lowering
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection


# Plans that are looked at until all budgets are kept.
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
    budgets = _Budgets(snapshot, known)
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
    lowered: model.Snapshot, budgets: _Budgets, make: Planner
) -> Plan:
    stays: dict[str, str] = budgets.used_up()
    for _ in range(MAX_TRIES):
        made = make(lowering.with_stays(lowered, stays))
        more = budgets.exceeded(made)
        if not more:
            return _unproved(made) if stays else made
        stays.update(more)
    # Displacement can take a budget twice: then nobody of it moves.
    stays.update(budgets.everybody())
    return _unproved(make(lowering.with_stays(lowered, stays)))


class _Budgets:
    """What each budget leaves to whom."""

    def __init__(self, snapshot: model.Snapshot, known: Business) -> None:
        self._migrated = known.migrated
        self._priority = _priorities(snapshot, known.policy)
        self._budgets: list[tuple[str, int, frozenset[str]]] = []
        selector = selection.Selector(snapshot)
        moving = {m.instance for m in snapshot.migrations if m.in_progress}
        for rule in known.policy.rules:
            if rule.kind == records.BUDGET:
                whom = selector.instances(rule.instances)
                for members in _shares(snapshot, whom, rule.each):
                    done = sum(self._migrated.get(m, 0) for m in members)
                    done += len(members & moving)
                    left = max(0, rule.migrations - done)
                    self._budgets.append((rule.name, left, members))

    def used_up(self) -> dict[str, str]:
        """Return who stays as nothing is left."""
        return self._staying(lambda left: left == 0)

    def everybody(self) -> dict[str, str]:
        """Return all that have a budget."""
        return self._staying(lambda left: True)

    def exceeded(self, made: Plan) -> dict[str, str]:
        """Return who stays so that no more than the budgets is used."""
        found: dict[str, str] = {}
        movers = [a.instance for a in made.actions if a.instance]
        movers.sort(key=lambda uuid: -self._priority.get(uuid, 0.0))
        for name, left, members in self._budgets:
            mine = [uuid for uuid in movers if uuid in members]
            if len(mine) > left:
                kept = set(mine[:left])
                found.update(dict.fromkeys(members - kept, _over_budget(name)))
        return found

    def _staying(self, chosen: Callable[[int], bool]) -> dict[str, str]:
        return {
            member: _over_budget(name)
            for name, left, members in self._budgets
            if chosen(left)
            for member in members
        }


def _over_budget(name: str) -> str:
    return f'over the budget of rule {name}'


def _shares(
    snapshot: model.Snapshot, whom: Iterable[int], each: str
) -> list[frozenset[str]]:
    """Who has a budget together."""
    chosen = [snapshot.instances[k] for k in whom]
    uuids = frozenset(one.uuid for one in chosen)
    if each == 'project':
        projects: dict[str, set[str]] = {}
        for one in chosen:
            projects.setdefault(one.project_id, set()).add(one.uuid)
        return [frozenset(members) for members in projects.values()]
    if each == 'server_group':
        groups = snapshot.server_groups
        return [uuids.intersection(group.members) for group in groups]
    return [uuids]


def _priorities(
    snapshot: model.Snapshot, policy: records.Policy
) -> dict[str, float]:
    found: dict[str, float] = {}
    selector = selection.Selector(snapshot)
    for rule in policy.rules:
        if rule.kind == records.PRIORITY:
            for k in selector.instances(rule.instances):
                found.setdefault(snapshot.instances[k].uuid, rule.value)
    return found


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
