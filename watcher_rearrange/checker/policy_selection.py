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

"""What the selections of a policy document mean in a snapshot document."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any
from typing import TypeAlias


Document: TypeAlias = dict[str, Any]


def selected_instances(
    snapshot: Document, selection: Document | None
) -> frozenset[str]:
    """The uuids of the instances that fit every key of the selection."""
    wanted = selection or {}
    groups = _group_members(snapshot, wanted.get('server_groups', ()))
    return frozenset(
        data['uuid']
        for data in snapshot['instances']
        if _fits_instance(data, wanted)
        and ('server_groups' not in wanted or data['uuid'] in groups)
    )


def selected_nodes(
    snapshot: Document, selection: Document | None
) -> frozenset[str]:
    """The hostnames of the nodes that fit every key of the selection."""
    wanted = selection or {}
    hosts = {
        hostname
        for data in snapshot.get('aggregates') or ()
        if _any(data['name'], wanted.get('aggregates', ()))
        for hostname in data['hosts']
    }
    return frozenset(
        data['hostname']
        for data in snapshot['compute_nodes']
        if _fits_node(data, wanted)
        and ('aggregates' not in wanted or data['hostname'] in hosts)
    )


def parts_of_nodes(snapshot: Document, over: str | Document) -> dict[str, str]:
    """The part of each node, by hostname.

    :raises ValueError: a node is in two of the aggregates
    """
    nodes = snapshot['compute_nodes']
    if over == 'node':
        return {data['hostname']: data['hostname'] for data in nodes}
    if over == 'zone':
        return {data['hostname']: _zone(data) for data in nodes}
    assert isinstance(over, dict)
    parts = {data['hostname']: f'node {data["hostname"]}' for data in nodes}
    known: set[str] = set()
    for data in snapshot.get('aggregates') or ():
        if not _any(data['name'], over['aggregates']):
            continue
        for hostname in data['hosts']:
            if hostname in known:
                raise ValueError(f'{hostname} is in two of the aggregates')
            known.add(hostname)
            parts[hostname] = data['name']
    return parts


def _fits_instance(data: Document, wanted: Document) -> bool:
    if data['uuid'] not in wanted.get('uuids', (data['uuid'],)):
        return False
    for key, own in (
        ('projects', 'project_id'),
        ('names', 'name'),
        ('flavors', 'flavor'),
        ('images', 'image'),
    ):
        if key in wanted and not _any(data.get(own) or '', wanted[key]):
            return False
    metadata = data.get('metadata') or {}
    return all(
        key in metadata and fnmatchcase(metadata[key], pattern)
        for key, pattern in wanted.get('metadata', {}).items()
    )


def _fits_node(data: Document, wanted: Document) -> bool:
    if not set(wanted.get('traits', ())) <= set(data.get('traits') or ()):
        return False
    if 'zones' in wanted and not _any(_zone(data), wanted['zones']):
        return False
    return 'names' not in wanted or _any(data['hostname'], wanted['names'])


def _group_members(snapshot: Document, patterns: Iterable[str]) -> set[str]:
    wanted = list(patterns)
    return {
        uuid
        for data in snapshot.get('server_groups') or ()
        if data['uuid'] in wanted or _any(data.get('name') or '', wanted)
        for uuid in data['members']
    }


def _zone(data: Document) -> str:
    return str(data.get('availability_zone', 'nova'))


def _any(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
