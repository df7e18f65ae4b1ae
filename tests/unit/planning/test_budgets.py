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

"""Who stays so that no budget is exceeded."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.model import small
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.planning.budgets import Budgets
from watcher_rearrange.policies.file import reading


SNAPSHOT = small.snapshot({'c0': 9, 'c1': 9}, {k: ('c0', 1) for k in 'abcde'})


def budgets(*rules: dict[str, Any]) -> Budgets:
    document = {
        'version': 1,
        'rules': [{'name': f'r{k}', **one} for k, one in enumerate(rules)],
    }
    return Budgets(SNAPSHOT, reading.policy_from_document(document), {'e': 1})


def budget(uuids: str, migrations: int) -> dict[str, Any]:
    return {
        'rule': 'budget',
        'instances': {'uuids': list(uuids)},
        'migrations': migrations,
    }


def made(uuids: str) -> Plan:
    """A plan that moves these, in this order."""
    return Plan(
        Status.FEASIBLE,
        tuple(
            Action(str(k), 'live_migrate', uuid, 'c0', 'c1')
            for k, uuid in enumerate(uuids)
        ),
    )


class TestExceeded(unittest.TestCase):
    def test_what_is_left_is_no_obstacle(self) -> None:
        found = budgets(budget('abe', 3)).exceeded(made('abcd'))
        self.assertEqual({}, found)

    def test_the_first_of_the_plan_move(self) -> None:
        found = budgets(budget('abcd', 2)).exceeded(made('dbca'))
        self.assertEqual({'a', 'c'}, set(found))
        self.assertIn('rule r0', found['a'])

    def test_nobody_else_moves_where_nothing_is_left(self) -> None:
        found = budgets(budget('abcd', 2)).exceeded(made('abc'))
        self.assertEqual({'c', 'd'}, set(found))

    def test_another_may_move_where_something_is_left(self) -> None:
        for uuids in ('aabc', 'bcaa', 'baca'):
            found = budgets(budget('abcd', 3)).exceeded(made(uuids))
            self.assertEqual({'a'}, set(found), uuids)
        again = budgets(budget('abcd', 3)).exceeded_again(made('aabc'))
        self.assertEqual({'a', 'd'}, set(again))

    def test_who_is_preferred_moves_twice(self) -> None:
        first = {'rule': 'priority', 'value': 9, 'instances': {'uuids': ['a']}}
        found = budgets(budget('abcd', 3), first).exceeded(made('bcaa'))
        self.assertEqual({'c', 'd'}, set(found))

    def test_only_of_budgets_that_are_exceeded(self) -> None:
        both = budgets(budget('ab', 1), budget('cd', 1))
        for ask in (both.exceeded, both.exceeded_again):
            self.assertEqual({'b'}, set(ask(made('abc'))))
        self.assertEqual({'a', 'b'}, set(both.closed(made('abc'))))
        self.assertEqual({}, both.closed(made('ac')))

    def test_a_member_of_two(self) -> None:
        # What a would take of both is left to b and c.
        both = budgets(budget('ab', 1), budget('ac', 1))
        found = both.exceeded(made('bca'))
        self.assertEqual({'a'}, set(found))

    def test_used_up(self) -> None:
        found = budgets(budget('ae', 1), budget('b', 1)).used_up()
        self.assertEqual({'a', 'e'}, set(found))
