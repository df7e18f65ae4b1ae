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
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot


def cluster() -> Cluster:
    return small.cluster(
        {'c1': 4, 'c2': 4}, {'a': ('c1', 3), 'b': ('c1', 1), 'c': ('c2', 2)}
    )


class TestPlacement(unittest.TestCase):
    def setUp(self) -> None:
        self.cluster = cluster()
        self.placement = Placement(self.cluster)

    def _recounted(self) -> list[list[int]]:
        return Placement(self.cluster, self.placement.node_of).used.tolist()

    def test_a_move_changes_what_is_used(self) -> None:
        self.placement.move(0, 1)
        self.assertEqual([1, 0, 1], self.placement.node_of.tolist())
        self.assertEqual(self._recounted(), self.placement.used.tolist())

    def test_a_move_is_undone_with_what_it_returned(self) -> None:
        used = self.placement.used.copy()
        before = self.placement.move(0, 1)
        self.placement.move(0, before)
        self.assertTrue((used == self.placement.used).all())
        self.assertEqual([0, 0, 1], self.placement.node_of.tolist())

    def test_an_instance_can_leave_and_come_back(self) -> None:
        before = self.placement.move(2, -1)
        self.assertEqual(self._recounted(), self.placement.used.tolist())
        self.assertFalse(self.placement.used[1].any())
        self.assertEqual(-1, self.placement.move(2, before))
        self.assertEqual(self._recounted(), self.placement.used.tolist())

    def test_a_copy_is_independent(self) -> None:
        other = self.placement.copy()
        other.move(0, 1)
        self.assertEqual([0, 0, 1], self.placement.node_of.tolist())
        self.assertEqual(self._recounted(), self.placement.used.tolist())

    def test_the_cluster_stays_as_it_is(self) -> None:
        self.placement.move(0, 1)
        self.assertEqual([0, 0, 1], self.cluster.node_of.tolist())

    def test_instances_on_a_node(self) -> None:
        self.assertEqual([0, 1], self.placement.instances_on(0).tolist())


class TestRoom(unittest.TestCase):
    def test_where_a_demand_fits(self) -> None:
        placement = Placement(cluster())
        capacity = placement.cluster.capacity
        self.assertEqual([False, False], placement.room(0, capacity).tolist())
        self.assertEqual([False, True], placement.room(1, capacity).tolist())

    def test_a_class_that_is_not_asked_for_is_no_obstacle(self) -> None:
        found = Cluster.from_snapshot(
            Snapshot(
                (small.node('c1', 1, 512), small.node('c2', 1)),
                (
                    small.instance('a', 'c1', allocations={'VCPU': 9}),
                    small.instance('b', 'c2', allocations={'MEMORY_MB': 512}),
                ),
            )
        )
        room = Placement(found).room(1, found.capacity)
        self.assertEqual([True, True], room.tolist())

    def test_a_lower_limit_counts(self) -> None:
        placement = Placement(cluster())
        limit = np.full_like(placement.cluster.capacity, 2)
        self.assertFalse(placement.room(1, limit).any())
