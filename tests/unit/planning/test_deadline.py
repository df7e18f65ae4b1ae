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

"""Plans that must be over by a time."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.model import small
from watcher_rearrange import checker
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


GB = 1024


class TestDeadline(unittest.TestCase):
    """c0 has a large and two small instances; each leaves one by one."""

    def _plan(self, strategy: str, deadline_s: float, **given: Any) -> Plan:
        nodes = tuple(
            small.node(
                f'c{k}',
                inventories={
                    'MEMORY_MB': Inventory(100 * GB),
                    'VCPU': Inventory(100),
                },
            )
            for k in range(3)
        )
        sizes = {'large': 50, 'small-1': 2, 'small-2': 2}
        instances = tuple(
            small.instance(
                name, 'c0', allocations={'MEMORY_MB': gb * GB, 'VCPU': 1}
            )
            for name, gb in sizes.items()
        )
        snapshot = Snapshot(
            nodes,
            (
                *instances,
                small.instance('other', 'c1', allocations={'VCPU': 1}),
            ),
        )
        found = pipeline.plan(
            snapshot, strategy, {'deadline_s': deadline_s, **given}
        )
        report = checker.check_plan(
            writer.snapshot_document(snapshot), writer.plan_document(found)
        )
        self.assertEqual([], [str(v) for v in report.violations])
        return found

    def test_what_fits_is_not_cut(self) -> None:
        found = self._plan('evacuate', 100000, nodes=['c0'])
        self.assertEqual(3, found.path.migrations)
        self.assertEqual((), found.messages)

    def test_the_shortest_are_done(self) -> None:
        found = self._plan('evacuate', 100, nodes=['c0'])
        self.assertEqual(2, found.path.migrations)
        self.assertLessEqual(found.path.makespan_s, 100)
        self.assertIn('1 of 3 migrations are left out', found.messages[0])

    def test_a_node_that_cannot_be_emptied_in_time_is_left(self) -> None:
        found = self._plan('consolidate', 1, spare_nodes=0)
        self.assertEqual((Status.NO_CHANGE, ()), (found.status, found.actions))


def shed(gb_of: list[int], deadline_s: float, strategy: str) -> Plan:
    """The first node has an instance of each size; it sends one by one."""
    inventories = {'MEMORY_MB': Inventory(200 * GB)}
    snapshot = Snapshot(
        tuple(small.node(f'c{k}', inventories=inventories) for k in range(3)),
        tuple(
            small.instance(f'i{k}', 'c0', allocations={'MEMORY_MB': gb * GB})
            for k, gb in enumerate(gb_of)
        ),
    )
    given: dict[str, Any] = {'deadline_s': deadline_s}
    if strategy == 'rebalance':
        given['dimensions'] = ['MEMORY_MB']
    else:
        given['nodes'] = ['c0']
    found = pipeline.plan(snapshot, strategy, given)
    report = checker.check_plan(
        writer.snapshot_document(snapshot), writer.plan_document(found)
    )
    assert not report.violations
    return found


class TestMostValuable(unittest.TestCase):
    def test_the_larger_part_of_the_gain_is_chosen(self) -> None:
        whole = shed([40, 4, 40, 4], 0, 'rebalance')
        longest_s = max(action.estimated_s for action in whole.actions)
        found = shed([40, 4, 40, 4], longest_s, 'rebalance')
        # The small ones could both be moved, but one large gains more.
        self.assertEqual(40 * GB, found.path.migrated_mb)
        self.assertLessEqual(found.path.makespan_s, longest_s)

    def test_many_choices_are_filled_up(self) -> None:
        sizes = [2] * 11 + [12]
        whole = shed(sizes, 0, 'evacuate')
        self.assertEqual(12, whole.path.migrations)
        least_s = min(action.estimated_s for action in whole.actions[1:])
        for count in (1, 5, 10):
            deadline_s = count * least_s + 1.5
            found = shed(sizes, deadline_s, 'evacuate')
            self.assertEqual(count, found.path.migrations)
            self.assertLessEqual(found.path.makespan_s, deadline_s)

    def test_the_cheapest_nodes_are_freed(self) -> None:
        inventories = {'MEMORY_MB': Inventory(400 * GB)}
        sizes = {'c0': 4, 'c1': 2, 'c2': 3}
        snapshot = Snapshot(
            tuple(
                small.node(f'c{k}', inventories=inventories) for k in range(4)
            ),
            (
                small.instance(
                    'big',
                    'c3',
                    allocations={'MEMORY_MB': 99 * GB},
                    locked=True,
                ),
                *(
                    small.instance(
                        f'{node}-{k}', node, allocations={'MEMORY_MB': gb * GB}
                    )
                    for node, gb in sizes.items()
                    for k in range(4)
                ),
            ),
        )
        whole = pipeline.plan(snapshot, 'consolidate', {'max_incoming': 1})
        self.assertEqual(12, whole.path.migrations)
        found = pipeline.plan(
            snapshot,
            'consolidate',
            {'max_incoming': 1, 'deadline_s': 0.7 * whole.path.makespan_s},
        )
        sources = {a.source for a in found.actions if a.source}
        self.assertEqual({'c1', 'c2'}, sources)
