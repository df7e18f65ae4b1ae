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

"""Parameters as JSON schema (draft 4), shared with Watcher's strategies.

Watcher compares the schema in its database with ``str`` of the one in the
code, so that only plain dicts, lists, strings and numbers may appear, and a
changed description or default cancels the audits of a strategy once: such a
change needs an upgrade note.
"""

from __future__ import annotations

import copy
import difflib
import math

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import jsonschema

from watcher_rearrange.model import errors
from watcher_rearrange.policies import path_costs


Schema = dict[str, Any]

# Numbers may not be larger: sums and squares of larger ones overflow.
LARGEST = 2**63 - 1

COMMON: Schema = {
    'move_locked': {
        'description': 'Move locked instances too.',
        'type': 'boolean',
        'default': False,
    },
    'cold_if_not_live': {
        'description': (
            'Migrate active instances that cannot be migrated live cold, '
            'which stops them for a while; else they stay.'
        ),
        'type': 'boolean',
        'default': False,
    },
    'move_numa': {
        'description': (
            'Move instances with a NUMA topology (dedicated CPUs, huge '
            'pages) too, although Nova may refuse it: which cells of a node '
            'have room is not known. Else they stay, unless '
            'NUMATopologyFilter is not enabled.'
        ),
        'type': 'boolean',
        'default': False,
    },
    'failures_to_tolerate': {
        'description': (
            'How many compute nodes may fail at once: the instances of any '
            'so many find room on the others, whatever migrations run or '
            'are done. Where that does not hold at the start, it may not '
            'get worse. 0 means no reserve.'
        ),
        'type': 'integer',
        'minimum': 0,
        'maximum': 8,
        'default': 0,
    },
    'max_outgoing': {
        'description': (
            'The most migrations off one node at once; Nova queues '
            'more than its max_concurrent_live_migrations. 0 means no limit.'
        ),
        'type': 'integer',
        'minimum': 0,
        'default': 1,
    },
    'max_incoming': {
        'description': (
            'The most migrations onto one node at once; 0 means no limit.'
        ),
        'type': 'integer',
        'minimum': 0,
        'default': 0,
    },
    'max_parallel': {
        'description': (
            'The most migrations at once in the whole plan; 0 means '
            'no limit but the workers of the applier.'
        ),
        'type': 'integer',
        'minimum': 0,
        'default': 0,
    },
    'deadline_s': {
        'description': (
            'Plan only what is estimated to be done within this time, in '
            'seconds, the most valuable first; 0 means no deadline.'
        ),
        'type': 'number',
        'minimum': 0,
        'default': 0,
    },
    'path_cost': {
        'description': (
            'What the migrations that make room for others should be few '
            'in: migrations, memory (MiB), disk (GiB) or dirty_rate (the '
            'measured dirty_mb_s).'
        ),
        'type': 'string',
        'enum': list(path_costs.PATH_COSTS),
        'default': path_costs.MIGRATIONS,
    },
    'time_limit_s': {
        'description': 'Seconds that the search may take.',
        'type': 'number',
        'minimum': 1,
        'maximum': 86400,
        'default': 60,
    },
    'policy': {
        'description': (
            'Rules of the business that the plan respects, beside those of '
            'the policy files, in the same form: {"version": 1, "rules": '
            '[...]}.'
        ),
        'type': 'object',
        'default': {},
    },
    'seed': {
        'description': (
            'Seed of the search: the same seed gives the same plan.'
        ),
        'type': 'integer',
        'minimum': 0,
        'default': 0,
    },
}

EXTENT: Schema = {
    'max_migrations': {
        'description': ('The most migrations in one plan; 0 means no limit.'),
        'type': 'integer',
        'minimum': 0,
        'default': 0,
    },
    'max_moved_gb': {
        'description': (
            'The most memory migrated in one plan, in GiB; 0 means no limit.'
        ),
        'type': 'number',
        'minimum': 0,
        'default': 0,
    },
    'min_gain_per_migration': {
        'description': (
            'What a plan has to gain for each of its migrations, on average, '
            'in what the strategy aims at first: nodes freed, percentage '
            'points of imbalance, missing slots. Where that takes fewer '
            'migrations, fewer are planned; if need be none.'
        ),
        'type': 'number',
        'minimum': 0,
        'default': 0,
    },
    'min_gain_per_gb': {
        'description': (
            'The same for each GiB of memory that the plan migrates.'
        ),
        'type': 'number',
        'minimum': 0,
        'default': 0,
    },
    'alternatives': {
        'description': (
            'How many other plans, with fewer or more migrations, to look '
            'for; their figures are shown beside those of the plan.'
        ),
        'type': 'integer',
        'minimum': 0,
        'maximum': 5,
        'default': 0,
    },
}


def schema(own: Schema) -> Schema:
    """Return the whole schema of a strategy.

    :param own: the properties that only this strategy has
    """
    return {
        'properties': copy.deepcopy({**own, **COMMON}),
        'additionalProperties': False,
    }


def record(
    fields: Schema, required: Sequence[str] = (), others: Schema | None = None
) -> Schema:
    """Return the schema of an object inside a parameter.

    Watcher's API takes the word ``properties`` for parameters wherever it
    stands: it refuses what other words permit beside them, and breaks down
    where the value is no object. So that word is not used here.

    :param others: schemas of fields by a pattern of their names
    """
    patterns = {f'^{name}$': spec for name, spec in fields.items()}
    found: Schema = {
        'type': 'object',
        'patternProperties': {**patterns, **(others or {})},
        'additionalProperties': False,
    }
    return {**found, 'required': [*required]} if required else found


def complete(full: Schema, given: Mapping[str, object]) -> dict[str, Any]:
    """Return the given parameters with the defaults of all others.

    :raises BadInput: with every parameter that is unknown or wrong
    """
    properties = full['properties']
    problems = [
        f'{name}: unknown parameter; {_known(name, properties)}'
        for name in given
        if name not in properties
    ]
    for name, value in given.items():
        if name in properties:
            problems += _problems(name, properties[name], value)
    if problems:
        raise errors.BadInput(problems)
    defaults = {name: spec['default'] for name, spec in properties.items()}
    return copy.deepcopy({**defaults, **given})


def _known(name: str, properties: Schema) -> str:
    """Say what there is; all of it would leave no room for other problems."""
    near = difflib.get_close_matches(name, properties)
    if near:
        return f'is it {" or ".join(near)}?'
    return f'there are {", ".join(properties)}'


def _problems(name: str, spec: Schema, value: object) -> list[str]:
    # JSON schema has no word for it: every bound holds for NaN.
    if isinstance(value, float) and not math.isfinite(value):
        return [f'{name}: {value} is not a finite number']
    large = [
        f'{where}: may be {LARGEST} at most'
        for where, number in numbers(name, value)
        if math.inf > number > LARGEST
    ]
    if large:
        return large
    found = jsonschema.Draft4Validator(spec).iter_errors(value)
    return [
        '.'.join([name, *map(str, error.absolute_path)]) + f': {error.message}'
        for error in sorted(found, key=lambda error: list(error.path))
    ]


def numbers(place: str, value: object) -> Iterator[tuple[str, float]]:
    """Yield every number of a value, with where it stands."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from numbers(f'{place}.{key}', one)
    elif isinstance(value, (list, tuple)):
        for position, one in enumerate(value):
            yield from numbers(f'{place}[{position}]', one)
    elif isinstance(value, (int, float)):
        yield place, value
