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

"""CPUs: i goes live -> cpu(node(i)) can do all that cpu(host(i)) can.

The guest goes on with what it found when it started: same architecture and
vendor, and no feature less. What is not known of a node is no obstacle.
"""

from __future__ import annotations

from typing import NamedTuple

from watcher_rearrange.constraints import movability
from watcher_rearrange.constraints.live import LiveRule
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Cpu


class Cpus(LiveRule):
    """The processors of the host in the snapshot against those of a node."""

    name = 'cpu'

    def __init__(
        self, cluster: Cluster, options: movability.MoveOptions
    ) -> None:
        super().__init__(cluster, options)
        cpus = (node.cpu or Cpu() for node in cluster.snapshot.compute_nodes)
        self._compare(
            (
                _Kind(cpu.arch, cpu.vendor, frozenset(cpu.features))
                for cpu in cpus
            ),
            _takes,
        )


class _Kind(NamedTuple):
    arch: str
    vendor: str
    features: frozenset[str]


def _takes(to: _Kind, of: _Kind) -> bool:
    """Whether a guest of one processor can go on with another."""
    if to.arch and of.arch and to.arch != of.arch:
        return False
    if to.vendor and of.vendor and to.vendor != of.vendor:
        return False
    return not to.features or of.features <= to.features
