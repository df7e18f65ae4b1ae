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

"""How full every node is, for whoever shows it."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from typing import Any

from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement


_FIRST = ('VCPU', 'MEMORY_MB', 'DISK_GB')


@dataclasses.dataclass(frozen=True)
class NodeUsage:
    """One compute node with what is in use of it.

    :ivar used: amount in use by resource class, with what in-progress
        migrations hold
    :ivar capacity: amount that can be allocated by resource class
    """

    node: records.ComputeNode
    instance_count: int
    used: Mapping[str, int]
    capacity: Mapping[str, int]

    def ratio(self, resource_class: str) -> float:
        """In use divided by capacity; infinite where there is none."""
        return _ratio(
            self.used.get(resource_class, 0),
            self.capacity.get(resource_class, 0),
        )

    @property
    def empty(self) -> bool:
        """Whether no instance is here."""
        return not self.instance_count


@dataclasses.dataclass(frozen=True)
class Usage:
    """All nodes of a snapshot, in its order.

    :ivar resource_classes: those worth showing, the usual ones first
    """

    nodes: tuple[NodeUsage, ...]
    resource_classes: tuple[str, ...]

    @classmethod
    def of(cls, snapshot: records.Snapshot) -> Usage:
        """Measure a snapshot whose references are sound."""
        cluster = Cluster.from_snapshot(snapshot)
        placement = Placement(cluster)
        counts = [0] * cluster.n_nodes
        for node_idx in placement.node_of.tolist():
            counts[node_idx] += 1
        classes = cluster.resource_classes
        rows = zip(
            snapshot.compute_nodes,
            counts,
            placement.used.tolist(),
            cluster.capacity.tolist(),
            strict=True,
        )
        nodes = tuple(
            NodeUsage(
                node,
                count,
                dict(zip(classes, used, strict=True)),
                dict(zip(classes, capacity, strict=True)),
            )
            for node, count, used, capacity in rows
        )
        return cls(nodes, _worth_showing(nodes, classes))

    @property
    def instance_count(self) -> int:
        """How many instances there are."""
        return sum(usage.instance_count for usage in self.nodes)

    def ratio(self, resource_class: str) -> float:
        """In use of all nodes, divided by the capacity of all."""
        return _ratio(
            sum(usage.used.get(resource_class, 0) for usage in self.nodes),
            sum(usage.capacity.get(resource_class, 0) for usage in self.nodes),
        )

    def to_dict(self) -> list[dict[str, Any]]:
        """One object a node, with amounts and percentages."""
        return [
            {
                'hostname': usage.node.hostname,
                'status': usage.node.status,
                'state': usage.node.state,
                'instances': usage.instance_count,
                'resources': {
                    rc: {
                        'used': usage.used[rc],
                        'capacity': usage.capacity[rc],
                        'used_pct': _finite_pct(usage.ratio(rc)),
                    }
                    for rc in self.resource_classes
                },
            }
            for usage in self.nodes
        ]


def _ratio(used: int, capacity: int) -> float:
    if capacity > 0:
        return used / capacity
    return float('inf') if used else 0.0


def _finite_pct(ratio: float) -> float | None:
    return None if ratio == float('inf') else round(ratio * 100, 1)


def _worth_showing(
    nodes: tuple[NodeUsage, ...], classes: tuple[str, ...]
) -> tuple[str, ...]:
    there = [
        rc
        for rc in classes
        if any(usage.used[rc] for usage in nodes)
        or (rc in _FIRST and any(usage.capacity[rc] for usage in nodes))
    ]
    usual = [rc for rc in _FIRST if rc in there]
    return (*usual, *(rc for rc in there if rc not in _FIRST))
