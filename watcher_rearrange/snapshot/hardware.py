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

"""Nodes and flavors of a synthetic cluster: sizes as clouds have them."""

from __future__ import annotations

import dataclasses

from watcher_rearrange.model import records


@dataclasses.dataclass(frozen=True)
class NodeType:
    """A model of compute node.

    :ivar vcpus: threads of its processors
    :ivar vcpu_ratio: allocation ratio of VCPU
    :ivar weight: how frequent it is among others
    """

    vcpus: int
    memory_mb: int
    disk_gb: int
    vcpu_ratio: float = 2.0
    reserved_memory_mb: int = 4096
    weight: float = 1.0

    def inventories(self) -> dict[str, records.Inventory]:
        """What Placement has of such a node."""
        return {
            'VCPU': records.Inventory(self.vcpus, 0, self.vcpu_ratio),
            'MEMORY_MB': records.Inventory(
                self.memory_mb, self.reserved_memory_mb
            ),
            'DISK_GB': records.Inventory(self.disk_gb),
        }


@dataclasses.dataclass(frozen=True)
class Flavor:
    """What an instance of it asks for."""

    name: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    weight: float = 1.0

    @property
    def allocations(self) -> dict[str, int]:
        """The allocations in Placement."""
        return {
            'VCPU': self.vcpus,
            'MEMORY_MB': self.memory_mb,
            'DISK_GB': self.disk_gb,
        }


EQUAL_NODES = (NodeType(64, 512 * 1024, 4000),)

MIXED_NODES = (
    NodeType(32, 256 * 1024, 2000, vcpu_ratio=3.0, weight=2),
    NodeType(64, 512 * 1024, 4000, weight=4),
    NodeType(48, 768 * 1024, 4000, weight=1),
    NodeType(96, 1024 * 1024, 8000, vcpu_ratio=4.0, weight=1),
)


def _flavors() -> tuple[Flavor, ...]:
    # Small ones are frequent; memory per vCPU is 2, 4 or 8 GiB.
    sizes = ((1, 3), (2, 6), (4, 6), (8, 3), (16, 1))
    families = (('c', 2, 1), ('m', 4, 2), ('r', 8, 1))
    return tuple(
        Flavor(
            f'{family}.{vcpus}',
            vcpus,
            vcpus * gb_per_vcpu * 1024,
            20 + 10 * vcpus,
            often * share,
        )
        for family, gb_per_vcpu, share in families
        for vcpus, often in sizes
    )


FLAVORS = _flavors()
