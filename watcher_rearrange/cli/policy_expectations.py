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

"""The file that says what is expected of a policy."""

from __future__ import annotations

import functools

from typing import Any

from watcher_rearrange.cli import circumstances
from watcher_rearrange.model import errors
from watcher_rearrange.policies.file import loading
from watcher_rearrange.policies.file import problems


_TEXT = {'type': 'string', 'minLength': 1}


def _record(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        'type': 'object',
        'properties': properties,
        'required': [*required],
        'additionalProperties': False,
    }


_MOVE = {'instance': _TEXT, 'node': _TEXT}
_EXPECT = _record(
    {
        'violated': {'type': 'array', 'items': _TEXT},
        'allowed': {
            'type': 'array',
            'items': _record(_MOVE, 'instance', 'node'),
        },
        'refused': {
            'type': 'array',
            'items': _record({**_MOVE, 'rule': _TEXT}, 'instance', 'node'),
        },
    }
)
_TEST = _record(
    {
        'name': _TEXT,
        'policy': _TEXT,
        'snapshot': _TEXT,
        'now': {},
        'expect': {**_EXPECT, 'minProperties': 1},
    },
    'name',
    'policy',
    'snapshot',
    'expect',
)
_SCHEMA = _record(
    {'tests': {'type': 'array', 'minItems': 1, 'items': _TEST}}, 'tests'
)


def read(path: str) -> list[dict[str, Any]]:
    """Read the tests of a file; ``now`` becomes a moment.

    :raises BadInput: with every problem
    """
    document = loading.load(path)
    found = problems.of(document, _validator())
    tests = [] if found else [dict(test) for test in document['tests']]
    for k, test in enumerate(tests):
        try:
            if 'now' in test:
                test['now'] = circumstances.moment(test['now'])
        except ValueError:
            found.append(f'tests[{k}].now: is not a moment in ISO 8601')
    if found:
        raise errors.BadInput([f'{path}: {problem}' for problem in found])
    return tests


@functools.cache
def _validator() -> Any:
    return problems.validator(_SCHEMA)
