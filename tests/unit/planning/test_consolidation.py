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

from typing import Any

from tests.unit.model import small
from tests.unit.planning.documents import disabled
from tests.unit.planning.documents import migrations
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot


FOUR = small.snapshot(
    {f'c{k}': 8 for k in range(4)}, {f'i{k}': (f'c{k}', 2) for k in range(4)}
)


def consolidate(snapshot: Snapshot = FOUR, **given: Any) -> Plan:
    return plan(snapshot, 'consolidate', **given)


class TestConsolidation(unittest.TestCase):
    def test_as_few_nodes_as_possible(self) -> None:
        found = consolidate()
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((4, 1), objective(found, 'active_nodes'))
        self.assertEqual(3, len(moves(found)))

    def test_freed_nodes_are_disabled_last(self) -> None:
        found = consolidate(spare_nodes=0)
        self.assertEqual(3, len(disabled(found)))
        last = found.actions[-3:]
        self.assertTrue(all(a.type == 'disable_service' for a in last))
        source = {a.id: a.source for a in migrations(found)}
        for action in last:
            self.assertEqual(
                [action.node], [source[parent] for parent in action.parents]
            )

    def test_spare_nodes_stay_enabled(self) -> None:
        for spare, count in ((0, 3), (1, 2), (2, 1), (3, 0), (9, 0)):
            found = consolidate(spare_nodes=spare)
            self.assertEqual(count, len(disabled(found)), spare)

    def test_nothing_is_disabled_unless_wanted(self) -> None:
        found = consolidate(disable_freed_nodes=False)
        self.assertEqual([], disabled(found))
        self.assertEqual(3, len(moves(found)))

    def test_headroom(self) -> None:
        found = consolidate(max_utilization_pct={'VCPU': 50})
        self.assertEqual((4, 2), objective(found, 'active_nodes'))
        with self.assertRaisesRegex(BadInput, "'VGPU'"):
            consolidate(max_utilization_pct={'VGPU': 50})

    def test_what_is_above_the_headroom_may_stay(self) -> None:
        found = consolidate(max_utilization_pct={'VCPU': 0})
        self.assertEqual(Status.NO_CHANGE, found.status)

    def test_the_limit_of_migrations(self) -> None:
        found = consolidate(max_migrations=2)
        self.assertEqual(2, len(migrations(found)))
        self.assertEqual((4, 2), objective(found, 'active_nodes'))

    def test_a_locked_instance_keeps_its_node(self) -> None:
        locked = [
            dataclasses.replace(i, locked=i.uuid in ('i1', 'i2'))
            for i in FOUR.instances
        ]
        found = consolidate(dataclasses.replace(FOUR, instances=tuple(locked)))
        self.assertEqual((4, 2), objective(found, 'active_nodes'))
        self.assertEqual({'i0', 'i3'}, moves(found).keys())

    # It ends in a ValueError.
    def test_no_nodes(self) -> None:
        self.assertEqual(
            Status.NO_CHANGE, consolidate(Snapshot((), ())).status
        )


class TestDisabledNodes(unittest.TestCase):
    def _plan(self, reason: str | None) -> Plan:
        nodes = (
            small.node('c0', status='disabled', disabled_reason=reason),
            small.node('c1'),
            small.node('c2'),
        )
        instances = tuple(small.instance(f'i{k}', f'c{k}') for k in range(3))
        return consolidate(Snapshot(nodes, instances))

    def test_somebody_elses_are_neither_filled_nor_emptied(self) -> None:
        for reason in ('maintenance', None):
            found = self._plan(reason)
            self.assertNotIn('i0', moves(found))
            self.assertNotIn('c0', moves(found).values())
            self.assertEqual(1, len(moves(found)))

    def test_our_own_are_emptied(self) -> None:
        found = self._plan('watcher_rearrange: freed by consolidation')
        self.assertIn('i0', moves(found))
        self.assertNotIn('c0', moves(found).values())
        self.assertNotIn('c0', disabled(found))
