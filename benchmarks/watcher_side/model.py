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

"""A snapshot as Watcher's strategies see it: model and measurements."""

from __future__ import annotations

from typing import Any

from watcher.decision_engine.model import element
from watcher.decision_engine.model import model_root

from watcher_rearrange.model import records


KB_PER_MB = 1024
_NO_PROJECT = '00000000-0000-0000-0000-000000000000'


def build(snapshot: records.Snapshot) -> Any:
    """Return Watcher's compute model of a cluster."""
    model = model_root.ModelRoot()
    nodes = {n.hostname: _node(n) for n in snapshot.compute_nodes}
    for node in nodes.values():
        model.add_node(node)
    for instance in snapshot.instances:
        mapped = _instance(instance)
        model.add_instance(mapped)
        model.map_instance(mapped, nodes[instance.host])
    return model


def _node(node: records.ComputeNode) -> Any:
    cpu = node.inventories['VCPU']
    memory = node.inventories['MEMORY_MB']
    disk = node.inventories['DISK_GB']
    return element.ComputeNode(
        uuid=node.uuid,
        hostname=node.hostname,
        status=node.status,
        state=node.state,
        disabled_reason=node.disabled_reason,
        vcpus=cpu.total,
        vcpu_reserved=cpu.reserved,
        vcpu_ratio=cpu.allocation_ratio,
        memory=memory.total,
        memory_mb_reserved=memory.reserved,
        memory_ratio=memory.allocation_ratio,
        disk=disk.total,
        disk_gb_reserved=disk.reserved,
        disk_ratio=disk.allocation_ratio,
    )


def _instance(instance: records.Instance) -> Any:
    return element.Instance(
        uuid=instance.uuid,
        name=instance.name,
        state=instance.state,
        locked=instance.locked,
        watcher_exclude=instance.excluded,
        vcpus=instance.allocations['VCPU'],
        memory=instance.allocations['MEMORY_MB'],
        disk=instance.allocations['DISK_GB'],
        metadata=dict(instance.metadata),
        project_id=instance.project_id or _NO_PROJECT,
    )


class Measurements:
    """A data source whose loads say the same as the allocations.

    An instance keeps 1 / ratio of each of its vCPUs busy, so that a node
    whose VCPU capacity is used up is 100 % busy; it uses the memory that it
    has. The load of a node is the sum over the instances that the snapshot
    has on it.
    """

    def __init__(self, snapshot: records.Snapshot) -> None:
        nodes = {n.hostname: n for n in snapshot.compute_nodes}
        self._busy_pct: dict[str, float] = {}
        self._memory_mb: dict[str, int] = {}
        self._node_busy_pct = {n.uuid: 0.0 for n in nodes.values()}
        self._node_memory_mb = {n.uuid: 0 for n in nodes.values()}
        for instance in snapshot.instances:
            node = nodes[instance.host]
            cpu = node.inventories['VCPU']
            busy = 100.0 / cpu.allocation_ratio
            memory = instance.allocations['MEMORY_MB']
            self._busy_pct[instance.uuid] = busy
            self._memory_mb[instance.uuid] = memory
            share = instance.allocations['VCPU'] / cpu.total
            self._node_busy_pct[node.uuid] += busy * share
            self._node_memory_mb[node.uuid] += memory

    def statistic_aggregation(
        self, resource: Any, resource_type: Any, meter_name: str, *_: Any
    ) -> float:
        """Return a meter as Watcher's data sources do: %, MB or KB."""
        return {
            'instance_cpu_usage': self.get_instance_cpu_usage,
            'instance_ram_usage': self.get_instance_ram_usage,
            'host_cpu_usage': self.get_host_cpu_usage,
            'host_ram_usage': self.get_host_ram_usage,
        }[meter_name](resource)

    def get_instance_cpu_usage(
        self, resource: Any, *_: Any, **__: Any
    ) -> float:
        """Return percent of the instance's vCPUs."""
        return self._busy_pct[resource.uuid]

    def get_instance_ram_usage(
        self, resource: Any, *_: Any, **__: Any
    ) -> float:
        """Return MB."""
        return float(self._memory_mb[resource.uuid])

    def get_instance_root_disk_size(
        self, resource: Any, *_: Any, **__: Any
    ) -> float:
        """Return GB."""
        return float(resource.disk)

    def get_host_cpu_usage(self, resource: Any, *_: Any, **__: Any) -> float:
        """Return percent of the node's physical CPUs."""
        return self._node_busy_pct[resource.uuid]

    def get_host_ram_usage(self, resource: Any, *_: Any, **__: Any) -> float:
        """Return KB."""
        return float(self._node_memory_mb[resource.uuid] * KB_PER_MB)
