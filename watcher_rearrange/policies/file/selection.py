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

"""Which instances and nodes of a cluster the selections of a policy mean."""

from __future__ import annotations

import fnmatch
import functools
import re

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

from watcher_rearrange.model import errors
from watcher_rearrange.model import records as model
from watcher_rearrange.policies.file import records


def instances(
    selection: records.Instances, snapshot: model.Snapshot
) -> tuple[int, ...]:
    """Return the indices of the instances that are meant, in order."""
    tests = _instance_tests(selection, snapshot)
    return tuple(
        k
        for k, instance in enumerate(snapshot.instances)
        if all(test(instance) for test in tests)
    )


def others(rule: records.Rule, snapshot: model.Snapshot) -> tuple[int, ...]:
    """Return the others of a split; none of them is among its instances."""
    members = frozenset(instances(rule.instances, snapshot))
    return tuple(
        k for k in instances(rule.others, snapshot) if k not in members
    )


def nodes(
    selection: records.Nodes, snapshot: model.Snapshot
) -> tuple[int, ...]:
    """Return the indices of the nodes that are meant, in order."""
    tests = _node_tests(selection, snapshot)
    return tuple(
        k
        for k, node in enumerate(snapshot.compute_nodes)
        if all(test(node) for test in tests)
    )


def parts(over: records.Over, snapshot: model.Snapshot) -> dict[str, str]:
    """Return the part of each node, by hostname.

    A node that is in none of the aggregates is a part of its own.

    :raises BadInput: with every node that is in more than one of them
    """
    if over.what == records.NODE:
        return {n.hostname: n.hostname for n in snapshot.compute_nodes}
    if over.what == records.ZONE:
        return {
            n.hostname: n.availability_zone for n in snapshot.compute_nodes
        }
    return _aggregate_parts(over.aggregates, snapshot)


def one_of(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a test whether a text fits any of the patterns."""
    alternatives = '|'.join(map(fnmatch.translate, patterns))
    match = re.compile(alternatives).match
    return functools.cache(lambda text: match(text) is not None)


def _aggregate_parts(
    patterns: Sequence[str], snapshot: model.Snapshot
) -> dict[str, str]:
    fits = one_of(patterns)
    found: dict[str, list[str]] = {}
    for aggregate in snapshot.aggregates:
        for hostname in aggregate.hosts if fits(aggregate.name) else ():
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
        for node in snapshot.compute_nodes
    }


def _instance_tests(
    selection: records.Instances, snapshot: model.Snapshot
) -> list[Callable[[model.Instance], bool]]:
    """Return a test for each list that is not empty."""
    tests: list[Callable[[model.Instance], bool]] = []
    if selection.uuids:
        uuids = frozenset(selection.uuids)
        tests.append(lambda instance: instance.uuid in uuids)
    if selection.server_groups:
        members = _members(selection.server_groups, snapshot)
        tests.append(lambda instance: instance.uuid in members)
    for attribute, patterns in (
        ('project_id', selection.projects),
        ('flavor', selection.flavors),
        ('image', selection.images),
        ('name', selection.names),
    ):
        if patterns:
            tests.append(_has(attribute, one_of(patterns)))
    for key, pattern in selection.metadata.items():
        tests.append(_says(key, one_of((pattern,))))
    return tests


def _node_tests(
    selection: records.Nodes, snapshot: model.Snapshot
) -> list[Callable[[model.ComputeNode], bool]]:
    """Return a test for each list that is not empty."""
    tests: list[Callable[[model.ComputeNode], bool]] = []
    if selection.aggregates:
        fits = one_of(selection.aggregates)
        hosts = {
            hostname
            for aggregate in snapshot.aggregates
            if fits(aggregate.name)
            for hostname in aggregate.hosts
        }
        tests.append(lambda node: node.hostname in hosts)
    for attribute, patterns in (
        ('hostname', selection.names),
        ('availability_zone', selection.zones),
    ):
        if patterns:
            tests.append(_has(attribute, one_of(patterns)))
    if selection.traits:
        traits = frozenset(selection.traits)
        tests.append(lambda node: traits.issubset(node.traits))
    return tests


def _members(
    patterns: Sequence[str], snapshot: model.Snapshot
) -> frozenset[str]:
    """Return the instances of the groups with such a name or UUID."""
    fits = one_of(patterns)
    return frozenset(
        uuid
        for group in snapshot.server_groups
        if fits(group.name) or group.uuid in patterns
        for uuid in group.members
    )


def _has(
    attribute: str, test: Callable[[str], bool]
) -> Callable[[object], bool]:
    return lambda thing: test(getattr(thing, attribute))


def _says(
    key: str, test: Callable[[str], bool]
) -> Callable[[model.Instance], bool]:
    def says(instance: model.Instance) -> bool:
        value = instance.metadata.get(key)
        return value is not None and test(value)

    return says
