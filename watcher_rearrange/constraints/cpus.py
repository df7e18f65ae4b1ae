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
vendor, and no feature less. What is not known of a node is no obstacle. An
instance that is migrated cold starts anew, wherever that is.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.constraints import movability
from watcher_rearrange.model import plan
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.records import Cpu
from watcher_rearrange.model.records import Instance


class Cpus:
    """The processors of the host in the snapshot against those of a node."""

    name = 'cpu'

    def __init__(
        self, cluster: Cluster, options: movability.MoveOptions
    ) -> None:
        self._options = options
        self._node_index = cluster.node_index
        kinds: dict[tuple[object, ...], int] = {}
        cpus: list[Cpu] = []
        kind_of = []
        for node in cluster.snapshot.compute_nodes:
            cpu = node.cpu or Cpu()
            key = (cpu.arch, cpu.vendor, frozenset(cpu.features))
            if key not in kinds:
                kinds[key] = len(cpus)
                cpus.append(cpu)
            kind_of.append(kinds[key])
        self._kind_of: Ints = np.array(kind_of, dtype=np.int64)
        self._takes: Bools = np.array(
            [[_takes(to, of) for to in cpus] for of in cpus], dtype=np.bool_
        )

    def key(self, instance: Instance) -> int | None:
        """Return the kind of processor that binds the instance, if any."""
        host = self._node_index.get(instance.host)
        if host is None:
            return None
        kind = int(self._kind_of[host])
        if self._takes[kind].all():
            return None
        how = movability.migration_type(instance, self._options)
        return kind if how == plan.LIVE_MIGRATE else None

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: where it could go on."""
        kind = self.key(instance)
        if kind is None:
            return np.ones(len(self._kind_of), dtype=np.bool_)
        found: Bools = self._takes[kind, self._kind_of]
        return found


def _takes(to: Cpu, of: Cpu) -> bool:
    """Whether a guest of one processor can go on with another."""
    if to.arch and of.arch and to.arch != of.arch:
        return False
    if to.vendor and of.vendor and to.vendor != of.vendor:
        return False
    return not to.features or set(of.features) <= set(to.features)
