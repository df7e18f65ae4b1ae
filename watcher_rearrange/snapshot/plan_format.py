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

"""The keys of the plan, version 1."""

from __future__ import annotations

from typing import Any

from watcher_rearrange.model import plan
from watcher_rearrange.snapshot import kinds
from watcher_rearrange.snapshot.reading import Reading
from watcher_rearrange.snapshot.snapshot_format import INSTANCE
from watcher_rearrange.snapshot.snapshot_format import NODE
from watcher_rearrange.snapshot.snapshot_format import TEXTS
from watcher_rearrange.snapshot.tables import Table
from watcher_rearrange.snapshot.wording import join


ACTION = 'action'

_FIRST = {'id': kinds.unique('action id', 'id'), 'type': kinds.text}
_LAST = {
    'parents': kinds.list_of(kinds.reference(ACTION), distinct=True),
    'after': kinds.list_of(kinds.reference(ACTION), distinct=True),
    'reason': kinds.text,
    'estimated_s': kinds.number(),
    'starts_s': kinds.number(),
    'starts_bound_s': kinds.number(),
}

MIGRATE = Table(
    plan.Action,
    frozenset(('id', 'type', 'instance', 'source', 'destination')),
    {
        **_FIRST,
        'instance': kinds.reference(INSTANCE),
        'source': kinds.reference(NODE),
        'destination': kinds.reference(NODE),
        'displacement': kinds.boolean,
        **_LAST,
    },
    full=True,
)

CHANGE_SERVICE = Table(
    plan.Action,
    frozenset(('id', 'type', 'node')),
    {**_FIRST, 'node': kinds.reference(NODE), **_LAST},
    full=True,
)

ACTIONS = {
    **dict.fromkeys(plan.MIGRATIONS, MIGRATE),
    **dict.fromkeys(plan.SERVICE_ACTIONS, CHANGE_SERVICE),
}


def _action(value: Any, where: str, reading: Reading) -> Any:
    """An action: its type decides which keys it has."""
    kind = value.get('type') if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in ACTIONS:
        return ACTIONS[kind].read(value, where, reading)
    if not isinstance(value, dict):
        return MIGRATE.read(value, where, reading)
    place = join(where, 'type')
    if 'type' not in value:
        reading.refuse(place, 'is missing')
    else:
        kinds.one_of(tuple(ACTIONS))(kind, place, reading)
    return None


OBJECTIVE = Table(
    plan.ObjectiveValue,
    frozenset(('name', 'before', 'after', 'bound', 'unit')),
    {
        'name': kinds.text,
        'before': kinds.number(),
        'after': kinds.number(),
        'bound': kinds.nullable(kinds.number()),
        'unit': kinds.text,
        'weight': kinds.number(),
    },
    full=True,
)

VIOLATION = Table(
    plan.Violation,
    frozenset(('rule', 'things', 'current', 'needed', 'unit')),
    {
        'rule': kinds.text,
        'things': TEXTS,
        'current': kinds.number(),
        'needed': kinds.number(),
        'unit': kinds.text,
    },
    full=True,
)

PATH = Table(
    plan.PathSummary,
    frozenset(),
    {
        'migrations': kinds.whole(),
        'displacements': kinds.whole(),
        'bound': kinds.whole(),
        'migrated_mb': kinds.whole(most=10**18),
        'makespan_s': kinds.number(),
        'makespan_bound_s': kinds.number(),
    },
    full=True,
)

LIMIT = kinds.one_of(('max_outgoing', 'max_incoming', 'max_parallel'))

ALTERNATIVE = Table(
    plan.Alternative,
    frozenset(('migrations', 'objectives')),
    {
        'migrations': kinds.whole(),
        'migrated_mb': kinds.whole(most=10**18),
        'makespan_s': kinds.number(),
        'objectives': kinds.list_of(OBJECTIVE.read),
    },
    full=True,
)

PLAN = Table(
    plan.Plan,
    frozenset(('status', 'actions')),
    {
        'status': kinds.one_of([s.value for s in plan.Status], plan.Status),
        'actions': kinds.list_of(_action),
        'objectives': kinds.list_of(OBJECTIVE.read),
        'path': PATH.read,
        'violations_before': kinds.list_of(VIOLATION.read),
        'violations_after': kinds.list_of(VIOLATION.read),
        'messages': TEXTS,
        'alternatives': kinds.list_of(ALTERNATIVE.read),
        'limits': kinds.mapping_of(kinds.whole(least=1), LIMIT),
    },
    full=True,
)
