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

"""What remains on the nodes that are to be evacuated."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied


class NodesRemaining:
    """Named nodes that still have an instance.

    :param nodes: int64[n], the named nodes
    """

    name = 'nodes_to_evacuate'
    unit = 'nodes'

    def __init__(self, cluster: Cluster, nodes: Ints) -> None:
        self._cluster = cluster
        self._nodes = nodes

    def value(self, placement: Placement) -> float:
        """Return how many of the nodes are in use."""
        return float(occupied(placement)[self._nodes].sum())

    def lower_bound(self) -> float | None:
        """Return 0: every node free."""
        return 0.0


class InstancesRemaining(NodesRemaining):
    """Instances that are still on a named node."""

    name = 'instances_on_evacuated_nodes'
    unit = 'instances'

    def value(self, placement: Placement) -> float:
        """Return how many instances are on the nodes."""
        return float(np.isin(placement.node_of, self._nodes).sum())
