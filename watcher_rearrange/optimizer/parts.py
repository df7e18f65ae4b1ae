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

"""Parts of a large cluster, for one programme each."""

from __future__ import annotations

import dataclasses
import random

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.defragmentation.slots import Wanted
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.fix import Fix


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """Some nodes, with everything else as it is.

    :ivar problem: that of the part
    :ivar base: the placement that its migrations are counted from: the best
        one, but who has moved within the part is back where it started
    """

    problem: Problem
    base: Placement

    @classmethod
    def of(
        cls, problem: Problem, start: Placement, best: Placement, nodes: Ints
    ) -> Part:
        """Take back what can be taken back, and hold the rest."""
        here = np.zeros(problem.cluster.n_nodes, dtype=np.bool_)
        here[nodes] = True
        base = best.copy()
        moved = best.node_of != start.node_of
        within = here[best.node_of] & here[start.node_of]
        full = problem.limit
        for idx in np.flatnonzero(moved & within).tolist():
            home = int(start.node_of[idx])
            before = base.move(idx, home)
            demand = problem.cluster.demand[idx]
            over = base.used[home] > np.maximum(full[home], start.used[home])
            if (over & (demand > 0)).any():
                base.move(idx, before)
        away = base.node_of != start.node_of
        fix = Fix(here, held=away, spent=int(away.sum()))
        return cls(fix.apply(problem, base), base)


class Parts:
    """Which part comes next.

    The first has the nodes where a slot is cheap, and those with the most
    room beside their slots. Then everything is gone through in random
    parts, each with some of the nodes that take part already, until
    nothing has become better since the last time.
    """

    def __init__(
        self,
        problem: Problem,
        start: Placement,
        wanted: Wanted,
        size: int,
        seed: int,
    ) -> None:
        self._start = start
        self._size = size
        self._dice = random.Random(seed)
        self._nodes = np.flatnonzero(
            problem.open_nodes | _has_movable(problem, start)
        ).tolist()
        self._queue = [_core(problem, start, wanted, size)]
        self._since = 0
        self._in_round = 1

    def again(self) -> None:
        """Note that something has become better."""
        self._since = 0

    def next(self, best: Placement) -> Ints | None:
        """Return int64[n], the nodes of the next part; None at the end."""
        if self._since >= 2 * self._in_round and not self._queue:
            return None
        if not self._queue:
            self._fill(best)
        self._since += 1
        return self._queue.pop()

    def _fill(self, best: Placement) -> None:
        moved = np.flatnonzero(best.node_of != self._start.node_of)
        ends = np.union1d(best.node_of[moved], self._start.node_of[moved])
        others = [n for n in self._nodes if n not in set(ends.tolist())]
        self._dice.shuffle(others)
        taking = ends.tolist()
        step = max(1, self._size // 2)
        for first in range(0, max(1, len(others)), step):
            self._dice.shuffle(taking)
            chosen = taking[: self._size - step]
            chosen = chosen + others[first : first + step]
            self._queue.append(np.array(chosen, dtype=np.int64))
        self._in_round = len(self._queue)


def _has_movable(problem: Problem, placement: Placement) -> Bools:
    nodes = np.zeros(problem.cluster.n_nodes, dtype=np.bool_)
    at = placement.node_of[problem.movable]
    nodes[at[at >= 0]] = True
    return nodes


def _core(
    problem: Problem, placement: Placement, wanted: Wanted, size: int
) -> Ints:
    price = _prices(problem, placement, wanted)
    cheap = np.argsort(price, kind='stable')[: size // 2]
    free = problem.limit - placement.used
    spare = free.astype(np.float64)
    flavors = wanted.flavors
    for amount, slots in zip(flavors.size, flavors.slots(free), strict=True):
        spare = np.minimum(spare, free - slots[:, None] * amount)
    share = (spare / np.maximum(problem.limit, 1)).min(axis=1)
    share[~problem.open_nodes] = -1.0
    roomy = np.argsort(-share, kind='stable')[: size // 2]
    return np.union1d(cheap, roomy)


def _prices(problem: Problem, placement: Placement, wanted: Wanted) -> Floats:
    """float64[n_nodes]: how many must leave for one more slot by weight."""
    flavors = wanted.flavors
    demand = problem.cluster.demand
    price = np.full(problem.cluster.n_nodes, np.inf)
    free = problem.limit - placement.used
    slots = flavors.slots(free)
    for node in np.flatnonzero(problem.open_nodes).tolist():
        leavers = problem.movable_on(placement, node)
        room = free[node] + np.cumsum(demand[leavers], axis=0)
        for k in np.flatnonzero(flavors.nodes[:, node]).tolist():
            need = (slots[k, node] + 1) * flavors.size[k]
            enough = (room >= need).all(axis=1)
            if enough.any():
                count = (int(enough.argmax()) + 1) / flavors.weight[k]
                price[node] = min(price[node], count)
    return price
