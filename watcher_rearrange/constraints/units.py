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

"""Units: allocations(i)[rc] <= max_unit(node(i), rc) for each class."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Instance


class Units:
    """One instance gets no more than Placement gives out at a time.

    For vCPUs and memory that is what the node has without the ratio, so
    that an instance can be too large for a node with ample capacity.
    """

    name = 'max_unit'

    def __init__(self, cluster: Cluster) -> None:
        self._units = [
            {
                rc: inventory.max_unit
                for rc, inventory in node.inventories.items()
                if inventory.max_unit is not None
            }
            for node in cluster.snapshot.compute_nodes
        ]
        self._least: dict[str, int] = {}
        for units in self._units:
            for rc, unit in units.items():
                self._least[rc] = min(unit, self._least.get(rc, unit))

    def key(self, instance: Instance) -> Hashable:
        """Return the amounts that are too much for some node."""
        return frozenset(
            (rc, amount)
            for rc, amount in instance.allocations.items()
            if rc in self._least and amount > self._least[rc]
        )

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: no amount is above the node's unit."""
        return np.array(
            [
                all(
                    amount <= units.get(rc, amount)
                    for rc, amount in instance.allocations.items()
                )
                for units in self._units
            ],
            dtype=np.bool_,
        )
