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

"""Units: allocations(i, rc) <= max_unit(node(i), rc).

Placement refuses more to one consumer, however much room an allocation
ratio makes: Nova sets the largest unit to what the node really has.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Instance


class Units:
    """An instance's allocations against the largest units of the node."""

    name = 'max_unit'

    def __init__(self, cluster: Cluster) -> None:
        self._largest = [
            {
                rc: inventory.max_unit
                for rc, inventory in node.inventories.items()
                if inventory.max_unit is not None
            }
            for node in cluster.snapshot.compute_nodes
        ]
        self._least: dict[str, int] = {}
        for largest in self._largest:
            for rc, amount in largest.items():
                self._least[rc] = min(amount, self._least.get(rc, amount))

    def key(self, instance: Instance) -> tuple[tuple[str, int], ...]:
        """Return what is more than some node gives to one instance."""
        return tuple(
            sorted(
                (rc, amount)
                for rc, amount in instance.allocations.items()
                if amount > self._least.get(rc, amount)
            )
        )

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: gives as much of each class to one."""
        large = self.key(instance)
        return np.array(
            [
                all(amount <= largest.get(rc, amount) for rc, amount in large)
                for largest in self._largest
            ],
            dtype=np.bool_,
        )
