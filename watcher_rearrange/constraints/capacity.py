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

"""Capacity: for all n, rc: sum of demand(i, rc) on n <= capacity(n, rc).

While an instance migrates, its demand counts on both nodes. A class that
is over its capacity already may stay so, but nobody who asks for that class
may arrive.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Violation


NAME = 'capacity'


def violations(placement: Placement, limit: Ints) -> list[Violation]:
    """Return every node and resource class that is over its limit.

    :param limit: int64[n_nodes, n_rc]
    """
    cluster = placement.cluster
    return [
        Violation(
            rule=NAME,
            things=(cluster.hostname(int(node_idx)),),
            current=float(placement.used[node_idx, rc_idx]),
            needed=float(limit[node_idx, rc_idx]),
            unit=cluster.resource_classes[rc_idx],
        )
        for node_idx, rc_idx in np.argwhere(placement.used > limit)
    ]
