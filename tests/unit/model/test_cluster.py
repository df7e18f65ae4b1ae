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
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Snapshot


class TestCluster(unittest.TestCase):
    def test_the_columns_are_all_classes_that_appear(self) -> None:
        found = Cluster.from_snapshot(
            Snapshot(
                (small.node('c1', inventories={'VCPU': Inventory(4)}),),
                (small.instance('a', 'c1', allocations={'CUSTOM_X': 1}),),
            )
        )
        self.assertEqual(('CUSTOM_X', 'VCPU'), found.resource_classes)
        self.assertEqual([[0, 4]], found.capacity.tolist())
        self.assertEqual([[1, 0]], found.demand.tolist())

    def test_names_and_indices(self) -> None:
        found = small.cluster({'c1': 4, 'c2': 4}, {'a': ('c2', 1)})
        self.assertEqual({'c1': 0, 'c2': 1}, found.node_index)
        self.assertEqual({'a': 0}, found.instance_index)
        self.assertEqual([1], found.node_of.tolist())
        self.assertEqual('c2', found.hostname(1))

    def test_nothing_at_all(self) -> None:
        found = Cluster.from_snapshot(Snapshot((), ()))
        self.assertEqual((0, 0), (found.n_nodes, found.n_instances))
        self.assertEqual(0, len(found.memory_mb))

    def test_only_up_and_enabled_nodes_receive(self) -> None:
        found = Cluster.from_snapshot(
            Snapshot(
                (
                    small.node('c1'),
                    small.node('c2', status='disabled'),
                    small.node('c3', state='down'),
                ),
                (),
            )
        )
        self.assertEqual([True, False, False], found.receives.tolist())

    def test_memory_is_what_a_migration_copies(self) -> None:
        found = Cluster.from_snapshot(
            Snapshot((small.node('c1'),), (small.instance('a', 'c1', 1, 77),))
        )
        self.assertEqual([77], found.memory_mb.tolist())


class TestMigrationsInProgress(unittest.TestCase):
    def _cluster(self, *migrations: Migration) -> Cluster:
        return small.cluster(
            {'c1': 4, 'c2': 4}, {'a': ('c1', 3)}, migrations=migrations
        )

    def test_the_other_end_is_held(self) -> None:
        found = self._cluster(Migration('a', 'c1', 'c2'))
        vcpu = found.resource_classes.index('VCPU')
        self.assertEqual([0, 3], found.held[:, vcpu].tolist())
        self.assertEqual([3, 3], Placement(found).used[:, vcpu].tolist())
        self.assertEqual({0}, found.migrating)

    def test_a_finished_one_holds_nothing(self) -> None:
        found = self._cluster(Migration('a', 'c1', 'c2', 'completed'))
        self.assertFalse(found.held.any())
        self.assertEqual(frozenset(), found.migrating)

    def test_one_that_already_counts_at_the_destination(self) -> None:
        found = self._cluster(Migration('a', 'c2', 'c1'))
        vcpu = found.resource_classes.index('VCPU')
        self.assertEqual([3, 3], Placement(found).used[:, vcpu].tolist())

    def test_done_is_finished_as_well(self) -> None:
        found = self._cluster(Migration('a', 'c1', 'c2', 'done'))
        self.assertFalse(found.held.any())

    # Placement has one allocation a node, however often it is listed.
    def test_one_that_is_listed_twice_is_held_once(self) -> None:
        found = self._cluster(*[Migration('a', 'c1', 'c2')] * 2)
        vcpu = found.resource_classes.index('VCPU')
        self.assertEqual([0, 3], found.held[:, vcpu].tolist())
