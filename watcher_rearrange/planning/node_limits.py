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
"""What the operator says of nodes: how full they may get, what they cost."""

from __future__ import annotations

import fnmatch

from collections.abc import Mapping

import numpy as np

from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats


def headroom(
    cluster: Cluster, max_utilization_pct: Mapping[str, float]
) -> Ints:
    """Return int64[n_nodes, n_rc]: how full a node may be filled.

    :param max_utilization_pct: by resource class; 100 for others
    """
    limit = cluster.capacity.copy()
    for name, pct in max_utilization_pct.items():
        if name in cluster.resource_classes:
            rc_idx = cluster.resource_classes.index(name)
            share = limit[:, rc_idx] * (pct / 100.0)
            limit[:, rc_idx] = np.floor(share + 1e-9).astype(np.int64)
    return limit


def unknown_classes(
    cluster: Cluster, max_utilization_pct: Mapping[str, float]
) -> list[str]:
    """Return what is wrong with a headroom."""
    unknown = max_utilization_pct.keys() - {*cluster.resource_classes}
    return [
        f'max_utilization_pct: {name!r} is not a resource class of this '
        'cluster'
        for name in sorted(unknown)
    ]


def costs(cluster: Cluster, given: Mapping[str, float]) -> Floats:
    """Return float64[n_nodes]: what a node in use costs.

    :param given: by hostname or pattern; 1 for all if it is empty
    """
    found = np.full(cluster.n_nodes, np.nan)
    for idx, node in enumerate(cluster.snapshot.compute_nodes):
        for pattern, cost in given.items():
            if fnmatch.fnmatchcase(node.hostname, pattern):
                found[idx] = cost
                break
    known = ~np.isnan(found)
    others = float(found[known].mean()) if known.any() else 1.0
    return np.where(known, found, others)
