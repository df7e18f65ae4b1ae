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


"""Consolidation by patterns: what each node may do, and who sits where."""

from __future__ import annotations

import unittest

from typing import Any
from unittest import mock

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.optimizer.consolidation import generation
from watcher_rearrange.optimizer.consolidation import greedy
from watcher_rearrange.optimizer.consolidation import lagrange
from watcher_rearrange.optimizer.consolidation import parts
from watcher_rearrange.optimizer.consolidation.master import Columns
from watcher_rearrange.optimizer.consolidation.master import Prices
from watcher_rearrange.optimizer.consolidation.patterns import Patterns
from watcher_rearrange.optimizer.consolidation.seats import seated
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot.hardware import MIXED_NODES


def task(of: Rules | Snapshot, cost: Any = None, **more: Any) -> Task:
    rules = of if isinstance(of, Rules) else small.rules(of)
    n_nodes = rules.cluster.n_nodes
    figures = np.ones(n_nodes) if cost is None else np.array(cost, float)
    start = Placement(rules.cluster)
    return Task(problem(rules, **more), start, figures, 0.0)


def generated(**more: Any) -> Task:
    spec = generator.GenerateSpec(
        nodes=24, fill=0.8, node_types=MIXED_NODES, groups=6
    )
    return task(generator.generate(spec), **more)


def column(node: int, arrive: Any, leave: Any, saved: float = 0.0) -> Columns:
    return Columns(
        np.array([node]),
        np.array([arrive]),
        np.array([leave]),
        np.array([saved]),
    )


class TestPatterns(unittest.TestCase):
    def test_room_is_made_for_what_is_worth_more(self) -> None:
        # On c0 there is room for 2 more, and for 4 once a or b has left.
        wanted = task(
            small.snapshot(
                {'c0': 6, 'c1': 4, 'c2': 4},
                {'a': ('c0', 2), 'b': ('c0', 2), 'x': ('c1', 4)},
            )
        )
        self.assertEqual([0, 0, 1], wanted.kinds.of.tolist())
        patterns = Patterns(wanted)
        # Nobody is sent to the empty node.
        self.assertEqual([0, 1], patterns.nodes.tolist())
        for price, value, arrive, leave in (
            ([1.0, 1.5], 1.0, [1, 0], [0, 0]),
            ([1.0, 3.5], 1.5, [0, 1], [1, 0]),
        ):
            best = patterns.best(np.array(price))
            self.assertAlmostEqual(value, best.value[0])
            written = best.written(np.array([0]))
            self.assertEqual([arrive], written[0].tolist())
            self.assertEqual([leave], written[1].tolist())

    def test_every_resource_class_counts(self) -> None:
        # The disk is the least scarce, but has no room for both.
        inventories = {
            name: Inventory(total)
            for name, total in (('VCPU', 8), ('MEMORY_MB', 8), ('DISK', 100))
        }

        def instance(uuid: str, host: str, amount: int, disk: int) -> Any:
            asked = {'VCPU': amount, 'MEMORY_MB': amount, 'DISK': disk}
            return small.instance(uuid, host, allocations=asked)

        wanted = task(
            Snapshot(
                tuple(
                    small.node(name, inventories=inventories)
                    for name in ('c0', 'c1', 'c2')
                ),
                (
                    instance('i', 'c0', 4, 0),
                    instance('a', 'c1', 2, 60),
                    instance('b', 'c2', 2, 60),
                ),
            )
        )
        best = Patterns(wanted).best(np.array([0.0, 1.0]))
        arrive, _ = best.written(np.array([0]))
        self.assertEqual([[0, 1]], arrive.tolist())


class TestSeats(unittest.TestCase):
    def test_who_makes_room_goes_first(self) -> None:
        wanted = task(
            small.snapshot(
                {'c0': 4, 'c1': 2, 'c2': 4},
                {'a': ('c0', 2), 'b': ('c0', 2), 'x': ('c2', 4)},
            )
        )
        taken = (
            column(0, [0, 1], [2, 0])
            + column(1, [1, 0], [0, 0])
            + column(2, [1, 0], [0, 1], saved=0.0)
        )
        placement, left = seated(wanted, taken)
        self.assertEqual([], left)
        self.assertEqual([1, 2, 0], placement.node_of.tolist())

    def test_no_seat(self) -> None:
        wanted = task(
            small.snapshot(
                {'c0': 4, 'c1': 4},
                {'a': ('c0', 2), 'b': ('c1', 2)},
                server_groups=(small.apart('a', 'b'),),
            )
        )
        taken = column(0, [0], [1], saved=1.0) + column(1, [1], [0])
        placement, left = seated(wanted, taken)
        self.assertEqual([0], left)
        self.assertEqual([0, 1], placement.node_of.tolist())


