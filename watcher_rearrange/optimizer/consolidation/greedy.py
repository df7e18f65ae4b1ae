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

"""Empty the cheapest nodes, as many as can be packed into the others.

What emptying a node costs is how many instances it has and how much room it
would have given. Each way to weigh the two gives an order of the nodes; the
first k of an order are emptied at once, for the largest k that works, found
by bisection.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.consolidation.pack import Packer
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.consolidation.task import emptiable


# How much the room of a node counts beside the instances on it.
ROOM_WEIGHTS = (0.0, 1.0, 3.0, 10.0, 1000.0)

# How much more a scarce resource class counts than others: powers of its
# utilisation.
POWERS = (6.0, 2.0)


def improve(task: Task) -> Placement:
    """Return the best placement found, or the start."""
    packer = Packer(task.problem, task.start, task.kinds)
    best = task.start
    tried: set[bytes] = set()
    for room_weight in ROOM_WEIGHTS:
        order = _order(task, room_weight)
        if order.tobytes() in tried:
            continue
        tried.add(order.tobytes())
        for power in POWERS:
            if not task.problem.out_of_time:
                trial = _Trial(task, packer, order, _scarcity(task, power))
                best = min(best, trial.best(best), key=task.rank)
    return best


def at_once(task: Task, short: float = 0.0) -> Placement | None:
    """Return the nodes emptied that have fewest instances, if that works.

    No placement can then be better: those are as many nodes as may be
    emptied, and nothing takes fewer migrations. None if the nodes have
    different costs, or cannot all be packed.

    :param short: a share of the nodes; if not all can be packed, so many
        fewer will do
    """
    packer = Packer(task.problem, task.start, task.kinds)
    order = _order(task, 0.0)
    if not len(order) or np.ptp(task.cost[order]):
        return None
    for power in POWERS:
        trial = _Trial(task, packer, order, _scarcity(task, power))
        for share in sorted({0.0, short}):
            found = trial.most(share)
            if found is not None:
                return found
    return None


class _Trial:
    """One order of the nodes, with one measure of likeness."""

    def __init__(
        self, task: Task, packer: Packer, order: Ints, weight: Floats
    ) -> None:
        self._task = task
        self._packer = packer
        self._order = order
        self._weight = weight
        self._used = occupied(task.start)
        self._receives = self._used & task.problem.open_nodes

    def best(self, known: Placement) -> Placement:
        """Return the placement with most nodes emptied, if not fewer."""
        saved = np.cumsum(self._task.cost[self._order])
        start = self._task.value(self._task.start)
        gained = start - self._task.value(known)
        low = int(np.searchsorted(saved, gained - 1e-6)) + (gained > 0)
        low, high = max(1, low), self._most(saved)
        best, step = known, 1
        # As many as it may be worth or little fewer mostly can be emptied:
        # from there down in steps that double, then between the last two.
        count = high
        while low <= high and not self._task.problem.out_of_time:
            found = self._emptied(count)
            if found is None:
                high = count - 1
            else:
                low, best = count + 1, found
            if best is known:
                count, step = max(low, high - step), 2 * step
            else:
                count = (low + high + 1) // 2
        return best

    def most(self, short: float) -> Placement | None:
        """Return the placement with all nodes emptied that it is worth.

        :param short: the share of them that is left out
        """
        count = self._most(np.cumsum(self._task.cost[self._order]))
        count -= int(short * count)
        return self._emptied(count) if count else None

    def _most(self, saved: Floats) -> int:
        """How many nodes it may be worth to empty."""
        wanted = self._task.value(self._task.start) - self._task.bound
        most = int(np.searchsorted(saved, wanted - 1e-6)) + 1
        limit = self._task.problem.max_migrations
        if limit is not None:
            within = np.cumsum(self._task.count[self._order]) <= limit
            most = min(most, int(within.sum()))
        return min(most, len(self._order))

    def _emptied(self, count: int) -> Placement | None:
        emptied = np.zeros(len(self._used), dtype=np.bool_)
        emptied[self._order[:count]] = True
        return self._packer.pack(emptied, self._receives, self._weight)


def _order(task: Task, room_weight: float) -> Ints:
    """The nodes that can be emptied, the cheapest for what it saves first."""
    problem = task.problem
    can = emptiable(problem, task.start)
    can[task.start.node_of[problem.movable & (task.kinds.of < 0)]] = False
    nodes = np.flatnonzero(can & (task.cost > 0))
    memory = np.bincount(
        task.start.node_of,
        weights=problem.cluster.memory_mb,
        minlength=len(can),
    )[nodes]
    mean = task.count.sum() / max(1, len(nodes))
    count = task.count[nodes] / max(1.0, mean)
    total = np.maximum(problem.limit.sum(axis=0), 1)
    room = (problem.limit[nodes] / total * len(can)) @ _scarcity(task, 2.0)
    room = np.where(problem.open_nodes[nodes], room, 0.0)
    price = (count + room_weight * room) / task.cost[nodes]
    ordered: Ints = nodes[np.lexsort((nodes, memory, np.round(price, 9)))]
    return ordered


def _scarcity(task: Task, power: float) -> Floats:
    """float64[n_rc]: how scarce each class is, the scarcest 1."""
    scarcity: Floats = task.scarcity**power
    return scarcity
