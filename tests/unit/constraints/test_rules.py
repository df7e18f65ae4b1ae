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
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Snapshot


class TestRules(unittest.TestCase):
    def _nodes(self, rules: Rules, instance_idx: int = 0) -> list[bool]:
        placement = Placement(rules.cluster)
        permitted = rules.permitted(
            placement, instance_idx, rules.cluster.capacity
        ).tolist()
        here = int(placement.node_of[instance_idx])
        for node, may in enumerate(permitted):
            if node != here:
                allows = rules.allows(placement, instance_idx, node)
                self.assertEqual(may, allows, node)
        return permitted

    def test_nobody_moves_to_where_it_is(self) -> None:
        rules = small.rules(small.snapshot({'c1': 8}, {'a': ('c1', 1)}))
        self.assertEqual([False], self._nodes(rules))

    def test_capacity_and_groups_count_together(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 2, 'c2': 2, 'c3': 2, 'c4': 2},
                {'a': ('c1', 1), 'b': ('c2', 1), 'c': ('c3', 2)},
                server_groups=(small.apart('a', 'b'),),
            )
        )
        self.assertEqual([False, False, False, True], self._nodes(rules))

    def test_equal_instances_share_a_class(self) -> None:
        rules = small.rules(
            Snapshot(
                (small.node('c1'), small.node('c2', availability_zone='z')),
                (
                    small.instance('a', 'c1'),
                    small.instance('b', 'c1', 2),
                    small.instance('c', 'c1', pinned_az='z'),
                ),
            )
        )
        self.assertEqual([0, 0, 1], rules.class_of.tolist())
        self.assertEqual(
            [[True, True], [False, True]], rules.eligible.tolist()
        )

    def test_named_nodes_receive_nobody(self) -> None:
        rules = small.rules(
            small.snapshot({'c1': 8, 'c2': 8}, {'a': ('c1', 1)}),
            named_nodes=frozenset(('c2',)),
        )
        self.assertEqual([False, False], self._nodes(rules))

    def test_who_is_where_it_may_not_be(self) -> None:
        rules = small.rules(
            Snapshot(
                (small.node('c1'),),
                (
                    small.instance('a', 'c1', required_traits=('SSD',)),
                    small.instance('b', 'c1', pinned_az='z'),
                    small.instance('c', 'c1', 9),
                ),
            )
        )
        found = rules.violations(Placement(rules.cluster))
        self.assertEqual(
            [
                ('capacity', ('c1',)),
                ('traits', ('a', 'c1')),
                ('availability_zone', ('b', 'c1')),
            ],
            [(v.rule, v.things) for v in found],
        )

    def test_no_instances(self) -> None:
        rules = small.rules(Snapshot((small.node('c1'),), ()))
        self.assertEqual((0, 1), rules.eligible.shape)


class TestMigrationsInProgress(unittest.TestCase):
    # 'b' counts on both ends until its migration is over.
    def test_a_member_on_its_way_counts_where_it_goes(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 8, 'c2': 8, 'c3': 8},
                {'a': ('c1', 1), 'b': ('c3', 1)},
                server_groups=(small.apart('a', 'b'),),
                migrations=(Migration('b', 'c3', 'c2'),),
            )
        )
        placement = Placement(rules.cluster)
        self.assertFalse(rules.allows(placement, 0, 1))
