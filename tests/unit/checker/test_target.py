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

"""The end of a plan against its target."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.checker.documents import MOVE
from tests.unit.checker.documents import Document
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import move
from tests.unit.checker.documents import plan
from tests.unit.checker.documents import small_cluster
from watcher_rearrange import checker


def broken(
    *actions: Document, status: str = 'OPTIMAL', **target: Any
) -> list[tuple[str, tuple[str, ...]]]:
    report = checker.check_plan(
        small_cluster(), plan(*actions, status=status), target
    )
    return [(found.rule, found.things) for found in report.violations]


class TestTarget(unittest.TestCase):
    def test_reached(self) -> None:
        self.assertEqual([], broken(MOVE, placement={'a': 'n2'}))
        self.assertEqual([], broken(MOVE, placement={'a': 'n2', 'b': 'n1'}))
        self.assertEqual([], broken(placement={}, status='NO_CHANGE'))

    def test_not_reached(self) -> None:
        wrong = [('target', ('a',))]
        self.assertEqual(wrong, broken(placement={'a': 'n2'}))
        self.assertEqual(wrong, broken(MOVE, placement={'a': 'n3'}))
        self.assertEqual(
            wrong, broken(placement={'a': 'n2'}, status='NO_CHANGE')
        )

    def test_no_target_claimed(self) -> None:
        for status in ('INFEASIBLE', 'TIME_LIMIT'):
            self.assertEqual([], broken(placement={'a': 'n2'}, status=status))

    def test_the_others_stay_or_come_back(self) -> None:
        away = move('2', 'b', 'n1', 'n3')
        back = move('3', 'b', 'n3', 'n1', '2')
        placement = {'a': 'n2'}
        self.assertEqual(
            [('target', ('b',))], broken(MOVE, away, placement=placement)
        )
        self.assertEqual([], broken(MOVE, away, back, placement=placement))

    def test_released_make_room_and_do_not_move(self) -> None:
        small = small_cluster({'n2': {'memory_mb': 60}})
        small['instances'].append(instance('old', 'n2', 60))
        target: Document = {'placement': {'a': 'n2'}}
        for release, rules in (([], ['capacity']), (['old'], [])):
            target['release'] = release
            report = checker.check_plan(small, plan(MOVE), target)
            self.assertEqual(
                rules, [found.rule for found in report.violations]
            )
        self.assertEqual(
            [('release', ('b', '1'))],
            broken(move('1', 'b', 'n1', 'n2'), placement={}, release=['b']),
        )

    def test_provisioned_fit_at_the_end_together(self) -> None:
        placement = {'a': 'n2'}
        for sizes, node, wrong in (
            ([40], 'n2', []),
            ([41], 'n2', [('provision', ('n2', 'MEMORY_MB'))]),
            ([20, 20], 'n2', []),
            ([20, 21], 'n2', [('provision', ('n2', 'MEMORY_MB'))]),
            # What has left is no longer in the way.
            ([70], 'n1', []),
            ([71], 'n1', [('provision', ('n1', 'MEMORY_MB'))]),
            # A node that no action touches.
            ([101], 'n3', [('provision', ('n3', 'MEMORY_MB'))]),
        ):
            provision = [instance('new', node, size) for size in sizes]
            with self.subTest(sizes=sizes, node=node):
                self.assertEqual(
                    wrong,
                    broken(MOVE, placement=placement, provision=provision),
                )

    def test_provisioned_class_without_inventory(self) -> None:
        new = instance('new', 'n3', 1)
        new['allocations'] = {'VGPU': 1, 'PCPU': 0}
        self.assertEqual(
            [('provision', ('n3', 'VGPU'))],
            broken(placement={}, provision=[new]),
        )

    def test_unknown_names(self) -> None:
        self.assertEqual(
            [
                ('unknown_instance', ('y',)),
                ('unknown_instance', ('x',)),
                ('unknown_node', ('n8',)),
                ('unknown_node', ('n9',)),
            ],
            broken(
                placement={'x': 'n8'},
                release=['y'],
                provision=[instance('new', 'n9')],
            ),
        )
