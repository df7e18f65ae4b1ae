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

from __future__ import annotations

import unittest

import numpy as np

from tests.unit.model import small
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.fragmentation import BlockedSlots
from watcher_rearrange.objectives.fragmentation import Flavors


def flavors(*vcpus: int, count: int = 0) -> Flavors:
    """Flavors that ask for vCPUs alone, on three nodes of the tests."""
    size = np.array([[0, n] for n in vcpus], dtype=np.int64)
    return Flavors(
        names=tuple(f'f{n}' for n in vcpus),
        size=size,
        nodes=np.ones((len(vcpus), 3), dtype=np.bool_),
        weight=np.ones(len(vcpus)),
        count=np.full(len(vcpus), count, dtype=np.int64),
    )


THREE = small.cluster(
    {'c0': 8, 'c1': 8, 'c2': 4}, {'a': ('c0', 3), 'b': ('c1', 3)}
)


class TestFlavors(unittest.TestCase):
    def test_slots(self) -> None:
        free = THREE.capacity - Placement(THREE).used
        found = flavors(4, 5).slots(free)
        self.assertEqual([[1, 1, 1], [1, 1, 0]], found.tolist())

    def test_every_class_that_is_asked_for_counts(self) -> None:
        found = flavors(2)
        found.size[0, 0] = 3
        free = np.array([[5, 9], [9, 1], [-1, 9]])
        self.assertEqual([[1, 0, 0]], found.slots(free).tolist())

    def test_none_where_it_cannot_boot(self) -> None:
        found = flavors(1)
        found.nodes[0, :2] = False
        self.assertEqual([[0, 0, 4]], found.slots(THREE.capacity).tolist())

    def test_one_piece_has_room_for_more(self) -> None:
        free = np.array([[0, 3], [0, 3], [0, -5]])
        self.assertEqual([1], flavors(5).most(free).tolist())


class TestBlockedSlots(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.placement = Placement(THREE)

    def test_it_falls_when_room_comes_together(self) -> None:
        objective = BlockedSlots(flavors(4), THREE.capacity, bound=4.0)
        self.assertEqual(2.0, objective.value(self.placement))
        self.placement.move(1, 0)
        self.assertEqual(2.0, objective.value(self.placement))
        self.placement.move(1, 2)
        self.assertEqual(2.0, objective.value(self.placement))
        self.assertEqual(3.0, objective.free(self.placement))
        self.assertEqual(1.0, objective.lower_bound())

    def test_nothing_proved(self) -> None:
        objective = BlockedSlots(flavors(4), THREE.capacity)
        self.assertIsNone(objective.lower_bound())

    def test_weights(self) -> None:
        wanted = flavors(4, 8)
        wanted.weight[1] = 10.0
        objective = BlockedSlots(wanted, THREE.capacity)
        self.placement.move(1, 2)
        # c0 has one slot of 4, c1 two and one of 8; all blocked: 5 + 2 * 10.
        self.assertEqual(13.0, objective.free(self.placement))
        self.assertEqual(12.0, objective.value(self.placement))
