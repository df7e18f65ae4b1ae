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

"""A plan that was made without some rules, judged by all of them."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping

from watcher_rearrange.constraints.breaches import Breaches
from watcher_rearrange.constraints.breaches import ShouldBreaches
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records as model
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.policies.file import lowering
from watcher_rearrange.policies.file import records


GAVE_WAY = 'rules that should hold gave way'


def again(
    snapshot: model.Snapshot, policy: records.Policy, made: Plan
) -> Plan:
    """Return a plan with what it means for all rules of a policy.

    :param made: without those that should hold
    """
    rules = Rules(
        Cluster.from_snapshot(lowering.lower(snapshot, policy)), MoveOptions()
    )
    start = Placement(rules.cluster)
    end = start.copy()
    for action in made.actions:
        if action.instance:
            end.move(
                rules.cluster.instance_index[action.instance],
                rules.cluster.node_index[action.destination],
            )
    measures = {
        measure.name: measure
        for measure in (Breaches(rules), ShouldBreaches(rules))
    }
    optimal = made.status is Status.OPTIMAL
    return dataclasses.replace(
        made,
        status=Status.FEASIBLE if optimal else made.status,
        objectives=tuple(
            _row(row, measures, start, end) for row in made.objectives
        ),
        violations_before=tuple(rules.violations(start)),
        violations_after=tuple(rules.violations(end)),
        messages=(GAVE_WAY, *made.messages),
    )


def _row(
    row: ObjectiveValue,
    measures: Mapping[str, Breaches | ShouldBreaches],
    start: Placement,
    end: Placement,
) -> ObjectiveValue:
    if row.name not in measures:
        return row
    measure = measures[row.name]
    return dataclasses.replace(
        row, before=measure.value(start), after=measure.value(end)
    )
