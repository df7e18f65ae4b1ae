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

"""A plan as sections of rows, whatever they are then shown with."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator
from typing import Any

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.report.terminal import printable


_MAX_PARENTS = 6


@dataclasses.dataclass(frozen=True)
class Section:
    """A table: the numeric columns are to be aligned right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()


def plan_sections(
    snapshot: records.Snapshot, result: plan.Plan
) -> Iterator[Section]:
    """The tables of a plan that have anything in them."""
    if result.actions:
        yield actions_section(snapshot, result)
    if result.objectives:
        yield objectives_section(result)
    if result.actions:
        yield path_section(result.path)
    if result.alternatives:
        yield alternatives_section(result.alternatives)
    for title, violations in (
        ('Violations before', result.violations_before),
        ('Violations after', result.violations_after),
    ):
        if violations:
            yield violations_section(title, violations)


def actions_section(snapshot: records.Snapshot, result: plan.Plan) -> Section:
    """What is done, to what, when and why.

    *Falls with it* is how many others are skipped if the action fails;
    *not before* is what no order of the same migrations can be faster than.
    """
    names = instance_labels(snapshot)
    waves = result.waves()
    return Section(
        'Actions',
        (
            'id',
            'wave',
            'action',
            'instance or node',
            'from',
            'to',
            'parents',
            'falls with it',
            'reason',
            'seconds',
            'starts, s',
            'not before, s',
        ),
        tuple(
            (
                printable(action.id),
                str(waves[action.id]),
                what(action),
                names.get(action.instance, printable(action.node)),
                printable(action.source),
                printable(action.destination),
                _parents(action),
                str(len(result.falls_with(action.id))),
                printable(action.reason),
                number(action.estimated_s, 1),
                number(action.starts_s, 1),
                number(action.starts_bound_s, 1),
            )
            for action in result.actions
        ),
        frozenset(
            (
                'id',
                'wave',
                'falls with it',
                'seconds',
                'starts, s',
                'not before, s',
            )
        ),
    )


def failure_section(
    snapshot: records.Snapshot, result: plan.Plan, action_id: str
) -> Section:
    """What is skipped if an action fails.

    :raises KeyError: if there is no such action
    """
    names = instance_labels(snapshot)
    fallen = set(result.falls_with(action_id))
    failed = next(a for a in result.actions if a.id == action_id)
    name = names.get(failed.instance, printable(failed.node))
    return Section(
        f'If action {printable(action_id)} ({what(failed)}: {name}) fails, '
        f'{len(fallen)} of {len(result.actions)} actions are skipped',
        ('id', 'action', 'instance or node', 'from', 'to', 'reason'),
        tuple(
            (
                printable(action.id),
                what(action),
                names.get(action.instance, printable(action.node)),
                printable(action.source),
                printable(action.destination),
                printable(action.reason),
            )
            for action in result.actions
            if action.id in fallen
        ),
        frozenset(('id',)),
    )


def objectives_section(result: plan.Plan) -> Section:
    """What the plan improves."""
    return Section(
        'Objectives',
        ('objective', 'before', 'after', 'bound', 'unit'),
        tuple(
            (
                printable(item.name),
                number(item.before),
                number(item.after),
                '' if item.bound is None else number(item.bound),
                printable(item.unit),
            )
            for item in result.objectives
        ),
        frozenset(('before', 'after', 'bound')),
    )


def path_section(path: plan.PathSummary) -> Section:
    """The figures of the path."""
    rows: tuple[tuple[str, Any, str], ...] = (
        ('migrations', path.migrations, ''),
        ('of them displacements', path.displacements, ''),
        ('fewest possible migrations', path.bound, ''),
        ('memory moved', path.migrated_mb, 'MiB'),
        ('estimated duration', path.makespan_s, 's'),
        ('no order of these takes less than', path.makespan_bound_s, 's'),
    )
    return Section(
        'Path',
        ('figure', 'value', 'unit'),
        tuple((name, number(value, 1), unit) for name, value, unit in rows),
        frozenset(('value',)),
    )


def alternatives_section(
    alternatives: tuple[plan.Alternative, ...],
) -> Section:
    """What plans with fewer or more migrations would bring."""
    names = tuple(printable(r.name) for r in alternatives[0].objectives)
    fixed = ('migrations', 'memory moved, MiB', 'seconds')
    return Section(
        'Alternatives',
        (*fixed, *names),
        tuple(
            (
                number(item.migrations),
                number(item.migrated_mb),
                number(item.makespan_s, 1),
                *(number(row.after) for row in item.objectives),
            )
            for item in alternatives
        ),
        frozenset((*fixed, *names)),
    )


def violations_section(
    title: str, violations: tuple[plan.Violation, ...]
) -> Section:
    """The rules that do not hold."""
    return Section(
        title,
        ('rule', 'what', 'now', 'needed', 'unit'),
        tuple(
            (
                printable(item.rule),
                printable(', '.join(item.things)),
                number(item.current),
                number(item.needed),
                printable(item.unit),
            )
            for item in violations
        ),
        frozenset(('now', 'needed')),
    )


def instance_labels(snapshot: records.Snapshot) -> dict[str, str]:
    """The name of each instance by uuid, with the uuid if it is needed."""
    count: dict[str, int] = {}
    for instance in snapshot.instances:
        count[instance.label] = count.get(instance.label, 0) + 1
    return {
        instance.uuid: printable(
            instance.label
            if count[instance.label] == 1
            else f'{instance.label} ({instance.uuid})'
        )
        for instance in snapshot.instances
    }


def what(action: plan.Action) -> str:
    """What an action does, in words."""
    text = action.type.replace('_', ' ')
    return f'{text} (displacement)' if action.displacement else text


def number(value: float, digits: int = 3) -> str:
    """A number with at most some digits after the point."""
    text = f'{value:.{digits}f}'
    return text.rstrip('0').rstrip('.') if '.' in text else text


def _parents(action: plan.Action) -> str:
    shown = ', '.join(map(printable, action.parents[:_MAX_PARENTS]))
    more = len(action.parents) - _MAX_PARENTS
    return f'{shown}, {more} more' if more > 0 else shown