class TestGeneration(unittest.TestCase):
    def test_better_than_greedy_and_valid(self) -> None:
        wanted = generated()
        result = parts.improve(wanted)
        assert result is not None and result.migrations is not None
        value, moved, _ = wanted.rank(result.placement)
        packed = greedy.improve(wanted)
        self.assertLessEqual(value, wanted.value(packed))
        self.assertLessEqual(result.migrations, moved)
        violations = wanted.problem.rules.violations(result.placement)
        self.assertEqual([], violations)

    def test_the_limit_of_migrations(self) -> None:
        wanted = generated(max_migrations=30)
        result = parts.improve(wanted)
        assert result is not None
        value, moved, _ = wanted.rank(result.placement)
        self.assertLess(value, wanted.value(wanted.start))
        self.assertLessEqual(moved, 30)

    def test_no_more_are_squeezed_in_than_may_move(self) -> None:
        two = small.snapshot(
            {'c0': 4, 'c1': 4}, {'a': ('c0', 2), 'b': ('c1', 2)}
        )
        for most, hosts in ((0, [0, 1]), (1, [1, 1])):
            wanted = task(two, max_migrations=most)
            placement = wanted.start.copy()
            run = generation._Generation(
                wanted, Patterns(wanted), generation.emptied(wanted)
            )
            run._squeeze(placement, [0])
            self.assertEqual(hosts, placement.node_of.tolist())

    def test_costs_that_are_no_whole_numbers(self) -> None:
        wanted = generated(cost=np.linspace(0.5, 1.7, 24))
        result = parts.improve(wanted)
        assert result is not None
        packed = greedy.improve(wanted)
        value = wanted.value(result.placement)
        self.assertLessEqual(value, wanted.value(packed))

    def test_costs_whose_sums_have_gaps(self) -> None:
        # Only multiples of 150 can be saved.
        wanted = generated(cost=np.resize([450.0, 300.0], 24))
        result = parts.improve(wanted)
        assert result is not None
        packed = greedy.improve(wanted)
        value = wanted.value(result.placement)
        self.assertLessEqual(value, wanted.value(packed))

    def test_the_same_again(self) -> None:
        first, second = (parts.improve(generated()) for _ in range(2))
        assert first is not None and second is not None
        self.assertEqual(
            first.placement.node_of.tolist(), second.placement.node_of.tolist()
        )

    def test_in_parts(self) -> None:
        wanted = generated()
        with mock.patch.object(parts, 'MOST_NODES', 12):
            result = parts.improve(wanted)
        assert result is not None and result.migrations is not None
        value, moved, _ = wanted.rank(result.placement)
        self.assertLess(value, wanted.value(wanted.start))
        self.assertLessEqual(result.migrations, moved)
        violations = wanted.problem.rules.violations(result.placement)
        self.assertEqual([], violations)

    def test_nobody_receives(self) -> None:
        wanted = generated()
        closed = np.zeros(24, dtype=np.bool_)
        narrowed = generated(open_nodes=closed)
        self.assertIsNone(parts.improve(narrowed))
        frozen = np.ones(len(wanted.start.node_of), dtype=np.bool_)
        self.assertIsNone(parts.improve(generated(frozen=frozen)))

    def test_the_bound_at_prices(self) -> None:
        for more, known in (({}, True), ({'deadline': 0.0}, False)):
            wanted = generated(**more)
            columns = generation.emptied(wanted)
            # Room costs nothing: three nodes with fewest instances.
            few = np.sort(columns.moved)[:4].astype(float)
            free = np.zeros(wanted.kinds.n_kinds)
            prices = Prices(np.zeros(24), free, saved=few[3])
            self.assertEqual(
                few[:3].sum() if known else 0,
                lagrange.fewest_migrations(wanted, columns, prices, 3.0),
            )

    def test_out_of_time(self) -> None:
        self.assertIsNone(parts.improve(generated(deadline=0.0)))
