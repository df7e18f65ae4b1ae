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

from tests.unit.model import small
from tests.unit.planning.documents import migrations
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot


# One node is full, three are empty.
HOT = small.snapshot(
    {f'c{k}': 8 for k in range(4)}, {f'i{k}': ('c0', 1) for k in range(8)}
)


class TestRebalancing(unittest.TestCase):
    def test_the_load_is_spread(self) -> None:
        found = plan(HOT, 'rebalance', threshold_pct=0)
        before, after = objective(found, 'imbalance')
        self.assertGreater(before, 40)
        self.assertAlmostEqual(0, after)
        self.assertEqual(6, len(moves(found)))

    def test_no_more_migrations_than_the_threshold_takes(self) -> None:
        counts = []
        for threshold in (50, 30, 20, 10, 0):
            found = plan(HOT, 'rebalance', threshold_pct=threshold)
            self.assertLessEqual(objective(found, 'imbalance')[1], threshold)
            counts.append(len(migrations(found)))
        self.assertEqual(0, counts[0])
        self.assertEqual(counts, sorted(counts))
        self.assertLess(counts[1], counts[-1])

    def test_below_the_threshold_nothing_is_done(self) -> None:
        found = plan(HOT, 'rebalance', threshold_pct=50)
        self.assertEqual(Status.NO_CHANGE, found.status)
        self.assertIn('wanted at most 50', found.messages[0])

    def test_the_limit_of_migrations(self) -> None:
        found = plan(HOT, 'rebalance', threshold_pct=0, max_migrations=2)
        self.assertEqual(2, len(migrations(found)))

    def test_the_reason_names_the_node(self) -> None:
        found = plan(HOT, 'rebalance')
        self.assertEqual({'relieves c0'}, {a.reason for a in found.actions})

    def test_fewest_is_proved(self) -> None:
        found = plan(HOT, 'rebalance', threshold_pct=20)
        self.assertEqual(Status.OPTIMAL, found.status)
        count = len(migrations(found))
        self.assertIn(f'takes {count} migrations at least', found.messages[0])

    def test_other_measures(self) -> None:
        for measure in ('maximum', 'spread'):
            found = plan(HOT, 'rebalance', threshold_pct=30, measure=measure)
            self.assertLessEqual(objective(found, 'imbalance')[1], 30)
            self.assertNotEqual([], migrations(found))

    def test_the_weight_of_what_is_not_balanced(self) -> None:
        with self.assertRaisesRegex(BadInput, "'DISK_GB'"):
            plan(HOT, 'rebalance', weights={'DISK_GB': 2})

    def test_nobody_can_make_the_first_step(self) -> None:
        full = small.snapshot(
            {'c0': 4, 'c1': 8}, {'a': ('c0', 4), 'b': ('c1', 6)}
        )
        found = plan(full, 'rebalance', threshold_pct=1)
        self.assertEqual(Status.NO_CHANGE, found.status)
        self.assertIn('no node can take', found.messages[0])

    def test_an_unknown_dimension(self) -> None:
        with self.assertRaisesRegex(BadInput, "'VGPU'"):
            plan(HOT, 'rebalance', dimensions=['VGPU'])

    def test_measured_load(self) -> None:
        snapshot = Snapshot(
            (small.node('c0'), small.node('c1')),
            tuple(
                small.instance(
                    f'i{k}',
                    f'c{k % 2}',
                    2,
                    load={'cpu_pct': 100.0 * (1 - k % 2)},
                )
                for k in range(4)
            ),
        )
        found = plan(
            snapshot, 'rebalance', dimensions=['cpu_pct'], threshold_pct=0
        )
        self.assertAlmostEqual(0, objective(found, 'imbalance')[1])
        found = plan(snapshot, 'rebalance', threshold_pct=0)
        self.assertEqual(Status.NO_CHANGE, found.status)

    def test_the_same_again(self) -> None:
        first = plan(HOT, 'rebalance', threshold_pct=0)
        self.assertEqual(first, plan(HOT, 'rebalance', threshold_pct=0))
