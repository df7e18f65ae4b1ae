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

"""Whether a plan ends where its target placement says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.occupancy import Occupancy
from watcher_rearrange.checker.violation import UNITS
from watcher_rearrange.checker.violation import Violation


def check_target(
    cluster: Cluster, target: dict[str, Any], end: Occupancy
) -> Iterator[Violation]:
    """Everybody is where the target says, or else at home; the rest fits.

    :param end: the state after the whole plan, of all nodes
    """
    placement = target.get('placement') or {}
    for uuid in sorted(cluster.released):
        if uuid not in cluster.instances:
            yield Violation('unknown_instance', (uuid,))
    for uuid, hostname in placement.items():
        if uuid not in cluster.instances:
            yield Violation('unknown_instance', (uuid,))
        if hostname not in cluster.nodes:
            yield Violation('unknown_node', (hostname,))
    for instance in cluster.instances.values():
        if instance.uuid in cluster.released:
            continue
        is_on = end.host.get(instance.uuid, instance.host)
        should_be_on = placement.get(instance.uuid, instance.host)
        if is_on != should_be_on:
            yield Violation('target', (instance.uuid,), is_on, should_be_on)
    yield from _provisioned(cluster, target, end)


def _provisioned(
    cluster: Cluster, target: dict[str, Any], end: Occupancy
) -> Iterator[Violation]:
    """All that is to be provisioned fits together."""
    wanted: dict[tuple[str, str], Amount] = {}
    for data in target.get('provision') or ():
        hostname = data.get('host')
        if hostname not in cluster.nodes:
            yield Violation('unknown_node', (str(hostname),))
            continue
        for name, amount in (data.get('allocations') or {}).items():
            key = (hostname, name)
            wanted[key] = wanted.get(key, 0) + amount
    for (hostname, name), amount in wanted.items():
        used = end.capacity_used(hostname, name) + amount
        limit = cluster.nodes[hostname].limits.get(name, 0)
        if amount > 0 and used > limit:
            unit = UNITS.get(name, 'units')
            yield Violation('provision', (hostname, name), used, limit, unit)
