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

"""How many migrations more slots of one flavor take at least.

A node has one slot more only once enough has left it. Of each resource
class at least so many instances must leave as the largest together have
what is missing. Those counts, made convex, are summed up from the cheapest
slots of all nodes; who arrives anywhere only makes it worse.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.fragmentation import Flavors
from watcher_rearrange.optimizer.problem import Problem


TINY = 1e-6

# More than any node has; where a flavor asks for nothing.
MAX_SLOTS = 10_000


def fewest(
    problem: Problem, placement: Placement, flavors: Flavors, gain: int
) -> int:
    """Return a bound on the migrations for so many slots more.

    For several flavors, which may share what leaves, it is 0.
    """
    if flavors.n_flavors != 1 or gain <= 0:
        return 0
    prices = _prices(problem, placement, flavors)
    return int(np.ceil(sum(prices[:gain]) - TINY))


def most_gained(
    problem: Problem, placement: Placement, flavors: Flavors
) -> float:
    """Return a bound on the slots that the migrations permitted bring.

    For several flavors, or any number of migrations, it is infinite.
    """
    if flavors.n_flavors != 1 or problem.max_migrations is None:
        return np.inf
    prices = np.cumsum(_prices(problem, placement, flavors))
    return float((prices <= problem.max_migrations + TINY).sum())


def _prices(
    problem: Problem, placement: Placement, flavors: Flavors
) -> list[float]:
    """What slots cost at least in migrations, the cheapest first."""
    slots = flavors.slots(problem.limit - placement.used)[0]
    size = flavors.size[0]
    return sorted(
        price
        for node in np.flatnonzero(flavors.nodes[0]).tolist()
        for price in convex(
            leavers(problem, placement, node, size, int(slots[node]))
        )
    )


def leavers(
    problem: Problem, placement: Placement, node: int, size: Ints, slots: int
) -> list[int]:
    """Return how many must leave a node at least for 1, 2, ... slots more.

    The list ends where even all are not enough.

    :param size: int64[n_rc], of the flavor
    :param slots: those that the node has
    """
    asked = np.flatnonzero(size)
    free = (problem.limit[node] - placement.used[node])[asked]
    who = problem.movable_on(placement, node)
    demand = -np.sort(-problem.cluster.demand[who][:, asked], axis=0)
    sums = np.cumsum(demand, axis=0)
    room = free + demand.sum(axis=0)
    most = int((room // size[asked]).min(initial=MAX_SLOTS))
    gains = np.arange(slots + 1, most + 1)
    count = np.zeros(len(gains), dtype=np.int64)
    for k, amount in enumerate(size[asked].tolist()):
        missing = gains * amount - free[k]
        needed = np.searchsorted(sums[:, k], missing) + 1
        count = np.maximum(count, np.where(missing > 0, needed, 0))
    counts: list[int] = count.tolist()
    return counts


def convex(counts: list[int]) -> list[float]:
    """Return the slopes of the largest convex function below some counts.

    :param counts: for 1, 2, ... slots more; none more cost nothing
    """
    points = [(0, 0)]
    slopes: list[float] = []
    for point in enumerate(counts, start=1):
        while len(points) > 1 and _slope(points[-2], points[-1]) >= _slope(
            points[-1], point
        ):
            points.pop()
        points.append(point)
    for left, right in zip(points, points[1:], strict=False):
        slopes += [_slope(left, right)] * (right[0] - left[0])
    return slopes


def _slope(left: tuple[int, int], right: tuple[int, int]) -> float:
    return (right[1] - left[1]) / (right[0] - left[0])
