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

"""What a search works on: rules, limits and the clock."""

from __future__ import annotations

import dataclasses
import time

from functools import cached_property

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """A cluster, its rules and how far a search may go.

    :ivar limit: int64[n_nodes, n_rc], how full a node may be filled
    :ivar open_nodes: bool[n_nodes], nodes that may receive at all
    :ivar frozen: bool[n_instances], who must stay although movable
    :ivar max_migrations: instances that may be away from their start
    :ivar deadline: on the clock of ``time.monotonic``
    """

    rules: Rules
    limit: Ints
    open_nodes: Bools
    frozen: Bools
    max_migrations: int | None
    deadline: float

    @property
    def cluster(self) -> Cluster:
        """The cluster that the rules are for."""
        return self.rules.cluster

    @cached_property
    def movable(self) -> Bools:
        """bool[n_instances]: who may be moved."""
        movable: Bools = self.rules.movability.movable & ~self.frozen
        return movable

    @property
    def out_of_time(self) -> bool:
        """Whether the search must stop."""
        return time.monotonic() >= self.deadline

    def until(self, share: float) -> float:
        """Return when a share of what is left of the time is over."""
        now_s = time.monotonic()
        return now_s + share * (self.deadline - now_s)

    def destinations(self, placement: Placement, instance_idx: int) -> Bools:
        """Return bool[n_nodes]: where an instance may be moved now."""
        return self.open_nodes & self.rules.permitted(
            placement, instance_idx, self.limit
        )

    def movable_on(self, placement: Placement, node_idx: int) -> Ints:
        """Return the movable instances on a node, the largest first."""
        found = placement.instances_on(node_idx)
        found = found[self.movable[found]]
        order = np.lexsort((found, -self.size[found]))
        ordered: Ints = found[order]
        return ordered

    @cached_property
    def size(self) -> Floats:
        """float64[n_instances]: the largest share of an average node."""
        mean = np.maximum(self.cluster.capacity.mean(axis=0), 1.0)
        size: Floats = (self.cluster.demand / mean).max(axis=1, initial=0.0)
        return size
