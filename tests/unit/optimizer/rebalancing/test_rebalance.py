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

import time
import unittest

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.imbalance import MAXIMUM
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.objectives.imbalance import Measure
from watcher_rearrange.optimizer.rebalancing import fewest
from watcher_rearrange.optimizer.rebalancing import rebalance
from watcher_rearrange.optimizer.rebalancing.columns import Columns
from watcher_rearrange.optimizer.rebalancing.model import Model
from watcher_rearrange.optimizer.rebalancing.patterns import Listing


# One node is full of small instances, and has a large one as well.
HOT = small.snapshot(
    {'c0': 16, 'c1': 16},
    {'large': ('c0', 8), **{f'i{k}': ('c0', 1) for k in range(8)}},
)


def imbalance(rules: Rules, measure: Measure | None = None) -> Imbalance:
    """The imbalance of the vCPUs."""
    cluster = rules.cluster
    return Imbalance(
        Dimensions.of(cluster, ('VCPU',)), cluster.receives, measure
    )


def model(snapshot: Snapshot, groups_stay: bool = False) -> Model:
    """What a search decides on."""
    rules = small.rules(snapshot)
    return Model.build(
        problem(rules), Placement(rules.cluster), imbalance(rules), groups_stay
    )


class TestModel(unittest.TestCase):
    def test_equal_instances_are_of_one_kind(self) -> None:
        found = model(HOT)
        self.assertEqual(2, found.n_kinds)
        self.assertEqual([1, 8], sorted(found.count[:, 0]))
        self.assertTrue(found.exact)

    def test_members_of_groups_may_be_left_alone(self) -> None:
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 8},
            {f'i{k}': (f'c{k}', 1) for k in range(2)},
            server_groups=(small.apart('i0', 'i1'),),
        )
        self.assertEqual(2, model(snapshot).count.sum())
        self.assertEqual(0, model(snapshot, groups_stay=True).count.sum())

    def test_what_a_placement_changes_and_back(self) -> None:
        found = model(HOT)
        end = found.placement.copy()
        end.move(0, 1)
        change = found.change(end)
        self.assertEqual(0, change.sum())
        again = found.decoded(change)
        assert again is not None
        self.assertEqual(end.node_of.tolist(), again.node_of.tolist())

    def test_members_of_a_group_are_not_brought_together(self) -> None:
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 8, 'c2': 8},
            {f'i{k}': (f'c{k}', 1) for k in range(2)},
            server_groups=(small.apart('i0', 'i1'),),
        )
        found = model(snapshot)
        self.assertIsNone(found.decoded(np.array([[-1, 1, 0]])))
        self.assertIsNotNone(found.decoded(np.array([[-1, 0, 1]])))


class TestColumns(unittest.TestCase):
    def test_nothing_changes_in_the_first_pattern(self) -> None:
        patterns = Listing(model(HOT)).of(0)
        self.assertFalse(patterns.net[0].any())
        self.assertEqual(0, patterns.touches[0])

    def test_one_large_instance_does_for_many(self) -> None:
        found = Columns(model(HOT), 0.01, time.monotonic() + 60).fewest()
        self.assertEqual(1, found.bound)
        assert found.change is not None
        self.assertEqual(1, np.abs(found.change).sum() // 2)

    def test_no_time(self) -> None:
        found = Columns(model(HOT), 0.01, time.monotonic() - 1).fewest()
        self.assertIsNone(found.change)
        self.assertEqual(0, found.bound)

    def test_the_longer_patterns_are_priced(self) -> None:
        snapshot = small.snapshot(
            {'c0': 32, 'c1': 32}, {f'i{k}': ('c0', 1) for k in range(32)}
        )
        found = Columns(model(snapshot), 0.01, time.monotonic() + 60).fewest()
        self.assertEqual(16, found.bound)
        assert found.change is not None
        self.assertEqual(16, np.abs(found.change).sum() // 2)


class TestFewest(unittest.TestCase):
    def test_what_is_balanced_stays(self) -> None:
        rules = small.rules(HOT)
        start = Placement(rules.cluster)
        found = fewest.search(problem(rules), start, imbalance(rules), 60.0)
        self.assertIs(start, found.placement)
        self.assertEqual(0, found.bound)

    def test_the_descent_is_pruned(self) -> None:
        rules = small.rules(HOT)
        start, spread = Placement(rules.cluster), Placement(rules.cluster)
        for i in range(4):
            spread.move(i, 1)
        found = rebalance.pruned(
            problem(rules), start, spread, imbalance(rules), 20.0
        )
        self.assertEqual(1, fewest.migrations(start, found))
        self.assertLessEqual(imbalance(rules).value(found), 20.0)

    def test_another_measure(self) -> None:
        rules = small.rules(HOT)
        measured = imbalance(rules, Measure(MAXIMUM))
        found = fewest.search(
            problem(rules), Placement(rules.cluster), measured, 13.0
        )
        self.assertLessEqual(measured.value(found.placement), 13.0)

    def test_swaps_that_nobody_can_begin_are_not_walkable(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 4, 'c1': 4},
                {
                    'a': ('c0', 3),
                    'b': ('c0', 1),
                    'c': ('c1', 2),
                    'd': ('c1', 2),
                },
            )
        )
        found = fewest.walkable(
            problem(rules), Placement(rules.cluster), imbalance(rules), 0.0
        )
        self.assertEqual(
            rules.cluster.node_of.tolist(), found.node_of.tolist()
        )
