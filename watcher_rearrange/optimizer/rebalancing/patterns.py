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

"""What can change on one node: who leaves and who arrives.

A pattern is how many of each kind a node has more, or fewer, in the end.
All with few touches (an instance that leaves or arrives) are listed.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

from typing import Any

import numpy as np

from numpy.typing import NDArray

from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.rebalancing.model import Model


# How many leave and how many arrive, the simplest first.
SIZES = (
    *((0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (3, 0), (0, 3)),
    *((1, 2), (2, 1), (4, 0), (0, 4), (2, 2), (1, 3), (3, 1), (5, 0), (6, 0)),
)

# Patterns times kinds, of all nodes together, and patterns of one size.
MAX_ENTRIES = 75_000_000
MAX_OF_SIZE = 20_000

# Variance is counted in squared percentage points.
SCALE = 1e4

Nets = NDArray[np.int8]


@dataclasses.dataclass(frozen=True, eq=False)
class Patterns:
    """The patterns of one node; the first one is that nothing changes.

    :ivar net: int8[n_patterns, n_kinds]
    :ivar touches: float64[n_patterns], how many leave and arrive
    :ivar variance: float64[n_patterns], the node's share in squared points
    :ivar fewest_left_out: each pattern that is not listed has so many
        touches at least
    """

    net: Nets
    touches: Floats
    variance: Floats
    fewest_left_out: int


class Listing:
    """Lists the patterns of the nodes of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        imbalance = model.imbalance
        self.weight: Floats = SCALE * imbalance.weight / imbalance.capacity
        judged = np.where(imbalance.judged, model.load, 0.0)
        mean = judged.sum(axis=0) / imbalance.total
        # How much more than all together a node has.
        self.excess: Floats = model.load - mean * imbalance.dimensions.capacity
        self._of: dict[int, Patterns] = {}
        self._known: dict[tuple[bytes, int], Nets] = {}
        self._most = MAX_ENTRIES // max(1, model.count.size)

    def of(self, node: int) -> Patterns:
        """Return the patterns of a node; they are listed once."""
        if node not in self._of:
            self._of[node] = self._listed(node)
        return self._of[node]

    def _listed(self, node: int) -> Patterns:
        model = self.model
        have = model.count[:, node]
        leavers = np.flatnonzero(have)
        comers = np.flatnonzero(model.allowed[:, node])
        nets = []
        total = 0
        left_out = []
        for leaving, arriving in SIZES:
            size = _count(len(leavers), leaving) * _count(
                len(comers), arriving
            )
            if size > MAX_OF_SIZE or total + size > self._most:
                left_out.append(leaving + arriving)
                continue
            total += size
            out = self._multisets(leavers, leaving)
            out = out[(out <= have).all(axis=1)]
            into = self._multisets(comers, arriving)
            net = (into[np.newaxis] - out[:, np.newaxis]).reshape(
                -1, model.n_kinds
            )
            # Nobody leaves for another of the same kind.
            net = net[np.abs(net).sum(axis=1) == leaving + arriving]
            fits = (net @ model.need <= model.room[node]).all(axis=1)
            nets.append(net[fits])
        net = np.concatenate(nets)
        return self._judged(node, net, min([5, *left_out]))

    def longer(self, node: int, patterns: Patterns, net: Nets) -> Patterns:
        """Return the patterns of a node and one more."""
        nets = np.concatenate([patterns.net, net[np.newaxis]])
        return self._judged(node, nets, patterns.fewest_left_out)

    def variance(self, node: NDArray[np.int64], net: NDArray[Any]) -> Floats:
        """Return float64[n]: shares of nodes in the variance, by pattern.

        :param node: int64[n]
        :param net: int[n, n_kinds]
        """
        away = self.excess[node] + net @ self.model.demand
        share: Floats = (away * away * self.weight[node]).sum(axis=1)
        return share

    def _judged(self, node: int, net: Nets, fewest: int) -> Patterns:
        away = self.excess[node] + net @ self.model.demand
        return Patterns(
            net,
            np.abs(net).sum(axis=1).astype(np.float64),
            (away * away) @ self.weight[node],
            fewest,
        )

    def _multisets(self, kinds: NDArray[np.int64], size: int) -> Nets:
        """int8[n, n_kinds]: all choices of so many, kinds may repeat."""
        key = kinds.tobytes(), size
        if key not in self._known:
            count = _count(len(kinds), size)
            chosen = np.array(
                list(itertools.combinations_with_replacement(kinds, size)),
                dtype=np.int64,
            ).reshape(count, size)
            net = np.zeros((count, self.model.n_kinds), dtype=np.int8)
            for column in chosen.T:
                net[np.arange(count), column] += 1
            self._known[key] = net
        return self._known[key]


def _count(kinds: int, size: int) -> int:
    return math.comb(kinds + size - 1, size) if kinds else int(size == 0)
