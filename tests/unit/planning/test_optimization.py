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
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot


# Four nodes; everything is on two of them.
LOPSIDED = small.snapshot(
    {f'c{k}': 8 for k in range(4)},
    {f'i{k}': (f'c{k // 4}', 2) for k in range(8)},
)
BALANCE = {'name': 'imbalance', 'dimensions': ['VCPU']}
MIGRATIONS = {'name': 'migrations'}


def optimized(
    *levels: list[dict[str, Any]], of: Snapshot = LOPSIDED, **given: Any
) -> Plan:
    return plan(of, 'optimize', objectives=list(levels), **given)


class TestLevels(unittest.TestCase):
    def test_the_first_level_comes_first(self) -> None:
        found = optimized([BALANCE], [MIGRATIONS])
        self.assertEqual(0, objective(found, 'imbalance')[1])
        self.assertEqual((0, 4), objective(found, 'migrations'))
        self.assertFalse(moves(optimized([MIGRATIONS], [BALANCE])))

    def test_a_later_level_does_not_undo_an_earlier_one(self) -> None:
        found = optimized([{'name': 'active_nodes'}], [BALANCE])
        self.assertEqual((2, 2), objective(found, 'active_nodes'))
        self.assertFalse(moves(found))

    def test_weights_trade_one_against_the_other(self) -> None:
        cheap = optimized([BALANCE, {**MIGRATIONS, 'weight': 0.1}])
        dear = optimized([BALANCE, {**MIGRATIONS, 'weight': 100}])
        self.assertEqual(4, len(moves(cheap)))
        self.assertEqual(Status.NO_CHANGE, dear.status)

    def test_a_sum_has_a_row_of_its_own(self) -> None:
        found = optimized([BALANCE, {**MIGRATIONS, 'weight': 0.5}])
        rows = {row.name: row for row in found.objectives}
        self.assertAlmostEqual(
            rows['imbalance'].after + 0.5 * rows['migrations'].after,
            rows['level_1'].after,
        )

    def test_no_more_than_is_enough(self) -> None:
        # The standard deviation is 50 points at first.
        found = optimized([{**BALANCE, 'enough': 40}], [MIGRATIONS])
        self.assertEqual((10, 0), objective(found, 'level_1'))
        self.assertEqual(1, len(moves(found)))

    def test_optimal_at_the_bound_of_every_level(self) -> None:
        self.assertEqual(Status.OPTIMAL, optimized([BALANCE]).status)
        found = optimized([BALANCE], [MIGRATIONS])
        self.assertEqual(Status.FEASIBLE, found.status)
        tiny = {**MIGRATIONS, 'weight': 1e-6}
        found = optimized([{**BALANCE, 'weight': 1e6}, tiny])
        self.assertEqual(Status.FEASIBLE, found.status)

    def test_two_terms_of_a_kind(self) -> None:
        found = optimized(
            [{'name': 'soft_threshold', 'utilization_pct': {'VCPU': 60}}],
            [{'name': 'soft_threshold', 'utilization_pct': {'VCPU': 30}}],
        )
        self.assertEqual((80, 0), objective(found, 'soft_threshold'))
        self.assertIn('soft_threshold_2', [r.name for r in found.objectives])

    def test_each_migration_says_what_it_is_for(self) -> None:
        found = optimized([BALANCE], [MIGRATIONS])
        for action in found.actions:
            self.assertRegex(action.reason, 'imbalance: .* points better')


class TestTerms(unittest.TestCase):
    def test_nodes_that_cost_most_are_emptied(self) -> None:
        two = small.snapshot(
            {'old': 8, 'new': 8}, {'a': ('old', 2), 'b': ('new', 2)}
        )
        costs = {'old': 450, '*': 300}
        found = optimized(
            [{'name': 'active_nodes', 'node_costs': costs}], of=two
        )
        self.assertEqual({'a': 'new'}, moves(found))
        self.assertEqual((750, 300), objective(found, 'active_node_cost'))

    def test_memory_without_vcpus_is_avoided(self) -> None:
        stranded = Snapshot(
            (small.node('c0', 8, 8192), small.node('c1', 8, 8192)),
            (
                small.instance('cpu1', 'c0', 4, 1024),
                small.instance('cpu2', 'c0', 4, 1024),
                small.instance('mem1', 'c1', 1, 3072),
                small.instance('mem2', 'c1', 1, 3072),
            ),
        )
        before, after = objective(
            optimized([{'name': 'proportion'}], of=stranded), 'proportion'
        )
        self.assertLess(after, before / 4)

    def test_room_for_a_flavor(self) -> None:
        apart = small.snapshot(
            {'c0': 8, 'c1': 8}, {'a': ('c0', 4), 'b': ('c1', 4)}
        )
        size = {'large': {'VCPU': 8}}
        found = optimized(
            [{'name': 'fragmentation', 'flavors': size}], of=apart
        )
        self.assertEqual((2, 1), objective(found, 'blocked_slots'))
        self.assertEqual(Status.OPTIMAL, found.status)

    def test_one_project_is_not_hit_alone(self) -> None:
        nodes = tuple(small.node(f'c{k}', 8, 2**20) for k in range(2))
        owned = tuple(
            small.instance(f'{who}{k}', 'c0', project_id=who)
            for who in 'ab'
            for k in range(4)
        )
        found = optimized(
            [{'name': 'instance_count'}],
            [{'name': 'disruption', 'group_by': 'project'}],
            of=Snapshot(nodes, owned),
        )
        self.assertEqual((0, 2), objective(found, 'disruption'))

    def test_the_emptiest_and_the_fullest(self) -> None:
        for measure in ('maximum', 'spread', 'variance'):
            found = optimized([{**BALANCE, 'measure': measure}])
            name = 'imbalance_variance' if measure[0] == 'v' else 'imbalance'
            self.assertEqual(0, objective(found, name)[1])


