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

"""Plans before and within quiet hours, and where budgets are used up."""

from __future__ import annotations

import datetime
import unittest

from typing import Any
from unittest import mock

from tests.unit.model import small
from tests.unit.planning import documents
from tests.unit.planning import test_business
from tests.unit.planning.documents import moves
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model.plan import Status
from watcher_rearrange.planning import late
from watcher_rearrange.planning import later
from watcher_rearrange.planning import pipeline
from watcher_rearrange.planning.job import Job
from watcher_rearrange.policies.file import reading


class TestNow(unittest.TestCase):
    def soon_quiet(self, *uuids: str, **given: Any) -> plans.Plan:
        """Evacuate c0 of three, one by one; quiet hours begin after 20 s."""
        document = {
            'version': 1,
            'rules': [
                {
                    'name': 'night',
                    'rule': 'quiet_hours',
                    'hours': ['23:00-06:00', 'Sat 08:00-09:00'],
                    'instances': test_business.names(*uuids),
                }
            ],
        }
        known = pipeline.Business(
            reading.policy_from_document(document),
            test_business.NIGHT - datetime.timedelta(seconds=20),
        )
        cluster = {'a': ('c0', 1), 'b': ('c0', 1), 'c': ('c0', 1)}
        return pipeline.plan(
            small.snapshot(test_business.NODES, cluster),
            'evacuate',
            {'nodes': ['c0'], 'max_parallel': 1, **given},
            known,
        )

    def test_quiet_hours_that_begin_on_the_way(self) -> None:
        # Each migration takes some 14 s.
        found = self.soon_quiet('a', 'b', 'c')
        migrations = [a for a in found.actions if a.is_migration]
        self.assertEqual(2, len(migrations))
        self.assertLess(max(a.starts_s for a in migrations), 20)
        self.assertIn('1 of 3 migrations are left out', found.messages[0])
        self.assertIn('quiet hours of an instance', found.messages[0])
        self.assertIs(Status.FEASIBLE, found.status)

    def test_who_is_quiet_soon_goes_first(self) -> None:
        # Each would begin before 23:00 if it were the first.
        for uuid in 'abc':
            found = self.soon_quiet(uuid)
            self.assertEqual({'a', 'b', 'c'}, set(moves(found)))
            self.assertEqual((), found.messages)
        self.assertEqual(
            {'a', 'b', 'c'}, set(moves(self.soon_quiet('a', 'c')))
        )

    def test_actions_know_the_hours(self) -> None:
        hours = {
            action.instance: action.not_within
            for action in self.soon_quiet('a').actions
        }
        self.assertEqual(('23:00-06:00', 'Sat 08:00-09:00'), hours['a'])
        self.assertEqual({(), hours['a']}, set(hours.values()))

    def test_all_or_nothing_where_quiet_hours_begin(self) -> None:
        found = self.soon_quiet('a', 'b', 'c', all_or_nothing=True)
        self.assertEqual((), found.actions)
        self.assertIs(Status.NO_CHANGE, found.status)
        self.assertIn('quiet hours', found.messages[0])
        self.assertIn('nothing is done', found.messages[1])

    def test_all_or_nothing_counts_those_left_out_at_last(self) -> None:
        """They are left out for what was seen first."""
        quiet = 'the quiet hours of an instance would have begun'
        for given, why in (
            ({'deadline_s': 300}, quiet),
            ({'deadline_s': 30}, 'they would not be of use within 30 s'),
        ):
            found = self.soon_quiet(
                'a', 'b', 'c', all_or_nothing=True, **given
            )
            self.assertEqual((), found.actions)
            self.assertEqual(
                (
                    f'3 of 3 migrations are left out: {why}',
                    'a part of the plan is of no use: nothing is done',
                ),
                found.messages,
            )

    def test_a_rest_that_is_worse_goes_with_those_left_out(self) -> None:
        without = late.without
        worse = mock.patch.object(Job, 'is_worse', return_value=True)
        self.addCleanup(mock.patch.stopall)

        def cut(*args: Any) -> Any:
            found = without(*args)
            worse.start()
            return found

        with mock.patch.object(late, 'without', cut):
            found = self.soon_quiet('a', 'b', 'c', deadline_s=300)
        self.assertEqual({}, moves(found))
        self.assertEqual(
            '3 of 3 migrations are left out: the quiet hours of an instance '
            'would have begun',
            found.messages[0],
        )

    def test_all_or_nothing_when_it_cannot_be_now(self) -> None:
        """Where there will be a plan, it is not said that there is none."""
        cluster = {'a': ('c0', 1), 'b': ('c0', 1)}
        quiet = {'rule': 'quiet_hours', 'hours': ['22:00-06:00']}
        budget = {'rule': 'budget', 'migrations': 2}
        for rule, vcpus, status in (
            (quiet, 4, Status.NO_CHANGE),
            (budget, 4, Status.NO_CHANGE),
            (quiet, 1, Status.INFEASIBLE),
            (budget, 1, Status.INFEASIBLE),
        ):
            found = test_business.plan(
                small.snapshot({'c0': 4, 'c1': vcpus}, cluster),
                'evacuate',
                {**rule, 'instances': test_business.names('a', 'b')},
                migrated={'a': 1},
                nodes=['c0'],
                all_or_nothing=True,
            )
            self.assertEqual((), found.actions)
            self.assertIs(status, found.status)
            if status is Status.NO_CHANGE:
                self.assertIn(f'rule the {rule["rule"]}', found.messages[0])
                self.assertEqual(
                    (1, 1), documents.objective(found, 'nodes_to_evacuate')
                )

    def test_only_the_hours_that_are_in_the_way(self) -> None:
        document = {
            'version': 1,
            'rules': [
                {
                    'name': f'night of {uuid}',
                    'rule': 'quiet_hours',
                    'hours': ['22:00-06:00'],
                    'instances': test_business.names(uuid),
                }
                for uuid in ('b', 'a')
            ],
        }
        found = pipeline.plan(
            small.snapshot(
                test_business.NODES, {'a': ('c0', 1), 'b': ('c1', 1)}
            ),
            'evacuate',
            {'nodes': ['c0'], 'all_or_nothing': True},
            pipeline.Business(
                reading.policy_from_document(document), test_business.NIGHT
            ),
        )
        self.assertEqual(
            f'{later.NOT_NOW}: instances are in the quiet hours of rule '
            'night of a',
            found.messages[0],
        )

    def test_all_or_nothing_when_it_can_never_be(self) -> None:
        """Later is no better; that is not said to be NO_CHANGE."""
        budget = f'{later.NEVER}: instances are over the budget of rule'
        day = ['00:00-12:00', '12:00-24:00']
        for rule, status, text in (
            ({'rule': 'budget', 'migrations': 0}, Status.INFEASIBLE, 'kept'),
            ({'rule': 'budget', 'migrations': 1}, Status.TIME_LIMIT, budget),
            ({'rule': 'quiet_hours', 'hours': day}, Status.INFEASIBLE, 'end'),
        ):
            found = test_business.plan(
                small.snapshot(
                    {'c0': 4, 'c1': 4}, {'a': ('c0', 1), 'b': ('c0', 1)}
                ),
                'evacuate',
                {**rule, 'instances': test_business.names('a', 'b')},
                nodes=['c0'],
                all_or_nothing=True,
            )
            self.assertEqual((status, ()), (found.status, found.actions))
            self.assertIn(text, found.messages[0])
            self.assertIn(f'rule the {rule["rule"]}', found.messages[0])

    def test_hours_that_never_end_together(self) -> None:
        rules = [
            {
                'name': f'half {number}',
                'rule': 'quiet_hours',
                'hours': [half],
                'instances': test_business.names('a'),
            }
            for number, half in enumerate(('00:00-12:00', '12:00-24:00'))
        ]
        policy = reading.policy_from_document({'version': 1, 'rules': rules})
        found = pipeline.plan(
            small.snapshot(test_business.NODES, {'a': ('c0', 1)}),
            'evacuate',
            {'nodes': ['c0'], 'all_or_nothing': True},
            pipeline.Business(policy, test_business.NIGHT),
        )
        self.assertIs(Status.INFEASIBLE, found.status)
        self.assertIn('rule half 0 or half 1', found.messages[0])

    def test_a_budget_of_others_is_not_the_reason(self) -> None:
        for migrations in (0, 1):
            cluster = small.snapshot(
                {'c0': 4, 'c1': 1, 'c2': 1},
                {'a': ('c0', 3), 'b': ('c1', 1), 'c': ('c2', 1)},
            )
            found = test_business.plan(
                cluster,
                'evacuate',
                {
                    'rule': 'budget',
                    'migrations': migrations,
                    'instances': test_business.names('b', 'c'),
                },
                migrated={'b': 1},
                nodes=['c0'],
                all_or_nothing=True,
            )
            self.assertIs(Status.INFEASIBLE, found.status)
            self.assertNotIn('budget', found.messages[0])
