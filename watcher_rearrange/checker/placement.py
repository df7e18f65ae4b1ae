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

"""The placement checker: what a placement breaks, whatever came before."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator
from typing import Any

from watcher_rearrange.checker import rules
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import read_cluster
from watcher_rearrange.checker.limits import Limits
from watcher_rearrange.checker.occupancy import Occupancy
from watcher_rearrange.checker.occupancy import not_receiving
from watcher_rearrange.checker.occupancy import overfull
from watcher_rearrange.checker.report import Findings
from watcher_rearrange.checker.violation import Violation


def check_placement(
    snapshot: dict[str, Any], placement: dict[str, str] | None = None
) -> list[Violation]:
    """Everything that a placement breaks.

    :param snapshot: the cluster, as parsed from JSON
    :param placement: hostnames by instance uuid; an instance not named stays
        at its host. None is the placement of the snapshot itself.
    :returns: broken rules, those included that are broken already. For the
        instances that the placement moves also: that they may move, and that
        their new hosts are up and enabled.
    """
    findings = Findings()
    cluster = read_cluster(snapshot)
    moved: dict[str, str] = {}
    for uuid, hostname in (placement or {}).items():
        unknown = list(_unknown(cluster, uuid, hostname))
        findings.add(unknown, 'placement')
        if not unknown and cluster.instances[uuid].host != hostname:
            moved[uuid] = hostname
    for uuid, hostname in moved.items():
        findings.add(_moved(cluster, uuid, hostname), 'placement')
    cluster = _placed(cluster, moved)
    findings.add(_unsuitable(cluster), 'placement')
    findings.add(_overfull(cluster), 'placement')
    findings.add(_scattered(cluster), 'placement')
    return list(findings.all())


def _unknown(
    cluster: Cluster, uuid: str, hostname: str
) -> Iterator[Violation]:
    if uuid not in cluster.instances:
        yield Violation('unknown_instance', (uuid,))
    if hostname not in cluster.nodes:
        yield Violation('unknown_node', (hostname,))


def _moved(cluster: Cluster, uuid: str, hostname: str) -> Iterator[Violation]:
    node = cluster.nodes[hostname]
    instance = cluster.instances[uuid]
    yield from rules.movable(cluster, instance, Limits())
    if not node.up:
        yield Violation('receiving_node', (uuid, hostname), 'down', 'up')
    elif not node.enabled:
        yield not_receiving(uuid, hostname)
    if 'live_migrate' in rules.types_of(instance):
        yield from rules.goes_on(cluster, instance, node)


def _placed(cluster: Cluster, moved: dict[str, str]) -> Cluster:
    """The cluster with the moved instances at their new hosts."""
    instances = dict(cluster.instances)
    for uuid, hostname in moved.items():
        instances[uuid] = dataclasses.replace(instances[uuid], host=hostname)
    return dataclasses.replace(cluster, instances=instances)


def _unsuitable(cluster: Cluster) -> Iterator[Violation]:
    for instance in cluster.instances.values():
        node = cluster.nodes.get(instance.host)
        if node is not None:
            yield from rules.suitable(cluster, instance, node)


def _overfull(cluster: Cluster) -> Iterator[Violation]:
    for hostname, used in Occupancy(cluster).used.items():
        for dimension, amount in used.items():
            limit = cluster.limit(hostname, dimension)
            if amount > limit:
                yield overfull(dimension, hostname, amount, limit)


def _scattered(cluster: Cluster) -> Iterator[Violation]:
    """Affinity groups on more than one node."""
    hosts: dict[str, set[str]] = {}
    for instance, hostname in cluster.holds():
        for dimension in instance.demand:
            if dimension.rule == 'affinity':
                hosts.setdefault(dimension.name, set()).add(hostname)
    for name, nodes in hosts.items():
        if len(nodes) > 1:
            unit = 'nodes hold its members'
            yield Violation('affinity', (name,), len(nodes), 1, unit)
