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

from collections.abc import Callable
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any
from typing import TypeAlias


Document: TypeAlias = dict[str, Any]

# By the keys of a selection, those of the snapshot.
_OF_INSTANCES = {
    'projects': 'project_id',
    'names': 'name',
    'flavors': 'flavor',
    'images': 'image',
}


class Selections:
    """Instances and nodes of one snapshot.

    Each question is put once to each value, not to each instance.
    """

    def __init__(self, snapshot: Document) -> None:
        self._snapshot = snapshot
        self._with: dict[tuple[str, ...], dict[str, set[str]]] = {}
        self._parts: list[tuple[str | Document, dict[str, str]]] = []

    def instances(self, selection: Document | None) -> frozenset[str]:
        """The uuids of the instances that fit every key of the selection."""
        found = {data['uuid'] for data in self._snapshot['instances']}
        for key, wanted in (selection or {}).items():
            if key == 'metadata':
                for name, pattern in wanted.items():
                    by_value = self._by_value('metadata', name)
                    found &= _chosen(by_value, [pattern])
            elif key == 'server_groups':
                found &= self._grouped(wanted)
            elif key == 'uuids':
                found &= set(wanted)
            else:
                found &= _chosen(self._by_value(_OF_INSTANCES[key]), wanted)
        return frozenset(found)

    def nodes(self, selection: Document | None) -> frozenset[str]:
        """The hostnames of the nodes that fit every key of the selection."""
        wanted = selection or {}
        hosts = {
            hostname
            for data in self._snapshot.get('aggregates') or ()
            if _any(data['name'], wanted.get('aggregates', ()))
            for hostname in data['hosts']
        }
        return frozenset(
            data['hostname']
            for data in self._snapshot['compute_nodes']
            if _fits_node(data, wanted)
            and ('aggregates' not in wanted or data['hostname'] in hosts)
        )

    def parts(self, over: str | Document) -> dict[str, str]:
        """The part of each node, by hostname; equal questions, one answer.

        :raises ValueError: a node is in two of the aggregates
        """
        for known, found in self._parts:
            if known == over:
                return found
        found = _parts(self._snapshot, over)
        self._parts.append((over, found))
        return found

    def _grouped(self, wanted: list[str]) -> set[str]:
        return {
            uuid
            for data in self._snapshot.get('server_groups') or ()
            if data['uuid'] in wanted or _any(data.get('name') or '', wanted)
            for uuid in data['members']
        }

    def _by_value(self, *keys: str) -> dict[str, set[str]]:
        """The uuids of those that have each value of a key."""
        if keys in self._with:
            return self._with[keys]
        found = self._with[keys] = {}
        value = _getter(keys)
        for data in self._snapshot['instances']:
            own = value(data)
            if own is not None:
                found.setdefault(own, set()).add(data['uuid'])
        return found


def _getter(keys: tuple[str, ...]) -> Callable[[Document], str | None]:
    if len(keys) == 1:
        return lambda data: data.get(keys[0]) or ''
    return lambda data: (data.get(keys[0]) or {}).get(keys[1])


def _chosen(by_value: dict[str, set[str]], patterns: list[str]) -> set[str]:
    """The uuids of all values that fit any of the patterns."""
    found: set[str] = set()
    for pattern in patterns:
        if any(special in pattern for special in '*?['):
            for value, uuids in by_value.items():
                if fnmatchcase(value, pattern):
                    found |= uuids
        else:
            found |= by_value.get(pattern, set())
    return found


def _parts(snapshot: Document, over: str | Document) -> dict[str, str]:
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


def _fits_node(data: Document, wanted: Document) -> bool:
    if not set(wanted.get('traits', ())) <= set(data.get('traits') or ()):
        return False
    if 'zones' in wanted and not _any(_zone(data), wanted['zones']):
        return False
    return 'names' not in wanted or _any(data['hostname'], wanted['names'])


def _zone(data: Document) -> str:
    return str(data.get('availability_zone', 'nova'))


def _any(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
