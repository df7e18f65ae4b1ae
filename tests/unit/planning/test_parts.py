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

"""Plans of clusters that fall into independent parts."""

import dataclasses
import unittest

from typing import Any
from unittest import mock

from tests.unit.model import small
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.checker import check_plan
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.optimizer import processes
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot import writer


def zones(nodes: int, on_each: int, vcpus: int) -> Snapshot:
    """Two zones of nodes with 8 vCPUs, with instances pinned to them."""
    return Snapshot(
        tuple(
            small.node(f'c{k}', 8, 2**20, availability_zone=f'az{k % 2}')
            for k in range(2 * nodes)
        ),
        tuple(
            small.instance(f'i{k}-{n}', f'c{k}', vcpus, pinned_az=f'az{k % 2}')
            for k in range(2 * nodes)
            for n in range(on_each)
        ),
    )


class TestConsolidation(unittest.TestCase):
    def test_every_zone_needs_whole_nodes(self) -> None:
        # 3 nodes would hold all, 1.5 for each zone.
        found = plan(zones(3, 2, 2), 'consolidate')
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((6, 4), objective(found, 'active_nodes'))
        self.assertEqual(4, found.objectives[0].bound)

    def test_what_nobody_can_leave_stays_in_use(self) -> None:
        snapshot = zones(3, 2, 2)
        nodes = (
            *snapshot.compute_nodes,
            small.node('alone', availability_zone='az9'),
        )
        instances = (
            *snapshot.instances,
            small.instance('pinned', 'alone', pinned_az='az9'),
        )
        found = plan(Snapshot(nodes, instances), 'consolidate')
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((7, 5), objective(found, 'active_nodes'))

    def test_a_limit_is_one_of_the_whole(self) -> None:
        found = plan(zones(3, 2, 2), 'consolidate', max_migrations=2)
        self.assertEqual(2, len(moves(found)))
        self.assertEqual((6, 5), objective(found, 'active_nodes'))
        found = plan(zones(3, 2, 2), 'consolidate', max_freed_nodes=1)
        self.assertEqual(2, len(moves(found)))

    def test_nodes_that_cost_nothing(self) -> None:
        # One zone uses a node more, which the other one empties.
        sizes = {'a0': 4, 'a1': 2, 'a2': 2, 'b0': 4, 'b1': 4}
        hosts = {'w': 'a0', 'x': 'a0', 'y': 'b0', 'z': 'b1'}
        snapshot = Snapshot(
            tuple(
                small.node(name, n, 2**20, availability_zone=name[0])
                for name, n in sizes.items()
            ),
            tuple(
                small.instance(name, host, 2, pinned_az=host[0])
                for name, host in hosts.items()
            ),
        )
        costs = {'a1': 0, 'a2': 0, '*': 1}
        found = plan(snapshot, 'consolidate', node_costs=costs)
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((3, 1), objective(found, 'active_node_cost'))
        self.assertEqual((3, 3), objective(found, 'active_nodes'))

    def test_one_core_or_two(self) -> None:
        snapshot = generator.generate(
            generator.GenerateSpec(
                nodes=40, azs=4, pinned_pct=100, groups=8, seed=1
            )
        )
        first, second = (self._on(cores, snapshot) for cores in (1, 2))
        self.assertEqual(first, second)
        self.assertEqual(Status.OPTIMAL, first.status)
        report = check_plan(
            writer.snapshot_document(snapshot), writer.plan_document(first)
        )
        self.assertFalse(report.violations)

    def _on(self, cores: int, snapshot: Snapshot) -> Plan:
        with mock.patch.object(processes, 'cores', return_value=cores):
            return plan(snapshot, 'consolidate', seed=1)


class TestDefragmentation(unittest.TestCase):
    def _plan(self, snapshot: Snapshot, **given: Any) -> Plan:
        flavors = {'big': {'VCPU': 8, 'MEMORY_MB': 1024}}
        return plan(snapshot, 'defragment', flavors=flavors, **given)

    def test_slots_of_both_zones(self) -> None:
        found = self._plan(zones(2, 1, 4))
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((4, 2), objective(found, 'blocked_slots'))
        self.assertEqual(2, found.objectives[0].bound)
        self.assertEqual(2, len(moves(found)))

    def test_slots_where_nothing_can_be_changed(self) -> None:
        snapshot = zones(2, 1, 4)
        empty = small.node('empty', 8, 2**20, availability_zone='az9')
        nodes = (*snapshot.compute_nodes, empty)
        found = self._plan(dataclasses.replace(snapshot, compute_nodes=nodes))
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual((4, 2), objective(found, 'blocked_slots'))
        self.assertIn('room for 3 more', found.messages[0])

    def test_the_limit_of_migrations(self) -> None:
        found = self._plan(zones(2, 1, 4), max_migrations=1)
        self.assertEqual((4, 3), objective(found, 'blocked_slots'))
