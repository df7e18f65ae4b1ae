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

"""Writers of the snapshot, the target and the plan."""

from __future__ import annotations

import contextlib
import enum
import json
import os
import secrets
import shutil

from collections.abc import Mapping
from typing import Any

from watcher_rearrange.model import errors
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import plan_format
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import snapshot_format
from watcher_rearrange.snapshot import target_format
from watcher_rearrange.snapshot.tables import Table


_TABLES = {
    table.record: table
    for module in (snapshot_format, target_format, plan_format)
    for table in vars(module).values()
    if isinstance(table, Table) and table.record is not plan.Action
}


def snapshot_document(snapshot: records.Snapshot) -> dict[str, Any]:
    """The document of a snapshot, without keys at their default."""
    return {'version': reader.VERSION, **_plain(snapshot)}


def target_document(target: records.Target) -> dict[str, Any]:
    """The document of a target, without keys at their default."""
    return {'version': reader.VERSION, **_plain(target)}


def plan_document(result: plan.Plan) -> dict[str, Any]:
    """The document of a plan; every action has all keys of its type."""
    return {'version': reader.VERSION, **_plain(result)}


def _plain(value: Any) -> Any:
    """Records as objects, tuples as lists, all the way down."""
    table = (
        plan_format.ACTIONS[value.type]
        if isinstance(value, plan.Action)
        else _TABLES.get(type(value))
    )
    if table is not None:
        return {k: _plain(v) for k, v in table.write(value).items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value.value if isinstance(value, enum.Enum) else value


def dumps(document: Any) -> str:
    """One JSON document as text, ending in a newline.

    An entry of a list at the top has a line of its own, so that a large
    file is quick to write and two of them can be compared by line.
    """
    if not isinstance(document, dict):
        return _compact(document) + '\n'
    lines = [
        f' {_compact(key)}: {_entries(value)}'
        for key, value in document.items()
    ]
    return '{\n' + ',\n'.join(lines) + '\n}\n'


def _entries(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return _compact(value)
    return '[\n  ' + ',\n  '.join(map(_compact, value)) + '\n ]'


def _compact(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def write_json(document: Any, path: str | os.PathLike[str]) -> None:
    """Write a document to a file, which is then complete or as it was.

    :raises BadInput: if it cannot be written
    """
    write_text(dumps(document), path)


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write a text file as a whole; see :func:`write_json`."""
    path = os.path.realpath(path)
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            # A device or a pipe must not be replaced by a file.
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        else:
            _replace(path, text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise errors.BadInput(
            [f'{path}: cannot be written: {reason}']
        ) from None


def _replace(path: str, text: str) -> None:
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f'.{name}.{secrets.token_hex(4)}')
    try:
        with open(temporary, 'x', encoding='utf-8') as file:
            file.write(text)
        if os.path.exists(path):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
