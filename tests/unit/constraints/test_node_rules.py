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

"""Rules on one instance and one node: receiving, traits, zones, units."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.model import small
from watcher_rearrange.constraints.receiving import ReceivingNodes
from watcher_rearrange.constraints.traits import Traits
from watcher_rearrange.constraints.units import Units
from watcher_rearrange.constraints.zones import Zones
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Instance
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Snapshot


CLUSTER = Cluster.from_snapshot(
    Snapshot(
        (
            small.node('c1', availability_zone='az1', traits=('SSD',)),
            small.node('c2', availability_zone='az2', traits=('SSD', 'OLD')),
            small.node('c3', availability_zone='az1', status='disabled'),
            small.node('c4', availability_zone='az1', state='down'),
        ),
        (),
    )
)


def one(**more: Any) -> Instance:
    return small.instance('a', 'c1', **more)


class TestReceiving(unittest.TestCase):
    def test_up_and_enabled_ones(self) -> None:
        rule = ReceivingNodes(CLUSTER, frozenset())
        self.assertEqual(
            [True, True, False, False], rule.permitted(one()).tolist()
        )

    def test_a_closed_node_takes_nobody_in(self) -> None:
        rule = ReceivingNodes(CLUSTER, frozenset(('c1', 'not there')))
        self.assertEqual(
            [False, True, False, False], rule.permitted(one()).tolist()
        )

    def test_the_cluster_stays_as_it_is(self) -> None:
        ReceivingNodes(CLUSTER, frozenset(('c1',)))
        self.assertTrue(CLUSTER.receives[0])


class TestTraits(unittest.TestCase):
    def _nodes(self, **more: Any) -> list[bool]:
        return Traits(CLUSTER).permitted(one(**more)).tolist()

    def test_without_any_every_node_does(self) -> None:
        self.assertEqual([True] * 4, self._nodes())

    def test_the_required_ones_must_be_there(self) -> None:
        self.assertEqual(
            [True, True, False, False], self._nodes(required_traits=('SSD',))
        )

    def test_all_of_them(self) -> None:
        self.assertEqual(
            [False, True, False, False],
            self._nodes(required_traits=('OLD', 'SSD')),
        )

    def test_a_forbidden_one_must_not(self) -> None:
        self.assertEqual(
            [True, False, True, True], self._nodes(forbidden_traits=('OLD',))
        )

    def test_equal_keys_whatever_the_order(self) -> None:
        rule = Traits(CLUSTER)
        self.assertEqual(
            rule.key(one(required_traits=('OLD', 'SSD'))),
            rule.key(one(required_traits=('SSD', 'OLD'))),
        )
        self.assertNotEqual(
            rule.key(one(required_traits=('OLD',))),
            rule.key(one(forbidden_traits=('OLD',))),
        )


class TestUnits(unittest.TestCase):
    # The room of c1 is made by its allocation ratio.
    def setUp(self) -> None:
        super().setUp()
        inventories = {
            'c1': {'VCPU': Inventory(4, 0, 16.0, max_unit=4)},
            'c2': {'VCPU': Inventory(8, 0, 1.0, max_unit=8)},
            'c3': {'VCPU': Inventory(6)},
            'c4': {},
        }
        nodes = (small.node(n, inventories=i) for n, i in inventories.items())
        self.rule = Units(Cluster.from_snapshot(Snapshot(tuple(nodes), ())))

    def test_what_one_instance_may_have(self) -> None:
        for vcpus, nodes in (
            (4, [True, True, True, True]),
            (5, [False, True, True, True]),
            (9, [False, False, True, True]),
        ):
            instance = one(allocations={'VCPU': vcpus})
            self.assertEqual(nodes, self.rule.permitted(instance).tolist())

    def test_only_what_is_large_somewhere_is_a_class_of_its_own(self) -> None:
        keys = {
            self.rule.key(one(allocations={'VCPU': n, 'MEMORY_MB': n}))
            for n in (1, 2, 4)
        }
        self.assertEqual({()}, keys)
        large = one(allocations={'VCPU': 5})
        self.assertEqual((('VCPU', 5),), self.rule.key(large))


class TestZones(unittest.TestCase):
    def test_unpinned_ones_go_anywhere(self) -> None:
        self.assertTrue(Zones(CLUSTER).permitted(one()).all())

    def test_a_pinned_one_stays_inside(self) -> None:
        nodes = Zones(CLUSTER).permitted(one(pinned_az='az1'))
        self.assertEqual([True, False, True, True], nodes.tolist())

    def test_an_unknown_zone_has_no_node(self) -> None:
        nodes = Zones(CLUSTER).permitted(one(pinned_az='moon'))
        self.assertFalse(nodes.any())
