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

"""The three searches for a target placement."""

from __future__ import annotations

import unittest

from typing import Any

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.optimizer.consolidation import consolidate
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.consolidation.task import emptiable
from watcher_rearrange.optimizer.evacuation import evacuate
from watcher_rearrange.optimizer.rebalancing import rebalance


def imbalance(rules: Rules, *names: str) -> Imbalance:
    dimensions = Dimensions.of(rules.cluster, names or ('VCPU',))
    return Imbalance(dimensions, rules.cluster.receives)


class TestRebalance(unittest.TestCase):
    def _improved(
        self, rules: Rules, threshold_pct: float = 0.0, **more: Any
    ) -> list[int]:
        start = Placement(rules.cluster)
        found = rebalance.improve(
            problem(rules, **more), start, imbalance(rules), threshold_pct
        )
        self.assertEqual(
            rules.cluster.node_of.tolist(), start.node_of.tolist()
        )
        return found.node_of.tolist()

    def test_the_best_shift(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 10, 'c1': 10},
                {'a': ('c0', 3), 'b': ('c0', 2), 'c': ('c0', 1)},
            )
        )
        self.assertEqual([1, 0, 0], self._improved(rules))

    def test_a_swap_where_no_shift_fits(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 10, 'c1': 10},
                {
                    'a': ('c0', 5),
                    'b': ('c0', 5),
                    'c': ('c1', 3),
                    'd': ('c1', 3),
                },
            )
        )
        found = self._improved(rules)
        self.assertEqual(2, sum(found))
        self.assertEqual(1, found[0] + found[1])

    def test_nothing_at_the_threshold(self) -> None:
        rules = small.rules(
            small.snapshot({'c0': 10, 'c1': 10}, {'a': ('c0', 2)})
        )
        self.assertEqual([0], self._improved(rules, 10.0))

    def test_the_limit_of_migrations(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 10, 'c1': 10}, {f'i{k}': ('c0', 1) for k in range(10)}
            )
        )
        for most in range(6):
            moved = sum(self._improved(rules, max_migrations=most))
            self.assertEqual(most, moved)

    def test_nobody_moves_to_make_others_fuller_than_the_fullest(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 10, 'c1': 2}, {'a': ('c0', 2), 'b': ('c0', 2)}
            )
        )
        self.assertEqual([0, 0], self._improved(rules))


class TestConsolidate(unittest.TestCase):
    def _improved(self, rules: Rules, **more: Any) -> Any:
        start = Placement(rules.cluster)
        cost = np.ones(rules.cluster.n_nodes)
        task = Task(problem(rules, **more), start, cost, 0.0)
        return consolidate.improve(task).placement.node_of

    def test_the_cheapest_nodes_are_emptied(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 6, 'c1': 6, 'c2': 6},
                {
                    'a': ('c0', 2),
                    'b': ('c0', 2),
                    'c': ('c1', 2),
                    'd': ('c2', 2),
                    'e': ('c2', 2),
                },
            )
        )
        found = self._improved(rules)
        self.assertEqual([0, 2], sorted(set(found.tolist())))
        self.assertEqual(1, (found != rules.cluster.node_of).sum())

    def test_an_empty_node_is_not_filled(self) -> None:
        rules = small.rules(
            small.snapshot({'c0': 9, 'c1': 9}, {'a': ('c0', 1)})
        )
        self.assertEqual([0], self._improved(rules).tolist())

    def test_a_lower_limit(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 4, 'c1': 4}, {'a': ('c0', 2), 'b': ('c1', 2)}
            )
        )
        limit = np.minimum(rules.cluster.capacity, 3)
        found = self._improved(rules, limit=limit)
        self.assertEqual([0, 1], found.tolist())

    def test_the_limit_of_migrations(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 9, 'c2': 9},
                {
                    'a': ('c0', 1),
                    'b': ('c0', 1),
                    'c': ('c1', 1),
                    'd': ('c2', 1),
                    'e': ('c2', 1),
                },
            )
        )
        found = self._improved(rules, max_migrations=1)
        self.assertEqual(1, (found != rules.cluster.node_of).sum())
        found = self._improved(rules, max_migrations=3)
        self.assertEqual(1, len(set(found.tolist())))

    def test_nodes_that_cannot_be_emptied(self) -> None:
        rules = small.rules(
            Snapshot(
                (small.node('c0'), small.node('c1')),
                (
                    small.instance('a', 'c0', locked=True),
                    small.instance('b', 'c1', state='error'),
                ),
            )
        )
        start = Placement(rules.cluster)
        can = emptiable(problem(rules), start)
        self.assertFalse(can.any())
        self.assertTrue(occupied(start).all())


class TestEvacuate(unittest.TestCase):
    def _improved(self, rules: Rules, *nodes: int) -> list[int]:
        open_nodes = rules.cluster.receives.copy()
        open_nodes[list(nodes)] = False
        found = evacuate.improve(
            problem(rules, open_nodes=open_nodes),
            Placement(rules.cluster),
            nodes,
            imbalance(rules),
        )
        return found.node_of.tolist()

    def test_what_leaves_is_spread(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 9, 'c2': 9}, {'a': ('c0', 2), 'b': ('c0', 2)}
            )
        )
        self.assertEqual([1, 2], sorted(self._improved(rules, 0)))

    def test_whole_nodes_come_first(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 9, 'c2': 4},
                {
                    'a': ('c0', 3),
                    'b': ('c0', 3),
                    'c': ('c1', 2),
                    'd': ('c1', 2),
                },
            )
        )
        self.assertEqual([0, 0, 2, 2], self._improved(rules, 0, 1))

    def test_the_room_that_is_left_is_used(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 3},
                {'a': ('c0', 3), 'b': ('c0', 2), 'c': ('c0', 1)},
            )
        )
        found = self._improved(rules, 0)
        self.assertEqual([0, 1, 1], found)
