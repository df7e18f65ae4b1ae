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

"""A snapshot as it would be: who is elsewhere, and which nodes are shut."""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement


DISABLED = 'disabled'


def cluster(placement: Placement, closed: Bools) -> Cluster:
    """Return the cluster of a placement with some services disabled.

    Nodes and instances keep their indices.

    :param closed: bool[n_nodes], whose service is disabled
    """
    now = placement.cluster
    snapshot = now.snapshot
    instances = list(snapshot.instances)
    for idx in np.flatnonzero(placement.node_of != now.node_of).tolist():
        host = now.hostname(int(placement.node_of[idx]))
        instances[idx] = dataclasses.replace(instances[idx], host=host)
    nodes = list(snapshot.compute_nodes)
    for idx in np.flatnonzero(closed).tolist():
        nodes[idx] = dataclasses.replace(nodes[idx], status=DISABLED)
    return Cluster.from_snapshot(
        dataclasses.replace(
            snapshot, compute_nodes=tuple(nodes), instances=tuple(instances)
        )
    )
