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

"""Fragmentation: how many more instances of a flavor fit.

Room that is free but not in one piece is of no use to a large flavor. What
a flavor can use of a node are whole slots: the room of one instance of it.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats


@dataclasses.dataclass(frozen=True, eq=False)
class Flavors:
    """Flavors as arrays.

    :ivar size: int64[n_flavors, n_rc], what one instance takes
    :ivar nodes: bool[n_flavors, n_nodes], where Nova could boot it
    :ivar weight: float64[n_flavors], what a slot is worth
    :ivar count: int64[n_flavors], how many are wanted; 0 for no end
    """

    names: tuple[str, ...]
    size: Ints
    nodes: Bools
    weight: Floats
    count: Ints

    @property
    def n_flavors(self) -> int:
        """How many flavors there are."""
        return len(self.names)

    def slots(self, free: Ints) -> Ints:
        """Return int64[n_flavors, n_nodes]: how many of each fit alone.

        :param free: int64[n_nodes, n_rc]
        """
        found = np.zeros((self.n_flavors, len(free)), dtype=np.int64)
        for k, size in enumerate(self.size):
            asked = size > 0
            if asked.any():
                each = np.maximum(free[:, asked], 0) // size[asked]
                found[k] = np.where(self.nodes[k], each.min(axis=1), 0)
        return found

    def most(self, free: Ints) -> Ints:
        """Return int64[n_flavors]: slots if all free room were one piece.

        :param free: int64[n_nodes, n_rc], of the nodes that count
        """
        total = np.maximum(free, 0).sum(axis=0)
        found = np.zeros(self.n_flavors, dtype=np.int64)
        for k, size in enumerate(self.size):
            asked = size > 0
            if asked.any() and self.nodes[k].any():
                found[k] = (total[asked] // size[asked]).min()
        return found


class BlockedSlots:
    """Slots of the flavors that are in use, wholly or in part.

    A flavor's slots on a node, if nothing were there, less those that are
    free: each flavor by itself, in the sum by weight.

    :param limit: int64[n_nodes, n_rc], how full a node may get
    :param bound: no placement has more free slots than this, by weight
    """

    name = 'blocked_slots'
    unit = 'slots'

    def __init__(
        self, flavors: Flavors, limit: Ints, bound: float | None = None
    ) -> None:
        self._flavors = flavors
        self._limit = limit
        self._all = self.free_in(limit)
        self._bound = bound

    def free_in(self, free: Ints) -> float:
        """Return the slots by weight in what is free of each node."""
        slots = self._flavors.slots(free).sum(axis=1)
        return float(slots @ self._flavors.weight)

    def free(self, placement: Placement) -> float:
        """Return the slots that are free, by weight."""
        return self.free_in(self._limit - placement.used)

    def value(self, placement: Placement) -> float:
        """Return the slots that are blocked, by weight."""
        return self._all - self.free(placement)

    def lower_bound(self) -> float | None:
        """Return what is proved, if anything is."""
        return None if self._bound is None else self._all - self._bound
