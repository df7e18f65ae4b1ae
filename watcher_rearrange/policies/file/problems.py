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

"""What is wrong with a policy document, in words."""

from __future__ import annotations

import functools

from collections.abc import Iterable
from typing import Any
from typing import cast

import jsonschema
import jsonschema.validators

from watcher_rearrange.policies.file import schema


_LONGEST_SHOWN = 60

# What the patterns of the schema stand for.
_FORMS = {
    schema.HOURS: "hours such as '22:00-06:00' or 'Mon-Fri 08:00-18:00'",
    schema.CLASS: 'the name of a resource class',
}

_TYPES = {
    'object': 'a mapping',
    'array': 'a list',
    'string': 'text',
    'number': 'a number',
    'integer': 'a whole number',
}


def of(document: Any, by: Any = None) -> list[str]:
    """Return every problem of a document as ``where: what``.

    :param by: of another schema than that of policy files
    """
    if document is None:
        return ['document: is empty']
    found = sorted((by or _validator()).iter_errors(document), key=_place)
    lines = [
        f'{_where(error.absolute_path)}: {_what(error)}' for error in found
    ]
    return list(dict.fromkeys(lines))


def shown(value: object) -> str:
    """A value as a problem names it: short, and safe to print."""
    if isinstance(value, dict):
        return 'a mapping'
    if isinstance(value, (list, tuple)):
        return 'a list'
    if value is None or isinstance(value, bool):
        return {None: 'null', True: 'true', False: 'false'}[value]
    text = repr(value)
    if len(text) > _LONGEST_SHOWN:
        return text[: _LONGEST_SHOWN - 4] + '...' + text[-1]
    return text


def _place(error: jsonschema.ValidationError) -> list[tuple[int, str]]:
    return [
        (step, '') if isinstance(step, int) else (-1, step)
        for step in error.absolute_path
    ]


@functools.cache
def _validator() -> Any:
    return validator(schema.schema())


def validator(spec: schema.Schema) -> Any:
    """Return a validator to which what is not finite is no number."""
    draft = jsonschema.Draft7Validator
    finite = draft.TYPE_CHECKER.redefine(
        'number',
        lambda checker, value: (
            draft.TYPE_CHECKER.is_type(value, 'number') and value - value == 0
        ),
    )
    extended = jsonschema.validators.extend(draft, type_checker=finite)
    return extended(spec)


def _where(path: Iterable[str | int]) -> str:
    text = ''
    for step in path:
        if isinstance(step, int):
            text += f'[{step}]'
        elif step.isidentifier():
            text += f'.{step}' if text else step
        else:
            text += f'[{shown(step)}]'
    return text or 'document'


def _what(error: jsonschema.ValidationError) -> str:
    """Word the problems that people have; leave the rest to jsonschema."""
    value: Any = error.instance
    wanted: Any = error.validator_value
    word = str(error.validator)
    if word == 'required':
        missing = [key for key in wanted if key not in value]
        return f'{_listed(missing)} is missing'
    if word == 'additionalProperties' and wanted is False:
        known = cast(Any, error.schema)['properties']
        extra = [key for key in value if key not in known]
        return f'unknown: {_listed(extra)}; there are {", ".join(known)}'
    if word == 'not':
        return "'must' and 'should' exclude each other"
    of_value = {
        'type': lambda: f'is not {_TYPES.get(wanted, wanted)}',
        'enum': lambda: f'is none of {_listed(wanted)}',
        'const': lambda: f'is not {shown(wanted)}',
        'pattern': lambda: f'is not {_FORMS.get(wanted, wanted)}',
        'minimum': lambda: f'is less than {wanted}',
        'exclusiveMinimum': lambda: f'is not more than {wanted}',
        'maximum': lambda: f'is more than {wanted}',
    }
    if word in ('minItems', 'minLength', 'minProperties'):
        return 'is empty'
    if word in of_value:
        return f'{shown(value)} {of_value[word]()}'
    return error.message


def _listed(values: Iterable[object]) -> str:
    return ', '.join(map(shown, values))
