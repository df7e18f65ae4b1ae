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

"""The language in which flavors state what they ask for."""

from __future__ import annotations

import operator

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping


_NUMBERS: Mapping[str, Callable[[float, float], bool]] = {
    '=': operator.ge,
    '==': operator.eq,
    '!=': operator.ne,
    '>=': operator.ge,
    '<=': operator.le,
}

_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    's==': operator.eq,
    's!=': operator.ne,
    's<': operator.lt,
    's<=': operator.le,
    's>': operator.gt,
    's>=': operator.ge,
    '<in>': operator.contains,
}


def fulfilled(values: Collection[str], requirement: str) -> bool:
    """Whether any of the values is what a requirement asks for.

    Nova looks at them in no order and breaks down at one that should be a
    number and is none: then it is not fulfilled.
    """
    try:
        return any([_fits(value, requirement) for value in values])
    except ValueError:
        return False


def _fits(value: str, requirement: str) -> bool:
    """Whether one value does.

    :raises ValueError: if a number is needed where there is none
    """
    operation, *words = requirement.split() or ['']
    if operation == '<or>':
        # What stands between the words is another <or>.
        return value in words[::2]
    if operation == '<all-in>':
        return bool(words) and all(word in value for word in words)
    if operation in _NUMBERS:
        return bool(words) and _NUMBERS[operation](
            float(value), float(words[0])
        )
    if operation in _TEXTS:
        return bool(words) and _TEXTS[operation](value, words[0])
    return value == requirement
