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

"""The generated clusters that methods are compared on.

Every node type has the same allocation ratios, so that a share of the
physical CPUs, which some of Watcher's strategies look at, and a share of
the capacity are the same thing.
"""

from __future__ import annotations

import dataclasses

from watcher_rearrange.model import records
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot.hardware import NodeType


MIXED = (
    NodeType(24, 192 * 1024, 1500, weight=2),
    NodeType(32, 256 * 1024, 2000, weight=4),
    NodeType(48, 256 * 1024, 3000, weight=1),
    NodeType(48, 512 * 1024, 3000, weight=1),
)

# One anti-affinity group of 2 to 4 instances for so many nodes.
NODES_PER_GROUP = 4


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of cluster.

    :ivar fill: share of the tightest resource class in use
    :ivar zones: availability zones, which no instance may leave
    """

    name: str
    fill: float
    node_types: tuple[NodeType, ...] = ()
    grouped: bool = False
    zones: int = 1

    def generate(self, nodes: int, seed: int) -> records.Snapshot:
        """Return the cluster of a seed."""
        return generator.generate(
            generator.GenerateSpec(
                nodes=nodes,
                fill=self.fill,
                seed=seed,
                node_types=self.node_types,
                groups=nodes // NODES_PER_GROUP if self.grouped else 0,
                azs=self.zones,
                pinned_pct=100.0 if self.zones > 1 else 0.0,
            )
        )


KINDS = (
    Kind('equal, 50 % full', 0.5),
    Kind('mixed, 85 % full, groups', 0.85, MIXED, grouped=True),
)
