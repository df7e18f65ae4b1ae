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

"""Where every instance is, and what every node has in use."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints


class Placement:
    """A mutable placement over a frozen cluster.

    :ivar node_of: int64[n_instances], the node of each instance; -1 for
        one that is not there (released)
    :ivar used: int64[n_nodes, n_rc], allocations including what
        in-progress migrations and others than instances hold
    """

    def __init__(self, cluster: Cluster, node_of: Ints | None = None) -> None:
        self.cluster = cluster
        start = cluster.node_of if node_of is None else node_of
        self.node_of: Ints = start.copy()
        self.used: Ints = cluster.held.copy()
        placed = self.node_of >= 0
        np.add.at(self.used, self.node_of[placed], cluster.demand[placed])

    def copy(self) -> Placement:
        """Return an independent copy."""
        other = Placement.__new__(Placement)
        other.cluster = self.cluster
        other.node_of = self.node_of.copy()
        other.used = self.used.copy()
        return other

    def move(self, instance_idx: int, node_idx: int) -> int:
        """Move an instance; return the node it was on, to undo it with."""
        before = int(self.node_of[instance_idx])
        demand = self.cluster.demand[instance_idx]
        if before >= 0:
            self.used[before] -= demand
        if node_idx >= 0:
            self.used[node_idx] += demand
        self.node_of[instance_idx] = node_idx
        return before

    def instances_on(self, node_idx: int) -> Ints:
        """Indices of the instances on a node, ascending."""
        return np.flatnonzero(self.node_of == node_idx)

    def room(self, instance_idx: int, limit: Ints) -> Bools:
        """bool[n_nodes]: where an instance's demand fits under a limit.

        Only the classes that the instance asks for count, as in Placement:
        an overcommitted class that it does not use is no obstacle.

        :param limit: int64[n_nodes, n_rc], capacity or less
        """
        demand = self.cluster.demand[instance_idx]
        asked = demand > 0
        free = limit[:, asked] - self.used[:, asked]
        fits: Bools = (free >= demand[asked]).all(axis=1)
        return fits
