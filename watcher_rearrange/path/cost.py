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

"""What one migration costs, so that the cheapest path is looked for.

A path costs the sum of its migrations. Whatever is counted, none is free:
of two paths that are equal otherwise, the one with fewer migrations wins.
"""

from __future__ import annotations

import dataclasses
import math

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

import numpy as np

from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.path.moves import Move
from watcher_rearrange.policies import path_costs


# What a migration costs at least, in the unit of its cost.
LEAST = 1

# The largest rate that counts; sums of it stay far from the end of int64.
_MOST_MB_S = 2**31


@dataclasses.dataclass(frozen=True, eq=False)
class PathCost:
    """A cost of paths.

    :ivar unit: of a weight
    :ivar weight: int64[n_instances], what one migration of each costs, at
        least 1
    """

    name: str
    unit: str
    weight: Ints

    def of(self, moves: Iterable[Move]) -> int:
        """Return what these moves cost."""
        return sum(int(self.weight[move.instance]) for move in moves)


def asked(cluster: Cluster, wanted: str | Mapping[str, int]) -> PathCost:
    """Return the cost of a name, or the sum of several with their shares.

    :raises KeyError: for an unknown name
    """
    if isinstance(wanted, str):
        return named(cluster, wanted)
    return combined(cluster, wanted)


def named(cluster: Cluster, name: str) -> PathCost:
    """Return a cost by its name, one of ``path_costs.PATH_COSTS``.

    :raises KeyError: for another name
    """
    unit, amounts = _COSTS[name]
    return PathCost(name, unit, np.maximum(amounts(cluster), LEAST))


def combined(cluster: Cluster, shares: Mapping[str, int]) -> PathCost:
    """Return a sum of several costs.

    :param shares: by name, how much one unit of that cost counts: 1 and
        1024 for memory and migrations make a migration as bad as one GiB
    :raises KeyError: for an unknown name
    """
    total = np.zeros(cluster.n_instances, dtype=np.int64)
    for name, share in shares.items():
        total += share * named(cluster, name).weight
    weight = np.maximum(total, LEAST)
    return PathCost(' + '.join(shares), 'points', weight)


def _one_each(cluster: Cluster) -> Ints:
    return np.ones(cluster.n_instances, dtype=np.int64)


def _memory_mb(cluster: Cluster) -> Ints:
    return cluster.memory_mb


def _disk_gb(cluster: Cluster) -> Ints:
    return np.array(
        [i.allocations.get('DISK_GB', 0) for i in cluster.snapshot.instances],
        dtype=np.int64,
    )


def _dirty_mb_s(cluster: Cluster) -> Ints:
    """What is not measured counts as if nothing were written."""
    rates = [i.load.get('dirty_mb_s', 0) for i in cluster.snapshot.instances]
    return LEAST + np.array(
        [math.ceil(min(rate, _MOST_MB_S)) for rate in rates], dtype=np.int64
    )


_COSTS: dict[str, tuple[str, Callable[[Cluster], Ints]]] = {
    path_costs.MIGRATIONS: ('migrations', _one_each),
    path_costs.MEMORY: ('MiB', _memory_mb),
    path_costs.DISK: ('GiB', _disk_gb),
    path_costs.DIRTY_RATE: ('MiB/s', _dirty_mb_s),
}