class TestLimits(unittest.TestCase):
    def test_headroom_is_hard(self) -> None:
        found = optimized(
            [{'name': 'active_nodes'}], max_utilization_pct={'VCPU': 50}
        )
        self.assertFalse(moves(found))

    def test_a_migration_has_to_pay(self) -> None:
        found = optimized([BALANCE], min_gain_per_migration=30)
        self.assertEqual(Status.NO_CHANGE, found.status)

    def test_max_migrations(self) -> None:
        found = optimized([BALANCE], max_migrations=2, alternatives=2)
        self.assertEqual(2, len(moves(found)))
        self.assertEqual(4, found.alternatives[-1].migrations)

    def test_other_nodes_are_left_alone(self) -> None:
        nodes = (
            small.node('c0'),
            small.node('c1'),
            small.node('c2', status='disabled'),
            small.node('c3', state='down'),
        )
        instances = tuple(
            small.instance(f'i{k}', f'c{k // 2}') for k in range(8)
        )
        found = optimized(
            [{'name': 'instance_count'}], of=Snapshot(nodes, instances)
        )
        self.assertEqual((0, 0), objective(found, 'instance_count'))
        self.assertFalse(moves(found))


class TestOddClusters(unittest.TestCase):
    def test_nothing_to_do(self) -> None:
        locked = Snapshot(
            (small.node('c0'), small.node('c1')),
            tuple(small.instance(f'i{k}', 'c0', locked=True) for k in (1, 2)),
        )
        for odd in (
            Snapshot((), ()),
            Snapshot((small.node('c0'), small.node('c1')), ()),
            Snapshot((small.node('c0'),), (small.instance('a', 'c0'),)),
            Snapshot((small.node('c0', state='down'),), ()),
            locked,
        ):
            self.assertEqual(Status.NO_CHANGE, plan(odd, 'optimize').status)

    def test_no_node_to_judge(self) -> None:
        odd = Snapshot(
            (small.node('c0', status='disabled'),),
            (small.instance('a', 'c0'),),
        )
        for measure in ('maximum', 'spread', 'variance'):
            term = {'name': 'instance_count', 'measure': measure}
            found = optimized([term], of=odd)
            self.assertEqual(Status.NO_CHANGE, found.status)
            row = found.objectives[0]
            self.assertEqual((0, 0, 0), (row.before, row.after, row.bound))

    def test_a_class_that_no_node_has_any_of(self) -> None:
        none = small.snapshot({'c0': 0, 'c1': 0}, {})
        found = optimized(
            [BALANCE],
            [{'name': 'soft_threshold'}],
            [{'name': 'proportion'}],
            of=none,
        )
        self.assertEqual(Status.NO_CHANGE, found.status)

    def test_every_unknown_name_at_once(self) -> None:
        with self.assertRaises(BadInput) as caught:
            optimized(
                [{**BALANCE, 'dimensions': ['GPU', 'cpu_pct']}],
                [{'name': 'headroom', 'free': {'TAPE': 1}}],
                [{'name': 'fragmentation', 'flavors': {'m1.lost': {}}}],
                max_utilization_pct={'FAX': 5},
            )
        text = '; '.join(caught.exception.problems)
        for problem in (
            "max_utilization_pct: 'FAX'",
            "objectives[0][0].dimensions: 'GPU' is not a resource class",
            "objectives[0][0].dimensions: no instance has a measured",
            "objectives[1][0].free: 'TAPE' is not a resource class",
            'objectives[2][0].flavors.m1.lost: the size',
        ):
            self.assertIn(problem, text)

    def test_a_circle_needs_a_third_node(self) -> None:
        crossed = Snapshot(
            (small.node('c0', 8, 8192), small.node('c1', 8, 8192)),
            (
                small.instance('a', 'c0', 6, 4096),
                small.instance('b', 'c1', 6, 4096),
                small.instance('x', 'c0', 1, 4096, locked=True),
                small.instance('y', 'c1', 1, 1024, locked=True),
            ),
        )
        found = optimized([{'name': 'proportion'}], of=crossed)
        self.assertEqual(Status.NO_CHANGE, found.status)
