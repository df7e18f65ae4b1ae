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

"""Capabilities: cpu(node(i)) fulfils what flavor(i) asks of it.

Nova's ComputeCapabilitiesFilter, ``capabilities:cpu_info:...`` and those of
the hypervisor. Whoever asks for another capability stays: nothing else is
known of the nodes, and a node that does not have a capability is refused.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.constraints import extra_specs
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import ComputeNode
from watcher_rearrange.model.records import Cpu
from watcher_rearrange.model.records import Instance


SCOPE = 'capabilities:'

# Nova makes a capability of it.
OTHERS = {'hw:maxphysaddr_bits': 'capabilities:cpu_info:maxphysaddr:bits'}


class Capabilities:
    """A flavor's extra specs against what is known of the nodes."""

    name = 'capabilities'

    def __init__(self, cluster: Cluster) -> None:
        self._node_index = cluster.node_index
        self._has = [
            _capabilities(node) for node in cluster.snapshot.compute_nodes
        ]

    def key(
        self, instance: Instance
    ) -> tuple[str, frozenset[tuple[str, str]]] | None:
        """Return the host with what is asked for, if anything is.

        The host is no other than it was: there it may be in any case.
        """
        wanted = frozenset(
            (OTHERS.get(name, name).removeprefix(SCOPE), requirement)
            for name, requirement in instance.flavor_extra_specs.items()
            if name.startswith(SCOPE) or name in OTHERS
        )
        return (instance.host, wanted) if wanted else None

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: has the capabilities, or is the host."""
        found = np.ones(len(self._has), dtype=np.bool_)
        key = self.key(instance)
        if key is not None:
            host, wanted = key
            for node_idx, has in enumerate(self._has):
                found[node_idx] = all(
                    name in has
                    and extra_specs.fulfilled((has[name],), requirement)
                    for name, requirement in wanted
                )
            if host in self._node_index:
                found[self._node_index[host]] = True
        return found


def _capabilities(node: ComputeNode) -> dict[str, str]:
    """What Nova would read of a node, as far as it is known."""
    cpu = node.cpu or Cpu()
    version = node.hypervisor_version
    known = {
        'cpu_info:arch': cpu.arch,
        'cpu_info:vendor': cpu.vendor,
        'cpu_info:model': cpu.model,
        # Nova compares the text of a list.
        'cpu_info:features': str(list(cpu.features)) if cpu.features else '',
        'hypervisor_type': node.hypervisor_type,
        'hypervisor_version': '' if version is None else str(version),
    }
    return {name: text for name, text in known.items() if text}
