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
from collections.abc import Sequence

from watcher_rearrange.constraints.breaches import Breaches
from watcher_rearrange.constraints.breaches import ShouldBreaches
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.relations import Relations
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records as model
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Violation


# Of what is still broken, how much is named.
MOST_SHOWN = 20

STILL = 'still broken: '
MORE = ' more rules are broken'


def broken(violations: Sequence[Violation]) -> list[str]:
    """Return what is told of rules that are still broken."""
    shown = [f'{STILL}{one}' for one in violations[:MOST_SHOWN]]
    if len(violations) > MOST_SHOWN:
        shown.append(f'{len(violations) - MOST_SHOWN}{MORE}')
    return shown


def broken_relations(lowered: model.Snapshot) -> list[model.Relation]:
    """Return the relations of a policy that do not hold now."""
    cluster = Cluster.from_snapshot(lowered)
    start, relations = Placement(cluster), Relations(cluster)
    return [
        one.record
        for one in relations.relations
        if relations.excess(start, one)
    ]


def again(lowered: model.Snapshot, made: Plan) -> Plan:
    """Return a plan with what it means for all rules.

    :param lowered: the cluster with all of them
    """
    rules = Rules(Cluster.from_snapshot(lowered), MoveOptions())
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
    after = rules.violations(end)
    messages = [text for text in made.messages if not _is_of_broken(text)]
    if len(messages) < len(made.messages):
        messages = [*broken(after), *messages]
    return dataclasses.replace(
        made,
        objectives=tuple(
            _row(row, measures, start, end) for row in made.objectives
        ),
        violations_before=tuple(rules.violations(start)),
        violations_after=tuple(after),
        messages=tuple(messages),
    )


def _is_of_broken(text: str) -> bool:
    return text.startswith(STILL) or text.endswith(MORE)


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
