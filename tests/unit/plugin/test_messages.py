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

"""Messages fit into the columns of Watcher's database."""

from __future__ import annotations

import unittest

from tests.unit.plugin import builders
from watcher_rearrange.model import plan
from watcher_rearrange.plugin import messages


class TestShorten(unittest.TestCase):
    def test_short_text_stays(self):
        self.assertEqual('a', messages.shorten('a'))

    def test_long_text_is_cut(self):
        text = messages.shorten('a' * 300)
        self.assertEqual(255, len(text))
        self.assertTrue(text.endswith('...'))

    def test_room_for_the_words_of_watcher(self):
        self.assertEqual(215, len(messages.for_action('a' * 300)))


class TestNoPlan(unittest.TestCase):
    def test_what_fits_keeps_its_order(self):
        self.assertEqual(
            'No plan: bb: wrong; a: bad',
            messages.no_plan(['bb: wrong', 'a: bad']),
        )

    def test_a_long_problem_hides_no_other(self):
        text = messages.no_plan(['a' * 300, 'b: wrong', 'c: wrong'])
        self.assertEqual(
            'No plan: b: wrong; c: wrong; and 1 more messages in the log', text
        )

    def test_one_that_is_too_long_is_cut(self):
        self.assertEqual(255, len(messages.no_plan(['a' * 300])))


class TestSummary(unittest.TestCase):
    def test_actions_are_counted(self):
        made = plan.Plan(
            plan.Status.OPTIMAL,
            actions=(
                builders.move('1', 'a', ('cmp01', 'cmp02')),
                builders.move('2', 'b', ('cmp02', 'cmp01'), parents=('1',)),
            ),
            path=plan.PathSummary(migrations=2),
            messages=('c stays: locked',),
        )
        self.assertEqual(
            'OPTIMAL: 2 migrations in 2 waves; c stays: locked',
            messages.summary(made),
        )

    def test_no_actions(self):
        made = plan.Plan(plan.Status.INFEASIBLE, messages=('no room',))
        self.assertEqual(
            'INFEASIBLE: no actions; no room', messages.summary(made)
        )

    def test_what_does_not_fit_is_counted(self):
        sentences = [f'web-{n} stays because it is locked' for n in range(20)]
        text = messages.joined('FEASIBLE', sentences)
        self.assertLessEqual(len(text), 255)
        n_kept = text.count('stays')
        self.assertIn(f'and {20 - n_kept} more messages in the log', text)

    def test_a_long_first_message_is_cut(self):
        text = messages.joined('FEASIBLE', ['a' * 300, 'b'])
        self.assertEqual(255, len(text))
        self.assertTrue(text.startswith('FEASIBLE; aaa'))

    def test_any_lengths_fit(self):
        for length in range(1, 130):
            text = messages.joined('x', ['m' * length] * 5)
            self.assertLessEqual(len(text), 255)
