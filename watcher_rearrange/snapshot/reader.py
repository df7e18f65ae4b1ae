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

"""Readers of the snapshot, the target and the plan.

Each lists every problem of its document in one
:class:`~watcher_rearrange.model.errors.BadInput`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import loading
from watcher_rearrange.snapshot.plan_format import ACTION
from watcher_rearrange.snapshot.plan_format import PLAN
from watcher_rearrange.snapshot.reading import Reading
from watcher_rearrange.snapshot.snapshot_format import INSTANCE
from watcher_rearrange.snapshot.snapshot_format import NODE
from watcher_rearrange.snapshot.snapshot_format import SNAPSHOT
from watcher_rearrange.snapshot.tables import Table
from watcher_rearrange.snapshot.target_format import TARGET
from watcher_rearrange.snapshot.wording import join
from watcher_rearrange.snapshot.wording import shown


VERSION = 1


def read_snapshot(source: loading.Source) -> records.Snapshot:
    """Read a snapshot file.

    :param source: a path, or a file opened for reading bytes
    :raises BadInput: with every problem, each after the file's name
    """
    result: records.Snapshot = _read_file(source, _snapshot)
    return result


def read_target(
    source: loading.Source, snapshot: records.Snapshot
) -> records.Target:
    """Read a target file for a snapshot; see :func:`read_snapshot`."""
    result: records.Target = _read_file(
        source, lambda document, r: _target(document, snapshot, r)
    )
    return result


def read_plan(
    source: loading.Source, snapshot: records.Snapshot, *, ordered: bool = True
) -> plan.Plan:
    """Read a plan file for a snapshot; see :func:`plan_from_document`."""
    result: plan.Plan = _read_file(
        source, lambda document, r: _plan(document, snapshot, r, ordered)
    )
    return result


def snapshot_from_document(document: Any) -> records.Snapshot:
    """Build the records of a parsed snapshot.

    :raises BadInput: with every problem
    """
    reading = Reading()
    result: records.Snapshot = _snapshot(document, reading)
    reading.finish()
    return result


def target_from_document(
    document: Any, snapshot: records.Snapshot
) -> records.Target:
    """Build the records of a parsed target.

    :raises BadInput: with every problem
    """
    reading = Reading()
    result: records.Target = _target(document, snapshot, reading)
    reading.finish()
    return result


def plan_from_document(
    document: Any, snapshot: records.Snapshot, *, ordered: bool = True
) -> plan.Plan:
    """Build the records of a parsed plan.

    :param ordered: whether an action whose parents do not all stand
        before it is refused; without that order there are no waves
    :raises BadInput: with every problem
    """
    reading = Reading()
    result: plan.Plan = _plan(document, snapshot, reading, ordered)
    reading.finish()
    return result


def _read_file(
    source: loading.Source, build: Callable[[Any, Reading], Any]
) -> Any:
    document, reading = loading.parse(source)
    result = build(document, reading)
    with loading.naming(source):
        reading.finish()
    return result


def _snapshot(document: Any, reading: Reading) -> Any:
    if isinstance(document, dict):
        # A list without any entry makes every reference to one dangle.
        for key, thing in (('compute_nodes', NODE), ('instances', INSTANCE)):
            if isinstance(document.get(key), list):
                reading.known[thing] = set()
    return _read_version(document, SNAPSHOT, reading)


def _target(
    document: Any, snapshot: records.Snapshot, reading: Reading
) -> Any:
    _know(snapshot, reading)
    if isinstance(document, dict):
        _refuse_released(document, reading)
    return _read_version(document, TARGET, reading)


def _refuse_released(document: dict[str, Any], reading: Reading) -> None:
    placement = document.get('placement')
    release = document.get('release')
    if isinstance(placement, dict) and isinstance(release, list):
        for uuid in release:
            if isinstance(uuid, str) and uuid in placement:
                place = join('placement', uuid)
                reading.refuse(place, 'is also among those of release')


def _plan(
    document: Any, snapshot: records.Snapshot, reading: Reading, ordered: bool
) -> Any:
    _know(snapshot, reading)
    actions = document.get('actions') if isinstance(document, dict) else None
    listed = [
        action if isinstance(action, dict) else {}
        for action in (actions if isinstance(actions, list) else [])
    ]
    ids = [action.get('id') for action in listed]
    reading.known[ACTION] = {id_ for id_ in ids if isinstance(id_, str)}
    result = _read_version(document, PLAN, reading)
    if ordered:
        _refuse_disorder(listed, reading)
    return result


def _refuse_disorder(actions: list[dict[str, Any]], reading: Reading) -> None:
    later = set(reading.known[ACTION])
    for k, action in enumerate(actions):
        parents = action.get('parents')
        for i, parent in enumerate(
            parents if isinstance(parents, list) else []
        ):
            if isinstance(parent, str) and parent in later:
                reading.refuse(
                    f'actions[{k}].parents[{i}]',
                    f'{shown(parent)} does not stand before this action',
                )
        if isinstance(action.get('id'), str):
            later.discard(action['id'])


def _know(snapshot: records.Snapshot, reading: Reading) -> None:
    reading.known[NODE] = {n.hostname for n in snapshot.compute_nodes}
    reading.known[INSTANCE] = {i.uuid for i in snapshot.instances}


def _read_version(document: Any, table: Table, reading: Reading) -> Any:
    if isinstance(document, dict):
        version = document.get('version')
        if 'version' not in document:
            reading.refuse('version', 'is missing')
        elif isinstance(version, bool) or version != VERSION:
            reading.refuse(
                'version', f'{shown(version)} is unknown, not {VERSION}'
            )
        document = {k: v for k, v in document.items() if k != 'version'}
    return table.read(document, '', reading)
