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

"""Random instances on random nodes, never above a capacity."""

from __future__ import annotations

import itertools

from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.model import inventory
from watcher_rearrange.model import records
from watcher_rearrange.snapshot.dice import Dice
from watcher_rearrange.snapshot.hardware import Flavor


# How often a random node is tried before all are looked at.
_TRIES = 20


class _Room:
    """What is free on each node, and of the cluster as a whole."""

    def __init__(self, nodes: Sequence[records.ComputeNode]) -> None:
        self.free = [
            {rc: inventory.capacity(i) for rc, i in node.inventories.items()}
            for node in nodes
        ]
        self.used: dict[str, int] = {}
        self.capacity: dict[str, int] = {}
        for free in self.free:
            for rc, amount in free.items():
                self.capacity[rc] = self.capacity.get(rc, 0) + amount

    def has(self, node_idx: int, allocations: Mapping[str, int]) -> bool:
        free = self.free[node_idx]
        return all(
            amount <= free.get(rc, 0) for rc, amount in allocations.items()
        )

    def take(self, node_idx: int, allocations: Mapping[str, int]) -> None:
        for rc, amount in allocations.items():
            self.free[node_idx][rc] -= amount
            self.used[rc] = self.used.get(rc, 0) + amount

    def within(self, fill: float, allocations: Mapping[str, int]) -> bool:
        """Whether the tightest class stays at a fill with some more."""
        return all(
            self.used.get(rc, 0) + amount <= fill * self.capacity.get(rc, 0)
            for rc, amount in allocations.items()
        )


class Filling:
    """Fills nodes with instances of random flavors.

    :param fill: share of the tightest resource class to use at most
    :param count: how many instances to place at most, or None
    """

    def __init__(
        self,
        nodes: Sequence[records.ComputeNode],
        dice: Dice,
        fill: float,
        count: int | None,
    ) -> None:
        self.dice = dice
        self.fill = fill
        self.count = count
        self._room = _Room(nodes)
        # Some nodes are used more than others, as in any cloud.
        self._popularity = list(
            itertools.accumulate(dice.uniform(0.5, 1.5) for _ in nodes)
        )

    def place(self, flavors: Sequence[Flavor]) -> list[tuple[int, Flavor]]:
        """Return the node index and the flavor of each instance.

        A flavor that does not fit is left out from then on: room only
        gets less.
        """
        left = list(flavors)
        placed: list[tuple[int, Flavor]] = []
        while left and (self.count is None or len(placed) < self.count):
            choice = self.dice.weighted([flavor.weight for flavor in left])
            allocations = left[choice].allocations
            node_idx = self._node_for(allocations)
            if node_idx is None:
                del left[choice]
            else:
                self._room.take(node_idx, allocations)
                placed.append((node_idx, left[choice]))
        return placed

    def _node_for(self, allocations: Mapping[str, int]) -> int | None:
        if not self._room.within(self.fill, allocations):
            return None
        for _ in range(_TRIES):
            node_idx = self.dice.cumulative(self._popularity)
            if self._room.has(node_idx, allocations):
                return node_idx
        fitting = [
            node_idx
            for node_idx in range(len(self._popularity))
            if self._room.has(node_idx, allocations)
        ]
        if not fitting:
            return None
        return fitting[self.dice.weighted([1] * len(fitting))]
