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

Memory is copied over the migration network, what is written meanwhile once
more; a cold migration copies the local disk. These are estimates for the
order of the actions and an operator's clock: nothing waits on them.
"""

from __future__ import annotations

from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.plan import COLD_MIGRATE


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
