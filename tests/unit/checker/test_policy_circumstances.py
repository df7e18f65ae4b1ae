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

"""What of a policy depends on the time, and on what was moved before."""

from __future__ import annotations

import unittest

from tests.unit.checker import test_policy
from tests.unit.checker.documents import move
from tests.unit.checker.policies import cluster
from tests.unit.checker.policies import rule
from tests.unit.checker.policies import vm
from watcher_rearrange import checker


class TestBegins(unittest.TestCase):
    def test_each_migration_begins_as_estimated(self) -> None:
        given = checker.Circumstances(test_policy.EVENING)
        cloud = cluster(vm('a1', 'n1'), vm('a2', 'n2'))
        for starts_s, hours, quiet in (
            (0, '22:31-22:32', []),
            (60, '22:31-22:32', ['a2']),
            (120, '22:31-22:32', []),
            (86400, 'Fri 22:30-22:31', ['a2']),
            (1e300, '22:31-22:32', []),
        ):
            found = test_policy.breaches(
                rule('quiet_hours', hours=[hours]),
                cloud,
                move('1', 'a1', 'n1', 'n3'),
                {**move('2', 'a2', 'n2', 'n3'), 'starts_s': starts_s},
                given=given,
            )
            self.assertEqual(quiet, [things[1] for _, things in found])

    def test_an_estimate_that_is_none(self) -> None:
        wrong = {**move('1', 'a1', 'n1', 'n3'), 'starts_s': 'soon'}
        report = checker.check_plan(
            test_policy.TWO, {'status': 'FEASIBLE', 'actions': [wrong]}
        )
        found = [one.rule for one in report.violations]
        self.assertEqual(['malformed_action'], found)


class TestUnderWay(unittest.TestCase):
    def test_a_migration_under_way_is_charged(self) -> None:
        for status, count in (('running', 1), ('completed', 0)):
            cloud = cluster(
                vm('a1', 'n1'),
                vm('a2', 'n2'),
                migrations=[
                    {
                        'instance': 'a1',
                        'source': 'n1',
                        'destination': 'n4',
                        'status': status,
                    }
                ],
            )
            found = test_policy.breaches(
                rule('budget', migrations=1),
                cloud,
                move('1', 'a2', 'n2', 'n3'),
                given=checker.Circumstances(),
            )
            self.assertEqual(count, len(found), status)
