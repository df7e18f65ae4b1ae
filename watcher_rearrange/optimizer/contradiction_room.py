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

"""The room of nodes, as far as rules of a policy are about who needs it.

It is a fact, not a rule: wherever instances are, those that rules are about
fit, or a node holds no more of them than now. All others could be elsewhere.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model import inventory
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints


@dataclasses.dataclass(frozen=True, eq=False)
class Room:
    """What instances need and nodes have.

    :ivar demand: int64[n_instances, n_classes], by resource class
    :ivar capacity: int64[n_nodes, n_classes]
    """

    demand: Ints
    capacity: Ints

    @classmethod
    def of(cls, snapshot: records.Snapshot) -> Room:
        """Look it up in a snapshot."""
        names = sorted(
            {
                name
                for one in snapshot.instances
                for name, amount in one.allocations.items()
                if amount
            }
        )
        demand = [
            [one.allocations.get(name, 0) for name in names]
            for one in snapshot.instances
        ]
        capacity = [
            [of_node(node, name) for name in names]
            for node in snapshot.compute_nodes
        ]
        return cls(_table(demand, names), _table(capacity, names))

    def limits(self, members: Sequence[int], home: Ints) -> tuple[Ints, Bools]:
        """Return what some instances may take, and where that matters.

        :param home: int64[n_instances], the node that each instance is on
        :returns: int64[n_nodes, n_classes] and bool of the same shape: where
            not all of them would fit
        """
        held = np.zeros_like(self.capacity)
        np.add.at(held, home[list(members)], self.demand[list(members)])
        limits: Ints = np.maximum(self.capacity, held)
        total = self.demand[list(members)].sum(axis=0)
        matters: Bools = limits < total
        return limits, matters


def of_node(node: records.ComputeNode, name: str) -> int:
    """Return the capacity of a resource class; 0 without an inventory."""
    if name not in node.inventories:
        return 0
    return int(inventory.capacity(node.inventories[name]))


def _table(rows: Sequence[Sequence[int]], names: Sequence[str]) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(names))
