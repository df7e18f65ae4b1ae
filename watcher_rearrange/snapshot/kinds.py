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

"""The kinds of value that a document holds.

A kind is a function of a value, where it stands, and the reading. It
returns the value as the records hold it; what it refuses it notes in the
reading, whose result is then never used.
"""

from __future__ import annotations

import re

from collections.abc import Callable
from collections.abc import Collection
from typing import Any

from watcher_rearrange.snapshot.reading import Reading
from watcher_rearrange.snapshot.wording import join
from watcher_rearrange.snapshot.wording import shown


Kind = Callable[[Any, str, Reading], Any]

# Placement's own maximum of an amount.
LARGEST_AMOUNT = 2**31 - 1
# Beyond this a capacity no longer fits the integers that hold it.
LARGEST_RATIO = 1e6
# No measurement comes near it, and sums of it stay finite.
LARGEST_NUMBER = 1e18

_RESOURCE_CLASS = re.compile(r'[A-Z0-9_]+')


def text(value: Any, where: str, reading: Reading) -> Any:
    """A string, possibly empty."""
    if not isinstance(value, str):
        reading.refuse(where, f'{shown(value)} is not a string')
    return value


def name(value: Any, where: str, reading: Reading) -> Any:
    """A string that is not empty."""
    if value == '':
        reading.refuse(where, 'is empty')
    return text(value, where, reading)


def resource_class(value: Any, where: str, reading: Reading) -> Any:
    """The name of a resource class, as Placement allows it."""
    if not _RESOURCE_CLASS.fullmatch(value):
        reading.refuse(where, 'is not the name of a resource class')
    return value


def boolean(value: Any, where: str, reading: Reading) -> Any:
    """True or false."""
    if not isinstance(value, bool):
        reading.refuse(where, f'{shown(value)} is not true or false')
    return value


def whole(least: int = 0, most: int = LARGEST_AMOUNT) -> Kind:
    """A whole number within bounds."""

    def read(value: Any, where: str, reading: Reading) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            reading.refuse(where, f'{shown(value)} is not a whole number')
        elif not least <= value <= most:
            _out_of_bounds(value, where, reading, (least, most))
        return value

    return read


def number(most: float = LARGEST_NUMBER, positive: bool = False) -> Kind:
    """A finite number of zero or more, or of more than zero."""

    def read(value: Any, where: str, reading: Reading) -> Any:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            reading.refuse(where, f'{shown(value)} is not a number')
        elif value != value or value in (float('inf'), float('-inf')):
            reading.refuse(where, 'is not a finite number')
        elif not 0 <= value <= most:
            _out_of_bounds(value, where, reading, (0, most))
        elif positive and not value:
            reading.refuse(where, 'must be more than 0')
        return value

    return read


def _out_of_bounds(
    value: float, where: str, reading: Reading, bounds: tuple[float, float]
) -> None:
    least, most = bounds
    if value >= least:
        reading.refuse(where, f'{shown(value)} is more than {most}')
    elif least == 0:
        reading.refuse(where, f'{shown(value)} is negative')
    else:
        reading.refuse(where, f'{shown(value)} is less than {least}')


def one_of(
    choices: Collection[str], convert: Callable[[str], Any] = str
) -> Kind:
    """One of some strings."""

    def read(value: Any, where: str, reading: Reading) -> Any:
        if not isinstance(value, str) or value not in choices:
            listed = ', '.join(choices)
            reading.refuse(where, f'{shown(value)} is not one of {listed}')
            return value
        return convert(value)

    return read


def nullable(kind: Kind) -> Kind:
    """Null, or a value of a kind."""

    def read(value: Any, where: str, reading: Reading) -> Any:
        return None if value is None else kind(value, where, reading)

    return read


def unique(thing: str, label: str) -> Kind:
    """The name of a new thing; it becomes known to references.

    :param thing: what it names, such as 'compute node'
    :param label: what the name is called, such as 'hostname'
    """

    def read(value: Any, where: str, reading: Reading) -> Any:
        if not isinstance(value, str) or not value:
            return name(value, where, reading)
        known = reading.known.setdefault(thing, set())
        if value in known:
            reading.refuse(where, f'duplicate {label} {shown(value)}')
        known.add(value)
        return value

    return read


def reference(thing: str) -> Kind:
    """The name of a known thing."""

    article = 'an' if thing[0] in 'aeiou' else 'a'

    def read(value: Any, where: str, reading: Reading) -> Any:
        known = reading.known.get(thing)
        if not isinstance(value, str):
            reading.refuse(where, f'{shown(value)} is not a string')
        elif known is not None and value not in known:
            reading.refuse(where, f'{shown(value)} is not {article} {thing}')
        return value

    return read


def list_of(kind: Kind, distinct: bool = False) -> Kind:
    """A list; it becomes a tuple."""

    def read(value: Any, where: str, reading: Reading) -> Any:
        if not isinstance(value, list):
            reading.refuse(where, f'{shown(value)} is not a list')
            return value
        items = [
            kind(item, f'{where}[{k}]', reading)
            for k, item in enumerate(value)
        ]
        if distinct:
            _refuse_repeated(value, where, reading)
        return tuple(items)

    return read


def _refuse_repeated(items: list[Any], where: str, reading: Reading) -> None:
    seen = set()
    for k, item in enumerate(items):
        if isinstance(item, str):
            if item in seen:
                reading.refuse(f'{where}[{k}]', f'{shown(item)} stands twice')
            seen.add(item)


def mapping_of(kind: Kind, key_kind: Kind = text) -> Kind:
    """An object with free keys."""

    def read(value: Any, where: str, reading: Reading) -> Any:
        if not isinstance(value, dict):
            reading.refuse(where, f'{shown(value)} is not an object')
            return value
        result = {}
        for key, item in value.items():
            place = join(where, key)
            key_kind(key, place, reading)
            result[key] = kind(item, place, reading)
        return result

    return read
