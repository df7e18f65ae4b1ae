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


"""Tables of fillings, beside all fillings that there are."""

from __future__ import annotations

import itertools
import unittest

import numpy as np

from watcher_rearrange.optimizer.consolidation.grid import Grid
from watcher_rearrange.optimizer.consolidation.grid import Table
from watcher_rearrange.optimizer.consolidation.grid import worth


# Of three resource classes, the first one is not scarce.
DEMAND = np.array([[0, 2, 8], [7, 4, 4], [0, 6, 0]])
LIMIT = np.array([[99, 13, 25], [99, 6, 12]])
SCARCITY = np.array([0.1, 1.0, 0.9])
PRICE = np.array([3.0, 2.5, 3.5])
MOST = np.array([2, 3, 9])


def grid(optimistic: bool = False) -> Grid:
    return Grid.of(DEMAND, LIMIT, SCARCITY, optimistic)


def best(room: np.ndarray, stay: np.ndarray, most: np.ndarray) -> float:
    """What fits into some room is worth at most, by trying everything.

    :param stay: how many of each kind are worth one more
    """
    found = 0.0
    for count in itertools.product(*(range(n + 1) for n in most + stay)):
        if (np.array(count) @ DEMAND <= room)[1:].all():
            more = np.minimum(count, stay).sum()
            found = max(found, float(count @ PRICE + more))
    return found


class TestGrid(unittest.TestCase):
    def test_the_scarcest_in_what_is_asked_for(self) -> None:
        found = grid()
        self.assertEqual([1, 2], found.classes.tolist())
        self.assertEqual([2, 4], found.unit.tolist())
        self.assertEqual([[1, 2], [2, 1], [3, 0]], found.size.tolist())
        self.assertEqual((7, 7), found.shape)
        self.assertEqual([[6, 6], [3, 3]], found.steps(LIMIT).tolist())

    def test_coarse_units_err_on_the_side_asked_for(self) -> None:
        demand = np.array([[1001], [1999]])
        limit = np.array([[512_000]])
        for optimistic, size in ((False, [201, 400]), (True, [200, 399])):
            found = Grid.of(demand, limit, np.ones(1), optimistic)
            self.assertEqual([5], found.unit.tolist())
            self.assertEqual(size, found.size[:, 0].tolist())
            self.assertEqual([0, 0], found.size[:, 1].tolist())

    def test_as_many_units_as_there_are_bytes(self) -> None:
        demand = np.array([[2**40 - 1, 2**40 - 1], [2**30, 2**30]])
        limit = np.array([[2**46, 2**46]])
        found = Grid.of(demand, limit, np.ones(2), optimistic=False)
        self.assertLess(np.prod(found.shape), 300_000)

    def test_nothing_is_asked_for(self) -> None:
        none = np.zeros((2, 1), dtype=np.int64)
        found = Grid.of(none, np.array([[5]]), np.ones(1), False)
        self.assertEqual((1, 1), found.shape)
        table = Table(found, np.ones(2), np.array([3, 1]))
        self.assertEqual([[4.0]], table.value.tolist())


class TestTable(unittest.TestCase):
    def test_beside_all_fillings(self) -> None:
        found = grid()
        table = Table(found, PRICE, MOST)
        for steps in itertools.product(*map(range, found.shape)):
            room = np.array([0, *(np.array(steps) * found.unit)])
            wanted = best(room, np.zeros(3, dtype=np.int64), MOST)
            self.assertAlmostEqual(wanted, table.value[steps])
            content = table.content(np.array([steps]))[0]
            self.assertAlmostEqual(wanted, float(content @ PRICE))
            self.assertTrue((content @ DEMAND <= room)[1:].all())

    def test_who_may_stay(self) -> None:
        found = grid()
        table = Table(found, PRICE, MOST)
        stay = np.array([1, 2, 0])
        for first, second in itertools.product(*map(range, found.shape)):
            corner = table.value[: first + 1, : second + 1]
            room = np.array([0, *(np.array([first, second]) * found.unit)])
            self.assertAlmostEqual(
                best(room, stay, MOST), worth(corner, found, PRICE + 1, stay)
            )
