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

"""Small clusters in a few words, for the tests of the layers below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import ComputeNode
from watcher_rearrange.model.records import Instance
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import ServerGroup
from watcher_rearrange.model.records import Snapshot


def node(
    hostname: str, vcpus: int = 8, memory_mb: int = 8192, **more: Any
) -> ComputeNode:
    """A compute node with VCPU and MEMORY_MB."""
    more.setdefault(
        'inventories',
        {'VCPU': Inventory(vcpus), 'MEMORY_MB': Inventory(memory_mb)},
    )
    return ComputeNode(hostname=hostname, **more)


def instance(
    uuid: str, host: str, vcpus: int = 1, memory_mb: int = 1024, **more: Any
) -> Instance:
    """An instance that asks for VCPU and MEMORY_MB."""
    more.setdefault('allocations', {'VCPU': vcpus, 'MEMORY_MB': memory_mb})
    return Instance(uuid=uuid, host=host, **more)


def apart(*members: str, most: int = 1) -> ServerGroup:
    """An anti-affinity group."""
    return ServerGroup('apart', 'anti-affinity', members, 'apart', most)


def together(*members: str) -> ServerGroup:
    """An affinity group."""
    return ServerGroup('together', 'affinity', members, 'together')


def snapshot(
    vcpus: Mapping[str, int],
    instances: Mapping[str, tuple[str, int]],
    **more: Any,
) -> Snapshot:
    """A cluster where only VCPU is short.

    :param vcpus: by hostname
    :param instances: hostname and vCPUs by UUID
    """
    return Snapshot(
        tuple(node(hostname, n, 2**20) for hostname, n in vcpus.items()),
        tuple(
            instance(uuid, host, n) for uuid, (host, n) in instances.items()
        ),
        **more,
    )


def cluster(
    vcpus: Mapping[str, int],
    instances: Mapping[str, tuple[str, int]],
    **more: Any,
) -> Cluster:
    """The same with arrays."""
    return Cluster.from_snapshot(snapshot(vcpus, instances, **more))


def rules(of: Cluster | Snapshot, **options: Any) -> Rules:
    """The rules of a cluster."""
    if isinstance(of, Snapshot):
        of = Cluster.from_snapshot(of)
    return Rules(of, MoveOptions(**options))
