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

"""What is measured of every placement, by whichever method it came about."""

from __future__ import annotations

import math

from collections.abc import Mapping

from watcher_rearrange.model import inventory
from watcher_rearrange.model import records


MB_PER_GB = 1024


def used(
    snapshot: records.Snapshot, host_of: Mapping[str, str], rc: str
) -> dict[str, int]:
    """Return what is allocated of a resource class on each node."""
    total = {node.hostname: 0 for node in snapshot.compute_nodes}
    for instance in snapshot.instances:
        total[host_of[instance.uuid]] += instance.allocations.get(rc, 0)
    return total


def spread_pct(
    snapshot: records.Snapshot, host_of: Mapping[str, str], rc: str
) -> float:
    """Return the standard deviation of the utilisation.

    In percentage points, over the nodes that receive, each counting once,
    as Watcher's ``workload_stabilization`` counts them.
    """
    amount = used(snapshot, host_of, rc)
    shares = [
        100.0
        * amount[node.hostname]
        / inventory.capacity(node.inventories[rc])
        for node in snapshot.compute_nodes
        if node.receives
    ]
    mean = sum(shares) / len(shares)
    variance = sum((share - mean) ** 2 for share in shares) / len(shares)
    return math.sqrt(variance)


def freed(snapshot: records.Snapshot, host_of: Mapping[str, str]) -> set[str]:
    """Return the nodes that were in use and are empty now."""
    before = {instance.host for instance in snapshot.instances}
    return before - set(host_of.values())


def moved_gb(snapshot: records.Snapshot, moved: list[str]) -> float:
    """Return the memory of instances, one entry per migration, in GiB."""
    memory = {
        instance.uuid: instance.allocations.get('MEMORY_MB', 0)
        for instance in snapshot.instances
    }
    return sum(memory[uuid] for uuid in moved) / MB_PER_GB


def hosts(snapshot: records.Snapshot) -> dict[str, str]:
    """Return the node of each instance."""
    return {i.uuid: i.host for i in snapshot.instances}
