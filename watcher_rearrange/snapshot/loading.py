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

"""JSON as it stands in a file, read more strictly than Python does."""

from __future__ import annotations

import contextlib
import json
import os

from collections.abc import Iterator
from typing import Any
from typing import BinaryIO
from typing import NoReturn

from watcher_rearrange.model import errors
from watcher_rearrange.snapshot.reading import Reading
from watcher_rearrange.snapshot.wording import join
from watcher_rearrange.snapshot.wording import shown


Source = str | os.PathLike[str] | BinaryIO


class _Repeated(dict[str, Any]):
    """An object in which some keys stand twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        left = set(self)
        self.repeated = []
        for key, _ in pairs:
            if key not in left:
                self.repeated.append(key)
            left.discard(key)


def load_json(source: Source) -> Any:
    """Read one JSON document.

    :param source: a path, or a file opened for reading bytes
    :raises BadInput: if it cannot be read, is not UTF-8 or not JSON, has
        a key twice in one object, or NaN or Infinity for a number
    """
    document, reading = parse(source)
    with naming(source):
        reading.finish()
    return document


def parse(source: Source) -> tuple[Any, Reading]:
    """Read one JSON document; repeated keys and the like are only noted.

    :raises BadInput: if there is no document to look at
    """
    strange: list[bool] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) == len(pairs):
            return result
        strange.append(True)
        return _Repeated(pairs)

    def constant(text: str) -> float:
        strange.append(True)
        return float(text)

    try:
        document = json.loads(
            _text(source), object_pairs_hook=build, parse_constant=constant
        )
    except RecursionError:
        _refuse(source, 'is not usable: nested too deeply')
    except ValueError as error:
        _refuse(source, f'is not JSON: {error}')
    reading = Reading()
    if strange:
        _look(document, '', reading)
    return document, reading


@contextlib.contextmanager
def naming(source: Source) -> Iterator[None]:
    """Put the file's name before every problem that is raised within."""
    try:
        yield
    except errors.BadInput as error:
        name = name_of(source)
        raise errors.BadInput(
            [f'{name}: {problem}' for problem in error.problems]
        ) from None


def name_of(source: Source) -> str:
    """What a source is called in messages."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    return str(getattr(source, 'name', '<file>'))


def _text(source: Source) -> str:
    try:
        if isinstance(source, (str, os.PathLike)):
            with open(source, 'rb') as file:
                content = file.read()
        else:
            content = source.read()
    except OSError as error:
        _refuse(source, f'cannot be read: {error.strerror or error}')
    except ValueError as error:
        _refuse(source, f'cannot be read: {error}')
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        _refuse(source, f'is not UTF-8: byte {error.start}: {error.reason}')


def _refuse(source: Source, what: str) -> NoReturn:
    raise errors.BadInput([f'{name_of(source)}: {what}']) from None


def _look(value: Any, where: str, reading: Reading) -> None:
    """Note every repeated key and every number that is none."""
    if isinstance(value, dict):
        for key in getattr(value, 'repeated', ()):
            reading.refuse(where, f'key {shown(key)} stands twice')
        for key, item in value.items():
            _look(item, join(where, key), reading)
    elif isinstance(value, list):
        for k, item in enumerate(value):
            _look(item, f'{where}[{k}]', reading)
    elif isinstance(value, float) and value - value != 0:
        reading.refuse(where, 'is not a finite number')
