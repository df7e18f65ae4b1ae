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

from typing import Any

from tests.unit.model import small
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status


# Each node has one instance more than the one before.
STAIRS = small.snapshot(
    {f'c{k}': 20 for k in range(4)},
    {f'i{k}{j}': (f'c{k}', 2) for k in range(4) for j in range(k + 1)},
)


def consolidate(**given: Any) -> Plan:
    return plan(STAIRS, 'consolidate', **given)


class TestWorth(unittest.TestCase):
    def test_as_much_as_is_worth_it(self) -> None:
        self.assertEqual((4, 1), objective(consolidate(), 'active_nodes'))
        for least, nodes, migrations in ((0.5, 1, 6), (0.6, 2, 3), (1, 3, 1)):
            found = consolidate(min_gain_per_migration=least)
            self.assertEqual((4, nodes), objective(found, 'active_nodes'))
            self.assertEqual(migrations, found.path.migrations)

    def test_nothing_is_worth_it(self) -> None:
        found = consolidate(min_gain_per_migration=2)
        self.assertEqual(Status.NO_CHANGE, found.status)
        self.assertEqual((), found.actions)
        self.assertIn('min_gain_per_migration is 2', found.messages[0])

    def test_memory_is_limited(self) -> None:
        # An instance has one GiB.
        found = consolidate(max_moved_gb=3.5)
        self.assertEqual(3, found.path.migrations)
        self.assertEqual((4, 2), objective(found, 'active_nodes'))

    def test_gain_per_gb(self) -> None:
        for least, migrations in ((0.5, 6), (1, 1), (1.1, 0)):
            found = consolidate(min_gain_per_gb=least)
            self.assertEqual(migrations, found.path.migrations)

    def test_alternatives_are_still_shown(self) -> None:
        found = consolidate(min_gain_per_migration=1, alternatives=2)
        self.assertEqual(1, found.path.migrations)
        self.assertEqual([3, 6], [a.migrations for a in found.alternatives])
