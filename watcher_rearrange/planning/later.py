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

"""What cannot be done now may be possible later.

Quiet hours end, and the next day has budgets of its own. So where these keep
a plan from being made, it is looked whether there is one without them.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence

from watcher_rearrange.constraints.rules import shortened
from watcher_rearrange.model import records as model
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.planning import business
from watcher_rearrange.planning import quiet
from watcher_rearrange.planning.budgets import Budgets
from watcher_rearrange.policies.file import hours
from watcher_rearrange.policies.file import records


REFUSED = (Status.INFEASIBLE, Status.TIME_LIMIT)
NOT_NOW = 'nothing is done now'
NEVER = 'no plan is found, even with budgets of which nothing is used'
ALWAYS = 'in quiet hours that never end'

# So many reasons for that are named.
MOST_SHOWN = 3


def plan(
    snapshot: model.Snapshot,
    known: business.Business,
    make: business.Planner,
    search: business.Search,
) -> Plan:
    """Return a plan that respects a policy.

    :param make: plans for a cluster that has the rules as facts
    :raises BadInput: if a rule makes no sense on this cluster
    """
    if not known.policy.rules:
        return make(snapshot, 1.0)
    budgets = Budgets(known.whole or snapshot, known.policy, known.migrated)
    task = business.Task(snapshot, known, make, budgets)
    made = task.planned(search)
    if not task.held() or made.status not in REFUSED:
        return made
    # Other rules may have been the reason as well.
    later = _timeless(snapshot, known, make)
    other = later.planned(search)
    if other.status is Status.INFEASIBLE:
        return other
    if other.status is not Status.TIME_LIMIT:
        moved = {one.instance for one in other.actions if one.is_migration}
        if not other.actions:
            # Something else is in the way as well, and it says what.
            made = dataclasses.replace(made, messages=other.messages)
        made = _nothing(made, other)
        text, reasons = NOT_NOW, task.held(moved) or task.held()
    elif later.held():
        free = _timeless(snapshot, known, make, budgets=False).planned(search)
        if free.status is Status.INFEASIBLE:
            return free
        moved = {one.instance for one in free.actions if one.is_migration}
        made = dataclasses.replace(made, status=other.status)
        text, reasons = NEVER, later.held(moved) or later.held()
    else:
        return dataclasses.replace(made, status=other.status)
    text = f'{text}: instances are {" or ".join(reasons[:MOST_SHOWN])}'
    return dataclasses.replace(made, messages=(text, *made.messages))


def _nothing(refused: Plan, other: Plan) -> Plan:
    """A plan without actions in place of one that was refused.

    :param other: of the same cluster, some other day
    """
    return dataclasses.replace(
        refused,
        status=Status.NO_CHANGE,
        objectives=tuple(
            dataclasses.replace(row, after=row.before)
            for row in other.objectives
        ),
        violations_before=other.violations_before,
        violations_after=other.violations_before,
    )


def _timeless(
    snapshot: model.Snapshot,
    known: business.Business,
    make: business.Planner,
    budgets: bool = True,
) -> business.Task:
    """The same outside all quiet hours, on a day without any migration.

    :param budgets: whether there are any then
    """
    rules = quiet.rules_of(snapshot, known.policy)
    instances = tuple(
        dataclasses.replace(
            one,
            quiet_from_s=None,
            stays=one.stays or _always(rules.get(k, [])),
        )
        for k, one in enumerate(snapshot.instances)
    )
    policy = records.Policy(
        tuple(
            # Who has none ever is to stay.
            dataclasses.replace(rule, kind=records.ROOT)
            if rule.kind == records.BUDGET and not rule.migrations
            else rule
            for rule in known.policy.rules
            if rule.kind != records.QUIET_HOURS
            and (budgets or rule.kind != records.BUDGET)
        )
    )
    whole = dataclasses.replace(known.whole or snapshot, migrations=())
    return business.Task(
        dataclasses.replace(snapshot, instances=instances),
        dataclasses.replace(known, policy=policy),
        make,
        Budgets(whole, policy, {}),
    )


def _always(rules: Sequence[records.Rule]) -> str:
    """Why an instance never moves for its quiet hours, if that is so."""
    if not hours.never_end(quiet.hours_of(rules)):
        return ''
    return f'{ALWAYS}, of {shortened(rule.name for rule in rules)}'
