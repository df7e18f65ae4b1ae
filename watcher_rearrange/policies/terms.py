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
"""The terms that an objective can be composed of, with their options."""

from __future__ import annotations

import dataclasses
import math

from collections.abc import Mapping
from typing import Any

from watcher_rearrange.objectives import imbalance
from watcher_rearrange.policies import defragment
from watcher_rearrange.policies import schema


VARIANCE = 'variance'
MEASURES = (*imbalance.MEASURES, VARIANCE)

PROJECT = 'project'
SERVER_GROUP = 'server_group'

# Of a price or a ratio: what a plan says of many together can be read again.
LARGEST = 1e9
# Its inverse counts too.
SMALLEST_RATIO = 1e-9

_BALANCED = ['VCPU', 'MEMORY_MB']

# Of each term its options with their defaults. What is empty must be given,
# but for what has a meaning when it is.
OPTIONS: dict[str, dict[str, Any]] = {
    'active_nodes': {'node_costs': {}},
    'imbalance': {
        'measure': imbalance.STANDARD_DEVIATION,
        'dimensions': _BALANCED,
        'weights': {},
    },
    'instance_count': {'measure': imbalance.STANDARD_DEVIATION},
    'soft_threshold': {'utilization_pct': {'VCPU': 80, 'MEMORY_MB': 80}},
    'headroom': {'free': None},
    'proportion': {'dimensions': _BALANCED, 'ratio': 0.0},
    'fragmentation': {'flavors': None},
    'migrations': {},
    'moved_gb': {},
    'disruption': {'group_by': PROJECT},
}

_POSITIVE = {
    'type': 'number',
    'minimum': 0,
    'exclusiveMinimum': True,
    'maximum': LARGEST,
}
_AMOUNTS = {
    'type': 'object',
    'additionalProperties': {'type': 'number', 'minimum': 0},
    'minProperties': 1,
}

TERM = schema.record(
    {
        'name': {'type': 'string', 'enum': list(OPTIONS)},
        'weight': {'type': 'number', 'minimum': 1e-6, 'maximum': 1e6},
        'enough': {'type': 'number', 'minimum': 0},
        'node_costs': {
            'type': 'object',
            'additionalProperties': {
                'type': 'number',
                'minimum': 0,
                'maximum': LARGEST,
            },
        },
        'measure': {'type': 'string', 'enum': list(MEASURES)},
        'dimensions': {
            'type': 'array',
            'items': {'type': 'string', 'minLength': 1},
            'minItems': 1,
            'uniqueItems': True,
        },
        'weights': {'type': 'object', 'additionalProperties': _POSITIVE},
        'utilization_pct': {
            'type': 'object',
            'additionalProperties': {
                'type': 'number',
                'minimum': 0,
                'maximum': 100,
            },
            'minProperties': 1,
        },
        'free': _AMOUNTS,
        'ratio': {'type': 'number', 'minimum': 0, 'maximum': LARGEST},
        'flavors': {
            'type': 'object',
            'additionalProperties': schema.record(
                defragment.SIZE, others=defragment.AMOUNTS
            ),
            'minProperties': 1,
        },
        'group_by': {'type': 'string', 'enum': [PROJECT, SERVER_GROUP]},
    },
    required=['name'],
)


@dataclasses.dataclass(frozen=True)
class TermWish:
    """One term as the operator describes it.

    :ivar place: where it stands, for messages
    :ivar weight: what one unit of it counts
    :ivar enough: what is below is as good
    :ivar options: all of its options, with their defaults
    """

    place: str
    name: str
    weight: float = 1.0
    enough: float = 0.0
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, place: str, given: Mapping[str, Any]) -> TermWish:
        """Read one term that fits the schema."""
        options = OPTIONS[given['name']]
        return cls(
            place,
            given['name'],
            float(given.get('weight', 1.0)),
            float(given.get('enough', 0.0)),
            {key: given.get(key, options[key]) for key in options},
        )


def problems(place: str, given: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a term that fits the schema."""
    name = given['name']
    options = OPTIONS[name]
    found = [
        f'{place}.{key}: {name} has no such option; it has '
        f'{", ".join(["weight", "enough", *options])}'
        for key in given
        if key not in options and key not in ('name', 'weight', 'enough')
    ]
    found += [
        f'{place}.{key}: {name} needs it'
        for key, default in options.items()
        if default is None and key not in given
    ]
    found += [
        f'{where}: {number} is not a finite number'
        for where, number in schema.numbers(place, given)
        if not math.isfinite(number)
    ]
    if 0 < given.get('ratio', 0) < SMALLEST_RATIO:
        found.append(f'{place}.ratio: may be {SMALLEST_RATIO} at least, or 0')
    dimensions = given.get('dimensions', _BALANCED)
    if name == 'proportion' and len(dimensions) != 2:
        found.append(f'{place}.dimensions: proportion is of two')
    if name == 'imbalance':
        found += [
            f'{place}.weights: {key!r} is not one of dimensions'
            for key in given.get('weights', {})
            if key not in dimensions
        ]
    return found
