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

"""How long a migration takes.

A live migration copies the memory while the instance runs, then what was
written meanwhile, and so on. Where the memory is written to at a constant
rate, each round is as long as the one before times that rate over the speed
of the link, so that all rounds are a geometric series (the pre-copy of
Clark et al., "Live migration of virtual machines", NSDI 2005). Where it is
written to too fast, the rounds are cut off. A cold migration copies the
local disk.

These are estimates for the order of the actions and an operator's clock:
nothing waits on them. That several migrations share a link is not in them.
"""

from __future__ import annotations

from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.plan import COLD_MIGRATE
from watcher_rearrange.model.records import Instance
from watcher_rearrange.path.moves import Move


# What a link carries: 119.2 MiB/s at 1000 Mbit/s, less overhead.
MB_S_PER_MBPS = 0.11

# What is copied for each MiB of memory where the dirty rate is not known,
# and at most; Xen stops the rounds after three times the memory.
UNMEASURED_RATIO = 1.2
MOST_RATIO = 3.0

FIXED_S = 3.0
MB_PER_GB = 1024


def estimate_s(cluster: Cluster, move: Move, kind: str) -> float:
    """Return the estimated seconds of one migration.

    :param kind: LIVE_MIGRATE or COLD_MIGRATE
    """
    instance = cluster.snapshot.instances[move.instance]
    link_mb_s = _link_mb_s(cluster, move)
    copied_mb = 0.0
    if kind == COLD_MIGRATE or instance.block_migration:
        copied_mb += instance.allocations.get('DISK_GB', 0) * MB_PER_GB
    if kind != COLD_MIGRATE:
        memory_mb = int(cluster.memory_mb[move.instance])
        copied_mb += memory_mb * copied_ratio(instance, link_mb_s)
    return round(FIXED_S + copied_mb / link_mb_s, 1)


def copied_ratio(instance: Instance, link_mb_s: float) -> float:
    """Return how much a live migration copies for each MiB of memory.

    The rate at which memory is written to is ``load.dirty_mb_s``.

    :param link_mb_s: what the link carries, in MiB a second
    """
    dirty_mb_s = instance.load.get('dirty_mb_s')
    if dirty_mb_s is None:
        return UNMEASURED_RATIO
    left = 1 - dirty_mb_s / link_mb_s
    return 1 / left if left * MOST_RATIO > 1 else MOST_RATIO


def _link_mb_s(cluster: Cluster, move: Move) -> float:
    """What the slower of both ends carries."""
    nodes = cluster.snapshot.compute_nodes
    ends = (nodes[move.source], nodes[move.destination])
    return MB_S_PER_MBPS * min(node.migration_link_mbps for node in ends)
