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
"""Fragmentation as a term: slots of some flavors that are in use."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.fragmentation import Flavors
from watcher_rearrange.objectives.node_term import NodeTerm


class Slots(NodeTerm):
    """Slots that are in use, wholly or in part; each flavor by itself.

    :param demand: float64[n_instances, n_rc]
    :param room: float64[n_nodes, n_rc], of nodes without an instance
    :param over: float64[n_rc], what is on nodes that are too full already
        above their room, and may stay there
    """

    name = 'blocked_slots'
    unit = 'slots'
    is_linear = False

    def __init__(
        self, demand: Floats, room: Floats, over: Floats, flavors: Flavors
    ) -> None:
        super().__init__(demand, -room)
        self._flavors = flavors
        self._all = np.zeros(len(room))
        self._all = -self.cost(self.origin, slice(None))
        left = room.sum(axis=0) - demand.sum(axis=0) + over
        most = flavors.most(left[None].astype(np.int64))
        self._bound = float(self._all.sum() - most @ flavors.weight)

    def cost(self, load: Floats, nodes: Ints | slice) -> Floats:
        """Return float64[..., n]: the slots that a load blocks, by weight."""
        free = np.maximum(-load, 0.0)
        costs = np.zeros(load.shape[:-2] + load.shape[-1:])
        costs += self._all[nodes]
        flavors = self._flavors
        for size, there, weight in zip(
            flavors.size, flavors.nodes, flavors.weight, strict=True
        ):
            asked = np.flatnonzero(size)
            if len(asked):
                each = free[..., asked, :] // size[asked, None]
                costs -= np.where(there[nodes], each.min(axis=-2), 0) * weight
        return costs

    def lower_bound(self) -> float | None:
        """Return what is blocked if all that is free were in one piece."""
        return max(0.0, self._bound)
