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

"""The report, odd plans, large plans, and what the package imports."""

from __future__ import annotations

import ast
import json
import pathlib
import random
import sys
import unittest

from typing import Any

from tests.unit.checker.documents import MOVE
from tests.unit.checker.documents import Document
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import move
from tests.unit.checker.documents import node
from tests.unit.checker.documents import plan
from tests.unit.checker.documents import service
from tests.unit.checker.documents import small_cluster
from tests.unit.checker.documents import snapshot
from watcher_rearrange import checker


class TestReport(unittest.TestCase):
    def test_good_plan(self) -> None:
        report = checker.check_plan(small_cluster(), plan(MOVE))
        self.assertTrue(report.ok)
        self.assertGreaterEqual(report.interleavings, 200)
        self.assertEqual(
            {
                'ok': True,
                'interleavings': report.interleavings,
                'violations': [],
            },
            report.to_dict(),
        )

    def test_broken_plan(self) -> None:
        tight = small_cluster({'n2': {'memory_mb': 50}})
        report = checker.check_plan(tight, plan(MOVE), interleavings=1)
        self.assertFalse(report.ok)
        expected = {
            'rule': 'capacity',
            'things': ['n2', 'MEMORY_MB'],
            'current': 60,
            'needed': 50,
            'unit': 'MiB',
            'when': 'list order, action 1',
            'message': 'node n2 holds 60 MiB of MEMORY_MB, its capacity is '
            '50 MiB (list order, action 1)',
        }
        self.assertEqual([expected], report.to_dict()['violations'])
        self.assertEqual(
            report.to_dict(), json.loads(json.dumps(report.to_dict()))
        )

    def test_worst_order_is_named(self) -> None:
        tight = small_cluster({'n2': {'memory_mb': 200}})
        tight['instances'].append(instance('c', 'n2', 50))
        enter = move('3', 'c', 'n2', 'n1', '2')
        other = move('2', 'b', 'n1', 'n3')
        report = checker.check_plan(tight, plan(MOVE, other, enter))
        self.assertEqual(
            [
                'node n1 holds 110 MiB of MEMORY_MB, its capacity is 100 '
                'MiB (worst order: actions done 2; then action 3 starts)'
            ],
            [str(found) for found in report.violations],
        )

    def test_same_seed_same_report(self) -> None:
        cluster = small_cluster()
        unordered = plan(MOVE, move('2', 'a', 'n2', 'n3'))
        for seed in (0, 1):
            first, again = (
                checker.check_plan(cluster, unordered, seed=seed)
                for _run in range(2)
            )
            self.assertEqual(first, again)
            text = str(first.violations[-1])
            self.assertIn(f'interleaving 1 (seed {seed})', text)

    def test_one_thing_is_reported_once(self) -> None:
        tight = small_cluster({'n2': {'memory_mb': 20}})
        both = plan(MOVE, move('2', 'b', 'n1', 'n2'))
        report = checker.check_plan(tight, both)
        self.assertEqual(1, len(report.violations))


class TestStatuses(unittest.TestCase):
    def test_without_actions(self) -> None:
        for status in (
            'OPTIMAL',
            'FEASIBLE',
            'NO_CHANGE',
            'INFEASIBLE',
            'TIME_LIMIT',
        ):
            report = checker.check_plan(small_cluster(), plan(status=status))
            self.assertEqual(
                ((), 0), (report.violations, report.interleavings)
            )

    def test_with_actions(self) -> None:
        for status in ('NO_CHANGE', 'INFEASIBLE', 'TIME_LIMIT'):
            report = checker.check_plan(
                small_cluster(), plan(MOVE, status=status)
            )
            self.assertEqual(
                ['status_actions'], [found.rule for found in report.violations]
            )


class TestDisplacement(unittest.TestCase):
    def test_marks_the_moves_to_temporary_hosts(self) -> None:
        for marks, wrong in (
            ((True, False), []),
            ((True, True), [('2', 'a')]),
            ((False, False), [('1', 'a')]),
            ((None, None), []),
        ):
            actions = [MOVE, move('2', 'a', 'n2', 'n3', '1')]
            actions = [
                {**action, 'displacement': mark}
                for action, mark in zip(actions, marks, strict=True)
            ]
            report = checker.check_plan(small_cluster(), plan(*actions))
            self.assertEqual(
                wrong, [found.things for found in report.violations]
            )


