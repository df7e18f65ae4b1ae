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

"""The policy file as JSON schema.

Draft 7, as it is the newest one that the oldest permitted jsonschema and the
language servers of editors all read. What a kind of rule has is found by
``if`` and ``then``, so that a problem is told where it is and not as one of
fourteen ways to be wrong.
"""

from __future__ import annotations

from typing import Any

from watcher_rearrange.policies import schema as schemas
from watcher_rearrange.policies.file import records


Schema = dict[str, Any]

VERSION = 1

# What a resource class may be called, as in Placement.
CLASS = '^[A-Z0-9_]{1,255}$'
_DAY = '(Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
_TIME = '([01][0-9]|2[0-3]):[0-5][0-9]'
HOURS = f'^({_DAY}(-{_DAY})? )?{_TIME}-({_TIME}|24:00)$'


def _ref(name: str) -> Schema:
    return {'$ref': f'#/definitions/{name}'}


def _record(description: str, fields: Schema, *required: str) -> Schema:
    found: Schema = {
        'description': description,
        'type': 'object',
        'properties': fields,
        'additionalProperties': False,
    }
    return {**found, 'required': [*required]} if required else found


def _whole(description: str, least: int) -> Schema:
    return {
        'description': description,
        'type': 'integer',
        'minimum': least,
        'maximum': schemas.LARGEST,
    }


def _texts(description: str) -> Schema:
    return {
        'description': description,
        'type': 'array',
        'minItems': 1,
        'items': {'type': 'string', 'minLength': 1},
    }


_INSTANCES = _record(
    'Which instances: those that every key here fits; {} is all of them.',
    {
        'projects': _texts('UUIDs of projects, any of them.'),
        'names': _texts("Names, any of them; patterns such as 'web-*'."),
        'uuids': _texts('UUIDs of instances, any of them.'),
        'metadata': {
            'description': 'Values, or patterns of them, by key; each.',
            'type': 'object',
            'minProperties': 1,
            'additionalProperties': {'type': 'string'},
        },
        'flavors': _texts('Names of flavors, any of them; patterns.'),
        'images': _texts('Names of images, any of them; patterns.'),
        'server_groups': _texts(
            'UUIDs or names of server groups, any of them; patterns.'
        ),
    },
)

_NODES = _record(
    'Which compute nodes: those that every key here fits; {} is all.',
    {
        'names': _texts("Hostnames, any of them; patterns such as 'r1-*'."),
        'aggregates': _texts('Names of aggregates, any of them; patterns.'),
        'zones': _texts('Availability zones, any of them; patterns.'),
        'traits': _texts('Traits, all of them.'),
    },
)


def _over(*words: str) -> Schema:
    return {
        'description': (
            f'Into what the nodes are divided: {", ".join(words)}, or the '
            "aggregates of these names: {aggregates: ['rack-*']}."
        ),
        'if': {'type': 'string'},
        'then': {'enum': [*words]},
        'else': _record(
            'A part is an aggregate; a node in none of them is one, too.',
            {'aggregates': _texts('Names of aggregates; patterns.')},
            'aggregates',
        ),
    }


_DEFINITIONS: Schema = {
    'instances': _INSTANCES,
    'nodes': _NODES,
    'over': _over(records.NODE, records.ZONE),
    'wide': _over(records.ZONE),
    'hours': {
        'description': (
            "Times of the day in UTC, such as '22:00-06:00' or "
            "'Mon-Fri 08:00-18:00'; the days are those on which it begins."
        ),
        'type': 'array',
        'minItems': 1,
        'items': {'type': 'string', 'pattern': HOURS},
    },
    'keep': {
        'description': 'Amounts by resource class, such as MEMORY_MB: 8192.',
        'type': 'object',
        'minProperties': 1,
        'propertyNames': {'pattern': CLASS},
        'additionalProperties': _whole('In units of Placement.', 0),
    },
    'at_most': _whole('How many instances.', 1),
    'most_on_node': _whole('How many instances on each node.', 0),
    'migrations': _whole('Migrations in 24 hours.', 0),
    'each': {
        'description': 'Who has a budget of its own; without it there is one.',
        'enum': ['project', 'server_group'],
    },
    'value': {
        'description': 'Those with the highest are moved first.',
        'type': 'number',
        'minimum': -schemas.LARGEST,
        'maximum': schemas.LARGEST,
    },
}

