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

"""What a plan leaves behind."""

from __future__ import annotations

import unittest

from tests.unit.report import samples
from watcher_rearrange.model import plan
from watcher_rearrange.report import outcome
from watcher_rearrange.report import schedule


class TestFinalState(unittest.TestCase):
    def test_last_destination_and_service_states(self):
        after = outcome.final_state(samples.snapshot(), samples.result())
        self.assertEqual(
            ['cmp03', 'cmp03', 'cmp02'], [i.host for i in after.instances]
        )
        first, second, third = after.compute_nodes
        self.assertEqual('disabled', first.status)
        self.assertEqual('freed', first.disabled_reason)
        self.assertEqual(('enabled', None), (second.status, None))
        self.assertEqual(samples.snapshot().compute_nodes[2], third)

    def test_nothing_to_do(self):
        nothing = plan.Plan(plan.Status.NO_CHANGE)
        snapshot = samples.snapshot()
        self.assertEqual(snapshot, outcome.final_state(snapshot, nothing))


class TestSchedule(unittest.TestCase):
    def test_waves(self):
        snapshot, result = samples.snapshot(), samples.result()
        first, second = schedule.waves(snapshot, result)
        self.assertEqual(['1', '3', '5'], [a.id for a in first.actions])
        self.assertEqual(['2', '4'], [a.id for a in second.actions])
        self.assertEqual(snapshot, first.before)
        self.assertEqual(first.after, second.before)
        self.assertEqual('cmp02', second.before.instances[0].host)
        self.assertEqual(outcome.final_state(snapshot, result), second.after)

    def test_times(self):
        self.assertEqual(
            {
                '1': (0, 10.0),
                '2': (10.0, 15.5),
                '3': (0, 20.0),
                '4': (20.0, 20.0),
                '5': (0, 0.0),
            },
            schedule.times(samples.result()),
        )
