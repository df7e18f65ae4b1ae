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

import dataclasses
import unittest

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.fragmentation import Flavors
from watcher_rearrange.optimizer import parts
from watcher_rearrange.optimizer.defragmentation import defragment
from watcher_rearrange.optimizer.defragmentation import slot_counts
from watcher_rearrange.optimizer.defragmentation.slots import Wanted


def wanted(n_nodes: int, size: int, count: int = 0) -> Wanted:
    """Slots of vCPUs."""
    return Wanted(
        Flavors(
            names=('f',),
            size=np.array([[0, size]], dtype=np.int64),
            nodes=np.ones((1, n_nodes), dtype=np.bool_),
            weight=np.ones(1),
            count=np.array([count], dtype=np.int64),
        ),
        together=count > 0,
    )


class TestSearch(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        # Four halves; two moves make two whole nodes.
        self.rules = small.rules(
            small.snapshot(
                {f'c{k}': 8 for k in range(4)},
                {f'i{k}': (f'c{k}', 4) for k in range(4)},
            )
        )
        self.start = Placement(self.rules.cluster)

    def test_the_most_with_the_fewest(self) -> None:
        found = defragment.search(
            problem(self.rules), self.start, wanted(4, 8)
        )
        self.assertEqual(2.0, found.worth)
        self.assertTrue(found.proved)
        self.assertEqual(2, found.fewest)
        moved = found.placement.node_of != self.start.node_of
        self.assertEqual(2, moved.sum())

    def test_no_more_than_wanted(self) -> None:
        found = defragment.search(
            problem(self.rules), self.start, wanted(4, 8, count=1)
        )
        figures = found.worth, found.most, found.fewest
        self.assertEqual((1.0, 1.0, 1), figures)

    def test_a_limit_of_migrations(self) -> None:
        found = defragment.search(
            problem(self.rules, max_migrations=1), self.start, wanted(4, 8)
        )
        self.assertEqual((1.0, 1.0), (found.worth, found.most))

    def test_more_than_there_can_be(self) -> None:
        found = defragment.search(
            problem(self.rules), self.start, wanted(4, 8, count=3)
        )
        self.assertEqual((2.0, 2.0), (found.worth, found.most))

    def test_what_is_known_already_is_not_lost(self) -> None:
        known = self.start.copy()
        known.move(0, 1)
        found = defragment.search(
            problem(self.rules, max_migrations=1),
            self.start,
            wanted(4, 8),
            known=known,
        )
        self.assertEqual(1.0, found.worth)

    def test_nobody_moves_for_nothing(self) -> None:
        found = defragment.search(
            problem(self.rules), self.start, wanted(4, 4)
        )
        self.assertIs(self.start, found.placement)

    def test_an_overfull_node_has_slots_once_enough_have_left(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 8, 'c1': 15, 'c2': 15}, {'a': ('c0', 5), 'b': ('c0', 5)}
            )
        )
        found = defragment.search(
            problem(rules), Placement(rules.cluster), wanted(3, 8)
        )
        # The counts let nobody arrive there, so that they prove nothing.
        self.assertEqual((3.0, 0), (found.worth, found.fewest))
        self.assertEqual({1, 2}, set(found.placement.node_of.tolist()))

    def test_nothing_is_proved_where_a_broken_group_can_be_mended(
        self,
    ) -> None:
        # Only a member of the split group can leave c0: for the other one.
        rules = small.rules(
            small.snapshot(
                {'c0': 4, 'c1': 8, 'c2': 4},
                {'a': ('c0', 4), 'b': ('c1', 4), 'c': ('c2', 4)},
                server_groups=(small.together('a', 'b'),),
            )
        )
        found = defragment.search(
            problem(rules), Placement(rules.cluster), wanted(3, 4)
        )
        self.assertFalse(found.proved and found.worth < 1)
        self.assertEqual(0, found.fewest)


class TestParts(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        count = 40
        self.rules = small.rules(
            small.snapshot(
                {f'c{k}': 8 for k in range(count)},
                {f'i{k}': (f'c{k}', 4) for k in range(count)},
            )
        )
        self.start = Placement(self.rules.cluster)
        self.wanted = wanted(count, 8)
        self.whole = 0

    def _found(self, most: int | None) -> defragment.Found:
        whole, part = defragment.MAX_WHOLE, defragment.PART_NODES
        defragment.MAX_WHOLE, defragment.PART_NODES = self.whole, 12
        try:
            return defragment.search(
                problem(self.rules, max_migrations=most),
                self.start,
                self.wanted,
            )
        finally:
            defragment.MAX_WHOLE, defragment.PART_NODES = whole, part

    def test_part_by_part_it_gets_to_the_bound(self) -> None:
        found = self._found(None)
        self.assertEqual((20.0, 20.0), (found.worth, found.most))
        self.assertTrue((found.placement.used <= 8).all(where=[False, True]))

    def test_the_limit_is_that_of_all_parts(self) -> None:
        found = self._found(7)
        self.assertEqual(7.0, found.worth)
        moved = found.placement.node_of != self.start.node_of
        self.assertEqual(7, moved.sum())

    def test_members_of_groups_move_in_parts_only(self) -> None:
        snapshot = self.rules.cluster.snapshot
        grouped = dataclasses.replace(
            snapshot, server_groups=(small.apart('i0', 'i1'),)
        )
        self.rules = small.rules(grouped)
        self.start = Placement(self.rules.cluster)
        self.whole = 45
        found = self._found(None)
        self.assertEqual(20.0, found.worth)

    def test_a_part_takes_back_what_moved_within(self) -> None:
        best = self.start.copy()
        best.move(0, 1)
        best.move(2, 3)
        part = parts.Part.of(
            problem(self.rules, max_migrations=5),
            self.start,
            best,
            np.array([0, 1, 2]),
        )
        self.assertEqual(0, part.base.node_of[0])
        self.assertEqual(3, part.base.node_of[2])
        self.assertEqual(4, part.problem.max_migrations)
        self.assertEqual([0, 1], np.flatnonzero(~part.problem.frozen).tolist())

    def test_every_node_comes_once_a_round(self) -> None:
        cycle = parts.Parts(
            problem(self.rules), self.start, self.wanted, 10, seed=1
        )
        seen = []
        while (nodes := cycle.next(self.start)) is not None:
            seen += nodes.tolist()
        self.assertEqual(set(range(40)), set(seen))


class TestCounted(unittest.TestCase):
    def test_two_flavors_share_the_room(self) -> None:
        rules = small.rules(small.snapshot({'c0': 8, 'c1': 4}, {}))
        one = wanted(2, 4).flavors
        both = dataclasses.replace(
            one,
            names=('f', 'g'),
            size=np.array([[0, 4], [0, 8]]),
            nodes=np.ones((2, 2), dtype=np.bool_),
            weight=np.ones(2),
            count=np.array([1, 1]),
        )
        found = slot_counts.counted(
            problem(rules),
            Placement(rules.cluster),
            Wanted(both, together=True),
        )
        self.assertEqual([[0, 1], [1, 0]], found.tolist())