# Whether a rule is a must or should: both, only the one, or neither.
_MUST = {'must': {'description': 'The default.', 'const': True}}
_SHOULD = {
    'should': {
        'description': (
            'The rule is an aim of this weight for each breach; without it '
            'no plan may break the rule.'
        ),
        'type': 'number',
        'exclusiveMinimum': 0,
        'maximum': schemas.LARGEST,
    }
}

# By kind: its line of invariant, the keys it must have, those it may have.
KINDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    records.FENCE: (
        'The instances are on these nodes.',
        ('instances', 'nodes'),
        (),
    ),
    records.BAN: (
        'The instances are not on these nodes.',
        ('instances', 'nodes'),
        (),
    ),
    records.SPREAD: (
        'In each part are at most this many of the instances.',
        ('instances',),
        ('over', 'at_most'),
    ),
    records.GATHER: (
        'All of the instances are on one node.',
        ('instances',),
        (),
    ),
    records.NEAR: (
        'All of the instances are in one part.',
        ('instances', 'over'),
        (),
    ),
    records.LONELY: (
        'Nobody else is on a node of one of the instances.',
        ('instances',),
        (),
    ),
    records.ROOT: ('The instances are never moved.', ('instances',), ()),
    records.SPLIT: (
        'No part has both one of the instances and one of the others.',
        ('instances', 'others'),
        ('over',),
    ),
    records.RESERVE: (
        'Each of these nodes keeps this much free.',
        ('nodes', 'keep'),
        (),
    ),
    records.MAX_INSTANCES: (
        'On each of these nodes are at most this many of the instances.',
        ('at_most',),
        ('nodes', 'instances'),
    ),
    records.QUIET_HOURS: (
        'No migration of the instances begins in these hours.',
        ('hours',),
        ('instances',),
    ),
    records.BUDGET: (
        'In 24 hours the instances migrate at most this many times.',
        ('migrations',),
        ('instances', 'each'),
    ),
    records.PRIORITY: (
        'Of what can be done, that for the highest value is done first.',
        ('instances', 'value'),
        (),
    ),
    records.ONLY: ('Nobody but the instances is moved.', ('instances',), ()),
}

MUST_ONLY = (
    records.ROOT,
    records.RESERVE,
    records.QUIET_HOURS,
    records.BUDGET,
    records.ONLY,
)

# Where the definition of a key is not called like the key.
_DEFINED_AS = {
    (records.NEAR, 'over'): 'wide',
    (records.MAX_INSTANCES, 'at_most'): 'most_on_node',
    (records.SPLIT, 'others'): 'instances',
}


def _rule(kind: str) -> Schema:
    """Return the schema of one kind of rule."""
    invariant, required, optional = KINDS[kind]
    fields: Schema = {
        'name': {
            'description': 'What reports call the rule; no other has it.',
            'type': 'string',
            'minLength': 1,
        },
        'rule': {'const': kind},
    }
    for key in (*required, *optional):
        fields[key] = _ref(_DEFINED_AS.get((kind, key), key))
    if kind != records.PRIORITY:
        fields |= _MUST
    if kind not in (*MUST_ONLY, records.PRIORITY):
        fields |= _SHOULD
    found = _record(invariant, fields, 'name', 'rule', *required)
    if 'should' in fields:
        found['dependencies'] = {'should': {'not': {'required': ['must']}}}
    return found


def schema() -> Schema:
    """Return the schema of a policy file."""
    choose = [
        {
            'if': {
                'properties': {'rule': {'const': kind}},
                'required': ['rule'],
            },
            'then': _ref(kind),
        }
        for kind in KINDS
    ]
    rule: Schema = {
        'type': 'object',
        'required': ['name', 'rule'],
        'properties': {
            'rule': {'description': 'The kind of rule.', 'enum': [*KINDS]}
        },
        'allOf': choose,
    }
    return {
        '$schema': 'http://json-schema.org/draft-07/schema#',
        'title': 'Policy file of watcher-rearrange',
        **_record(
            'What the business wants of the placement of instances.',
            {
                'version': {
                    'description': 'Of this format.',
                    'const': VERSION,
                },
                'rules': {
                    'description': 'All of which hold.',
                    'type': 'array',
                    'items': rule,
                },
            },
            'version',
            'rules',
        ),
        'definitions': {
            **_DEFINITIONS,
            **{kind: _rule(kind) for kind in KINDS},
        },
    }
