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
from tests.unit.planning.documents import plan
from watcher_rearrange import checker
from watcher_rearrange.model.plan import Alternative
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


SIX = small.snapshot(
    {f'c{k}': 8 for k in range(6)}, {f'i{k}': (f'c{k}', 2) for k in range(6)}
)


def menu(**given: Any) -> list[tuple[int, float]]:
    """Migrations and active nodes of each alternative."""
    found = plan(SIX, 'consolidate', **given)
    return [(a.migrations, _active(a)) for a in found.alternatives]


def _active(alternative: Alternative) -> float:
    return alternative.objectives[0].after


class TestMenu(unittest.TestCase):
    def test_more_migrations_free_more_nodes(self) -> None:
        self.assertEqual(
            [(1, 5), (2, 4), (3, 3), (4, 2)], menu(alternatives=4)
        )

    def test_nothing_asked_for(self) -> None:
        self.assertEqual([], menu())

    def test_what_the_limit_leaves_out_is_shown(self) -> None:
        found = plan(SIX, 'consolidate', alternatives=2, max_migrations=1)
        self.assertEqual(1, found.path.migrations)
        self.assertEqual(
            [(2, 4), (4, 2)], menu(alternatives=2, max_migrations=1)
        )

    def test_nothing_to_choose_from(self) -> None:
        full = small.snapshot(
            {'c0': 2, 'c1': 2}, {'a': ('c0', 2), 'b': ('c1', 2)}
        )
        found = plan(full, 'consolidate', alternatives=3)
        self.assertEqual((), found.alternatives)

    def test_it_is_part_of_the_document(self) -> None:
        found = plan(SIX, 'consolidate', alternatives=2)
        document = writer.plan_document(found)
        self.assertEqual(2, len(document['alternatives']))
        again = reader.plan_from_document(document, SIX)
        self.assertEqual(found.alternatives, again.alternatives)
        report = checker.check_plan(writer.snapshot_document(SIX), document)
        self.assertTrue(report.ok)
