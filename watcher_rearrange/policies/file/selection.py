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

"""Which instances and nodes of a cluster the selections of a policy mean.

Instances are looked up by the values of what a selection asks for, so that
hundreds of rules on thousands of instances take no longer than their answers.
"""

from __future__ import annotations

import fnmatch
import re

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from functools import cache

from watcher_rearrange.model import errors
from watcher_rearrange.model import records as model
from watcher_rearrange.policies.file import records


# Indices of things by a value of theirs.
Index = dict[str, list[int]]

# Attributes of the records, by the keys of a selection.
_OF_INSTANCES = {
    'projects': 'project_id',
    'names': 'name',
    'flavors': 'flavor',
    'images': 'image',
}
_OF_NODES = {'names': 'hostname', 'zones': 'availability_zone'}


class Selector:
    """Answers what selections mean in one cluster."""

    def __init__(self, snapshot: model.Snapshot) -> None:
        self._snapshot = snapshot
        self._indices: dict[tuple[str, str], Index] = {}
        self._parts: dict[records.Over, dict[str, str]] = {}

    def instances(self, selection: records.Instances) -> tuple[int, ...]:
        """Return the indices of the instances that are meant, in order."""
        found: list[set[int]] = []
        if selection.uuids:
            index = self._index('instances', 'uuid')
            found.append(_union(index, selection.uuids))
        if selection.server_groups:
            members = self._members(selection.server_groups)
            found.append(_union(self._index('instances', 'uuid'), members))
        for key, attribute in _OF_INSTANCES.items():
            if patterns := getattr(selection, key):
                index = self._index('instances', attribute)
                found.append(_matching(index, patterns))
        for key, pattern in selection.metadata.items():
            found.append(_matching(self._metadata(key), [pattern]))
        return _common(found, len(self._snapshot.instances))

    def others(self, rule: records.Rule) -> tuple[int, ...]:
        """Return whom a rule keeps apart from its instances.

        None of them is among its instances.
        """
        members = frozenset(self.instances(rule.instances))
        return tuple(
            k for k in self.instances(rule.others) if k not in members
        )

    def nodes(self, selection: records.Nodes) -> tuple[int, ...]:
        """Return the indices of the nodes that are meant, in order."""
        found: list[set[int]] = []
        hostnames = self._index('compute_nodes', 'hostname')
        if selection.aggregates:
            fits = one_of(selection.aggregates)
            hosts = {
                hostname
                for aggregate in self._snapshot.aggregates
                if fits(aggregate.name)
                for hostname in aggregate.hosts
            }
            found.append(_union(hostnames, hosts))
        for key, attribute in _OF_NODES.items():
            if patterns := getattr(selection, key):
                index = self._index('compute_nodes', attribute)
                found.append(_matching(index, patterns))
        if selection.traits:
            traits = frozenset(selection.traits)
            nodes = enumerate(self._snapshot.compute_nodes)
            found.append({k for k, n in nodes if traits.issubset(n.traits)})
        return _common(found, len(self._snapshot.compute_nodes))

    def parts(self, over: records.Over) -> dict[str, str]:
        """Return the part of each node, by hostname.

        A node that is in none of the aggregates is a part of its own.

        :raises BadInput: with every node that is in more than one of them
        """
        if over not in self._parts:
            self._parts[over] = _parts(over, self._snapshot)
        return self._parts[over]

    def _index(self, things: str, attribute: str) -> Index:
        index = self._indices.get((things, attribute))
        if index is None:
            index = self._indices[things, attribute] = {}
            for k, thing in enumerate(getattr(self._snapshot, things)):
                index.setdefault(getattr(thing, attribute), []).append(k)
        return index

    def _metadata(self, key: str) -> Index:
        index = self._indices.get(('metadata', key))
        if index is None:
            index = self._indices['metadata', key] = {}
            for k, instance in enumerate(self._snapshot.instances):
                if key in instance.metadata:
                    index.setdefault(instance.metadata[key], []).append(k)
        return index

    def _members(self, patterns: Sequence[str]) -> set[str]:
        """Return the members of the groups with such a name or UUID."""
        fits = one_of(patterns)
        return {
            uuid
            for group in self._snapshot.server_groups
            if fits(group.name) or group.uuid in patterns
            for uuid in group.members
        }


def one_of(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a test whether a text fits any of the patterns."""
    alternatives = '|'.join(map(fnmatch.translate, patterns))
    match = _compiled(alternatives).match
    return lambda text: match(text) is not None


_compiled = cache(re.compile)


def _parts(over: records.Over, snapshot: model.Snapshot) -> dict[str, str]:
    nodes = snapshot.compute_nodes
    if over.what == records.NODE:
        return {node.hostname: node.hostname for node in nodes}
    if over.what == records.ZONE:
        return {node.hostname: node.availability_zone for node in nodes}
    fits = one_of(over.aggregates)
    found: dict[str, list[str]] = {}
    known = {node.hostname for node in nodes}
    for aggregate in snapshot.aggregates:
        hosts = known.intersection(aggregate.hosts)
        for hostname in sorted(hosts) if fits(aggregate.name) else ():
            found.setdefault(hostname, []).append(aggregate.name)
    problems = [
        f'{hostname}: is in {" and ".join(sorted(names))}, which are to be '
        'parts apart'
        for hostname, names in found.items()
        if len(names) > 1
    ]
    if problems:
        raise errors.BadInput(problems)
    return {
        node.hostname: found.get(node.hostname, [f'node {node.hostname}'])[0]
        for node in nodes
    }


def _union(index: Index, values: Iterable[str]) -> set[int]:
    return {k for value in values for k in index.get(value, ())}


def _matching(index: Index, patterns: Sequence[str]) -> set[int]:
    plain = [one for one in patterns if not re.search(r'[*?[]', one)]
    found = _union(index, plain)
    if len(plain) < len(patterns):
        fits = one_of(patterns)
        found |= _union(index, filter(fits, index))
    return found


def _common(found: Sequence[set[int]], count: int) -> tuple[int, ...]:
    if not found:
        return tuple(range(count))
    return tuple(sorted(set.intersection(*found)))
