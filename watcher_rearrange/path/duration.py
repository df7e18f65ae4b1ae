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

"""How long a migration takes, and a plan with it.

Memory is copied over the migration network; a cold migration copies the
local disk. These are estimates for an operator's clock, nothing waits on
them.
"""

from __future__ import annotations

import heapq

from collections.abc import Sequence

from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.plan import COLD_MIGRATE
from watcher_rearrange.path.moves import Move


# 1 Gbit/s less overhead; memory that is written to is copied again.
LINK_MB_S = 110.0
RECOPIED_RATIO = 1.2
FIXED_S = 3.0
MB_PER_GB = 1024


def estimate_s(cluster: Cluster, instance_idx: int, kind: str) -> float:
    """Return the estimated seconds of one migration."""
    if kind == COLD_MIGRATE:
        allocations = cluster.snapshot.instances[instance_idx].allocations
        copied_mb = float(allocations.get('DISK_GB', 0) * MB_PER_GB)
    else:
        copied_mb = float(cluster.memory_mb[instance_idx]) * RECOPIED_RATIO
    return round(FIXED_S + copied_mb / LINK_MB_S, 1)


def makespan_s(
    moves: Sequence[Move],
    parents: Sequence[Sequence[int]],
    seconds: Sequence[float],
) -> tuple[float, float]:
    """Return (makespan, a bound for it), one outgoing move a node.

    That is Nova's default, max_concurrent_live_migrations = 1. The bound
    is the longest chain of parents, or the busiest source.
    """
    ready = [0.0] * len(moves)
    chain = [0.0] * len(moves)
    busy_until: dict[int, float] = {}
    total: dict[int, float] = {}
    waiting = [len(p) for p in parents]
    children: list[list[int]] = [[] for _ in moves]
    for k, group in enumerate(parents):
        for parent in group:
            children[parent].append(k)
    queue = [(0.0, k) for k, count in enumerate(waiting) if not count]
    heapq.heapify(queue)
    end = 0.0
    while queue:
        _, k = heapq.heappop(queue)
        source = moves[k].source
        start = max(ready[k], busy_until.get(source, 0.0))
        finish = start + seconds[k]
        busy_until[source] = finish
        total[source] = total.get(source, 0.0) + seconds[k]
        chain[k] += seconds[k]
        end = max(end, finish)
        for child in children[k]:
            ready[child] = max(ready[child], finish)
            chain[child] = max(chain[child], chain[k])
            waiting[child] -= 1
            if not waiting[child]:
                heapq.heappush(queue, (ready[child], child))
    bound = max([*chain, *total.values()], default=0.0)
    return round(end, 1), round(bound, 1)