class TestOddPlans(unittest.TestCase):
    def test_a_parent_named_twice_is_one_parent(self) -> None:
        twice = move('2', 'b', 'n1', 'n2', '1', '1')
        report = checker.check_plan(small_cluster(), plan(MOVE, twice))
        self.assertTrue(report.ok)

    def test_own_parent(self) -> None:
        own = plan(move('1', 'a', 'n1', 'n2', '1'))
        report = checker.check_plan(small_cluster(), own)
        self.assertEqual(['cycle'], [each.rule for each in report.violations])

    def test_everything_wrong_with_the_form_is_reported(self) -> None:
        wrong = plan(
            move('1', 'x', 'n1', 'n8', '0'),
            move('1', 'a', 'n1', 'n1'),
            service('3', 'disable', 'n9'),
        )
        report = checker.check_plan(small_cluster(a={'locked': True}), wrong)
        self.assertEqual(
            {
                'unknown_instance',
                'unknown_node',
                'unknown_parent',
                'duplicate_id',
                'same_node',
            },
            {found.rule for found in report.violations},
        )

    def test_no_plan_makes_it_fail(self) -> None:
        rng = random.Random(5)
        values: list[Any] = [
            None,
            '',
            'a',
            'n1',
            '1',
            'nowhere',
            3,
            [],
            {},
            ['1'],
            True,
        ]
        for number in range(1500):
            actions: list[Any] = [
                MOVE,
                move('2', 'b', 'n1', 'n3', '1'),
                move('3', 'a', 'n2', 'n3', '1', '2'),
                service('4', 'disable', 'n2', '3'),
            ]
            actions = [dict(action) for action in actions]
            for _change in range(rng.randint(1, 3)):
                action = rng.choice(actions)
                action[rng.choice(sorted(action))] = rng.choice(values)
            if rng.random() < 0.05:
                actions.append(rng.choice(values))
            with self.subTest(number):
                report = checker.check_plan(
                    small_cluster(), plan(*actions), interleavings=1
                )
                json.dumps(report.to_dict())


class TestLargePlan(unittest.TestCase):
    def test_many_actions(self) -> None:
        # Every node sends two on to the next, which waits until two left.
        count = 500
        nodes = [node(f'n{i}', 10) for i in range(count)]
        nodes.append(node('spare', 2))
        cluster = snapshot(
            nodes,
            [instance(f'v{i}', f'n{i % count}', 1) for i in range(10 * count)],
        )
        actions: list[Document] = []
        for turn in (0, 1):
            first = turn * count
            parked = f'v{first}'
            actions.append(move(f'{turn}', parked, 'n0', 'spare'))
            parent = f'{turn}'
            for i in range(count - 1, 0, -1):
                uuid, to = f'v{first + i}', f'n{(i + 1) % count}'
                actions.append(move(uuid, uuid, f'n{i}', to, parent))
                parent = uuid
            actions.append(
                move(parked, parked, 'spare', 'n1', parent, f'{turn}')
            )
        report = checker.check_plan(cluster, plan(*actions), interleavings=5)
        self.assertEqual((), report.violations)
        # Without one of the parents two can meet.
        actions[7]['parents'] = []
        report = checker.check_plan(cluster, plan(*actions), interleavings=0)
        self.assertIn('capacity', {found.rule for found in report.violations})


class TestIndependence(unittest.TestCase):
    def test_imports_only_itself_and_the_standard_library(self) -> None:
        own = 'watcher_rearrange.checker'
        folder = pathlib.Path(checker.__file__).parent
        files = sorted(folder.rglob('*.py'))
        self.assertGreater(len(files), 10)
        for file in files:
            for name in imported(ast.parse(file.read_text())):
                standard = name.partition('.')[0] in sys.stdlib_module_names
                inside = name == own or name.startswith(f'{own}.')
                self.assertTrue(standard or inside, f'{file.name}: {name}')


def imported(tree: ast.AST) -> list[str]:
    names: list[str] = []
    for part in ast.walk(tree):
        if isinstance(part, ast.Import):
            names.extend(alias.name for alias in part.names)
        elif isinstance(part, ast.ImportFrom):
            # A relative import has no module, or one that is not absolute.
            names.append('.' * part.level + (part.module or ''))
    return names
