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

"""When a continuous audit is said to have moved an instance again."""

from __future__ import annotations

import datetime
import types
import unittest

from typing import Any

from benchmarks import churn
from benchmarks import churn_figures
from benchmarks import churn_report


def at(minute: int) -> datetime.datetime:
    return datetime.datetime(
        2026, 1, 1, 12, minute, tzinfo=datetime.timezone.utc
    )


def plan(minute: int) -> Any:
    return types.SimpleNamespace(
        uuid=str(minute), created_at=at(minute).isoformat()
    )


def action(plan: str, source: str, destination: str, **given: str) -> Any:
    return types.SimpleNamespace(
        action_plan_uuid=plan,
        state=given.get('state', 'SUCCEEDED'),
        input_parameters={
            'resource_id': given.get('instance', 'a'),
            'source_node': source,
            'destination_node': destination,
        },
    )


def change(minute: int, *hosts: str) -> churn.Change:
    return churn.Change(at(minute), 'delete', 'b', frozenset(hosts))


class TestAgain(unittest.TestCase):
    def again(self, actions: list[Any], *changes: churn.Change) -> list[Any]:
        made = [plan(minute) for minute in range(5)]
        moves = churn_figures.moves(actions, made)
        return churn_figures.again(moves, changes)

    def test_back_for_nothing(self) -> None:
        there = action('1', 'cmp01', 'cmp02')
        back = action('3', 'cmp02', 'cmp01')
        (pair,) = self.again([back, there], change(2, 'cmp03'))
        self.assertEqual((1, 0), (pair.changes, pair.near))
        self.assertTrue(pair.is_back)

    def test_with_a_cause(self) -> None:
        there = action('1', 'cmp01', 'cmp02')
        on = action('3', 'cmp02', 'cmp03')
        changes = change(0, 'cmp01'), change(2, 'cmp03'), change(4, 'cmp02')
        (pair,) = self.again([there, on], *changes)
        self.assertEqual((1, 1), (pair.changes, pair.near))
        self.assertFalse(pair.is_back)

    def test_a_way_of_two_steps_is_one_move(self) -> None:
        first = action('1', 'cmp01', 'cmp02')
        second = action('1', 'cmp02', 'cmp03')
        self.assertEqual([], self.again([first, second]))

    def test_what_failed_has_moved_nothing(self) -> None:
        there = action('1', 'cmp01', 'cmp02')
        failed = action('3', 'cmp02', 'cmp01', state='FAILED')
        self.assertEqual([], self.again([there, failed]))

    def test_others(self) -> None:
        there = action('1', 'cmp01', 'cmp02')
        other = action('3', 'cmp02', 'cmp01', instance='b')
        self.assertEqual([], self.again([there, other]))


class TestReport(unittest.TestCase):
    def test_back(self) -> None:
        pair = {
            'hosts': ['cmp01', 'cmp02', 'cmp01'],
            'planned': [str(at(1)), str(at(3))],
            'changes': 4,
            'near': 1,
            'back': True,
        }
        document = {
            name: {}
            for name in (
                'changes',
                'plans',
                'actions',
                'not_done',
                'migrations',
                'overloads',
            )
        }
        text = churn_report.text(
            {
                **document,
                'plans_without_actions': 0,
                'refused': [],
                'refused_to_churn': 0,
                'moves': 2,
                'again': [pair],
                'imbalance': [[0.0, 1.0]],
                'after': [],
            }
        )
        self.assertIn(
            'back to cmp01 after 120 s, 4 changes, 1 of them on their hosts',
            text,
        )
