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


"""The best fillings of all amounts of room at once, in two classes.

What is the best to put into some room is an unbounded knapsack; its table
(Gilmore and Gomory, The theory and computation of knapsack functions,
Operations Research 14, 1966) answers for every amount of room, and so for
every node of a cluster. It has an axis for each of the two scarcest resource
classes, in whole units.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats


# Cells of a table; where units of what is asked for make more, units are
# larger.
MOST_CELLS = 250_000

# Gains that are less are rounding.
TINY = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Two resource classes in units of what is asked for.

    :ivar classes: int64[1 or 2], the scarcest first
    :ivar unit: int64[1 or 2], what is one step on each axis
    :ivar size: int64[n_kinds, 2], of an instance of each kind
    :ivar shape: of a table that has all nodes
    """

    classes: Ints
    unit: Ints
    size: Ints
    shape: tuple[int, int]

    @classmethod
    def of(
        cls, demand: Ints, limit: Ints, scarcity: Floats, optimistic: bool
    ) -> Grid:
        """Choose classes and units.

        Where the units are too many, they are made larger. Sizes are then
        rounded up, such that what fits there does fit; or down, if
        optimistic, such that what fits does so there.

        :param demand: int64[n_kinds, n_rc]
        :param limit: int64[n_nodes, n_rc]
        :param scarcity: float64[n_rc]
        """
        asked = np.flatnonzero(demand.any(axis=0))
        order = asked[np.argsort(-scarcity[asked], kind='stable')]
        classes = order[:2]
        top = np.maximum(limit[:, classes].max(axis=0, initial=0), 0)
        unit = np.gcd.reduce(demand[:, classes], axis=0)
        steps = top // unit + 1
        # In floating point numbers, which do not overflow.
        while steps.prod(dtype=float) > MOST_CELLS:
            steps[steps.argmax()] //= 2
        unit = np.maximum(unit, top // steps + 1)
        size = demand[:, classes]
        size = size // unit if optimistic else -(-size // unit)
        size = np.pad(size, ((0, 0), (0, 2 - len(classes))))
        steps = np.pad(top // unit, (0, 2 - len(classes)))
        return cls(classes, unit, size, (int(steps[0]) + 1, int(steps[1]) + 1))

    def steps(self, room: Ints) -> Ints:
        """Return int64[n, 2]: room, int64[n, n_rc], in units."""
        steps = np.maximum(room[:, self.classes], 0) // self.unit
        steps = np.pad(steps, ((0, 0), (0, 2 - len(self.classes))))
        return np.minimum(steps, np.array(self.shape) - 1)


class Table:
    """What room is worth at a price for each kind, and what to put there.

    :ivar value: float64[shape of the grid]
    :param most: int64[n_kinds], instances that there are of each kind
    """

    def __init__(self, grid: Grid, price: Floats, most: Ints) -> None:
        self.value = np.zeros(grid.shape)
        self._grid = grid
        self._price = price
        self._steps: list[tuple[int, int, Bools]] = []
        for kind in np.flatnonzero(price > TINY).tolist():
            for count in _bundles(int(most[kind]), grid, kind):
                self._take(kind, count)

    def content(self, room: Ints) -> Ints:
        """Return int64[n, n_kinds]: the best for room, int64[n, 2]."""
        first, second = room[:, 0].copy(), room[:, 1].copy()
        content = np.zeros((len(room), len(self._price)), dtype=np.int64)
        for kind, count, taken in reversed(self._steps):
            who = taken[first, second]
            content[who, kind] += count
            first[who] -= self._grid.size[kind, 0] * count
            second[who] -= self._grid.size[kind, 1] * count
        return content

    def _take(self, kind: int, count: int) -> None:
        down, right = (self._grid.size[kind] * count).tolist()
        height, width = self.value.shape
        more = self.value[: height - down, : width - right]
        more = more + self._price[kind] * count
        better = more > self.value[down:, right:] + TINY
        taken = np.zeros(self.value.shape, dtype=np.bool_)
        taken[down:, right:] = better
        self._steps.append((kind, count, taken))
        self.value[down:, right:][better] = more[better]


def worth(value: Floats, grid: Grid, price: Floats, count: Ints) -> float:
    """Return the worth of a corner of a table when some may stay there.

    :param value: float64[height, width], the corner
    :param price: float64[n_kinds], of who stays
    :param count: int64[n_kinds], how many there are to stay
    """
    value = value.copy()
    height, width = value.shape
    for kind in np.flatnonzero(count).tolist():
        for bundle in _bundles(int(count[kind]), grid, kind):
            down, right = (grid.size[kind] * bundle).tolist()
            if down >= height or right >= width:
                break
            more = value[: height - down, : width - right]
            more = more + price[kind] * bundle
            np.maximum(value[down:, right:], more, out=value[down:, right:])
    return float(value[-1, -1])


def _bundles(count: int, grid: Grid, kind: int) -> list[int]:
    """Sizes of bundles, of which some make up every count up to this."""
    for steps, size in zip(grid.shape, grid.size[kind].tolist(), strict=True):
        if size:
            count = min(count, (steps - 1) // size)
    bundles = []
    bundle = 1
    while count > 0:
        bundles.append(min(bundle, count))
        count -= bundle
        bundle *= 2
    return bundles
