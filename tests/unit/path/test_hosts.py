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
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.path import hosts
from watcher_rearrange.path.hosts import Leavers
from watcher_rearrange.path.walk import Walk


def walk(rules: Rules, *weight: int) -> Walk:
    """Everybody is where it should be."""
    start = Placement(rules.cluster)
    weights = np.array(weight, dtype=np.int64) if weight else None
    return Walk(rules, start, start.node_of.copy(), weights)


class TestSets(unittest.TestCase):
    def setUp(self) -> None:
        self.rules = small.rules(
            small.snapshot(
                {'c0': 8}, {'a': ('c0', 4), 'b': ('c0', 2), 'c': ('c0', 2)}
            )
        )

    # What is missing of MEMORY_MB, and of VCPU.

    def test_the_smallest_sets(self) -> None:
        self.assertEqual(
            [(0,)], hosts.leaving_sets(walk(self.rules), 0, [0, 4])
        )
        self.assertEqual(
            [(0, 1), (0, 2)], hosts.leaving_sets(walk(self.rules), 0, [0, 5])
        )

    def test_several_cheap_ones_in_place_of_one(self) -> None:
        found = hosts.leaving_sets(walk(self.rules, 9, 1, 1), 0, [0, 4])
        self.assertEqual([(0,), (1, 2)], found)

    def test_nobody_goes_along_in_vain(self) -> None:
        found = hosts.leaving_sets(walk(self.rules, 9, 1, 1), 0, [0, 2])
        self.assertEqual([(0,), (1,), (2,)], found)

    def test_nothing_is_enough(self) -> None:
        self.assertEqual([], hosts.leaving_sets(walk(self.rules), 0, [0, 9]))


class TestLeavers(unittest.TestCase):
    def test_room_where_one_is_does_not_count(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 5, 'c1': 3}, {'a': ('c0', 2), 'b': ('c1', 2)}
            )
        )
        found = Leavers.of(walk(rules))
        self.assertEqual([1], found.index.tolist())
        self.assertEqual([2], found.extra.tolist())

    def test_one_that_is_fixed_does_not_count(self) -> None:
        rules = small.rules(
            Snapshot(
                (small.node('c0', 4), small.node('c1', 4)),
                (
                    small.instance('a', 'c0', 1, locked=True),
                    small.instance('b', 'c0', 1),
                ),
            )
        )
        self.assertEqual([1], Leavers.of(walk(rules)).index.tolist())


class TestPlaceWithRoom(unittest.TestCase):
    def test_the_host_where_the_smallest_leaves(self) -> None:
        # 'a' needs 4 vCPUs; both others could make that room.
        vcpus = {'c0': 4, 'c1': 5, 'c2': 5, 'c3': 3}
        rules = small.rules(
            Snapshot(
                tuple(small.node(name, n) for name, n in vcpus.items()),
                (
                    small.instance('a', 'c0', 4),
                    small.instance('b', 'c1', 3, memory_mb=2048),
                    small.instance('c', 'c2', 3, memory_mb=1024),
                ),
            )
        )
        way = walk(rules)
        touched = hosts.place_with_room(way, 0, Leavers.of(way))
        self.assertEqual(
            [(2, 2, 3), (0, 0, 2)],
            [(m.instance, m.source, m.destination) for m in way.path().moves],
        )
        self.assertEqual({0, 2, 3}, touched)

    def test_a_member_of_its_group_is_in_the_way(self) -> None:
        # There is room on c1, but 'm' of the same group is there.
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 30, 'c2': 1},
                {
                    'a': ('c0', 2),
                    **{f'x{k}': ('c1', 1) for k in range(9)},
                    'm': ('c1', 1),
                },
                server_groups=(small.apart('a', 'm'),),
            )
        )
        way = walk(rules)
        self.assertIsNotNone(hosts.place_with_room(way, 0, Leavers.of(way)))
        self.assertEqual(
            [(10, 1, 2), (0, 0, 1)],
            [(m.instance, m.source, m.destination) for m in way.path().moves],
        )

    def test_nobody_can_make_room(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 4, 'c1': 4}, {'a': ('c0', 4), 'b': ('c1', 4)}
            )
        )
        way = walk(rules)
        self.assertIsNone(hosts.place_with_room(way, 0, Leavers.of(way)))
        self.assertEqual(0, len(way))
