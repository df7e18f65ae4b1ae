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

"""For every rule of a policy a plan that breaks it, and it alone."""

from __future__ import annotations

import datetime
import unittest

from typing import Any
from typing import NamedTuple

from tests.unit.checker.documents import Document
from tests.unit.checker.documents import move
from tests.unit.checker.documents import plan
from tests.unit.checker.policies import RACKS
from tests.unit.checker.policies import A
from tests.unit.checker.policies import B
from tests.unit.checker.policies import cluster
from tests.unit.checker.policies import policy
from tests.unit.checker.policies import rule
from tests.unit.checker.policies import vm
from watcher_rearrange import checker
from watcher_rearrange.checker.policy_wording import POLICY_RULES


UTC = datetime.timezone.utc
# A Thursday.
EVENING = datetime.datetime(2026, 11, 26, 22, 30, tzinfo=UTC)


class Case(NamedTuple):
    """A rule, a plan, and the things that the breach is to be on."""

    rule: Document
    things: tuple[str, ...]
    cluster: Document
    actions: tuple[Document, ...]


TWO = cluster(vm('a1', 'n1'), vm('a2', 'n2'))
MIXED = cluster(vm('a1', 'n1'), vm('b1', 'n3'))

BROKEN = (
    Case(
        rule('fence', instances=A, nodes={'zones': ['z1']}),
        ('r', 'a1', 'n3'),
        TWO,
        (move('1', 'a1', 'n1', 'n3'),),
    ),
    Case(
        rule('ban', instances=A, nodes={'traits': ['T_N3']}),
        ('r', 'a1', 'n3'),
        TWO,
        (move('1', 'a1', 'n1', 'n3'),),
    ),
    Case(
        rule('spread', instances=A),
        ('r', 'n2'),
        TWO,
        (move('1', 'a1', 'n1', 'n2'),),
    ),
    Case(
        rule('gather', instances=A),
        ('r', 'a1', 'n3'),
        cluster(vm('a1', 'n1'), vm('a2', 'n1')),
        (move('1', 'a1', 'n1', 'n3'),),
    ),
    Case(
        rule('near', instances=A, over=RACKS),
        ('r', 'a1', 'node n3'),
        TWO,
        (move('1', 'a1', 'n1', 'n3'),),
    ),
    Case(
        rule('lonely', instances=A),
        ('r', 'n1'),
        MIXED,
        (move('1', 'b1', 'n3', 'n1'),),
    ),
    Case(
        rule('split', instances=A, others=B, over='zone'),
        ('r', 'z2'),
        MIXED,
        (move('1', 'a1', 'n1', 'n4'),),
    ),
    Case(
        rule('root', instances=A),
        ('r', 'a1'),
        TWO,
        (move('1', 'a1', 'n1', 'n3'),),
    ),
    Case(
        rule('reserve', nodes={'names': ['n3']}, keep={'MEMORY_MB': 95}),
        ('r', 'n3', 'MEMORY_MB'),
        TWO,
        (move('1', 'a1', 'n1', 'n3'),),
    ),
    Case(
        rule('max_instances', nodes={'names': ['n2']}, at_most=1),
        ('r', 'n2'),
        TWO,
        (move('1', 'a1', 'n1', 'n2'),),
    ),
    Case(
        rule('quiet_hours', hours=['22:00-06:00']),
        ('r', 'a1'),
        TWO,
        (move('1', 'a1', 'n1', 'n3'),),
    ),
    Case(
        rule('budget', migrations=2),
        ('r', 'all'),
        TWO,
        (
            move('1', 'a1', 'n1', 'n3'),
            move('2', 'a2', 'n2', 'n4'),
            move('3', 'a1', 'n3', 'n1', '1'),
        ),
    ),
    Case(
        rule('only', instances=B),
        ('r', 'a1'),
        TWO,
        (move('1', 'a1', 'n1', 'n3'),),
    ),
)

AT_NIGHT = checker.Circumstances(now=EVENING)


def breaches(
    found: Document,
    cloud: Document,
    *actions: Document,
    given: checker.Circumstances = AT_NIGHT,
    **options: Any,
) -> list[tuple[str, tuple[str, ...]]]:
    """Rule and things of whatever the checker finds in a plan."""
    report = checker.check_plan(
        cloud,
        plan(*actions),
        policy=checker.Policy(policy(found), given),
        **options,
    )
    return [(one.rule, one.things) for one in report.violations]


class TestEachRule(unittest.TestCase):
    def test_it_is_found_broken(self) -> None:
        for case in BROKEN:
            with self.subTest(case.rule['rule']):
                found = breaches(case.rule, case.cluster, *case.actions)
                name = f'policy_{case.rule["rule"]}'
                self.assertEqual([(name, case.things)], found)

    def test_nothing_is_found_where_it_should_only(self) -> None:
        for case in BROKEN:
            found = {**case.rule, 'should': 3}
            with self.subTest(case.rule['rule']):
                self.assertEqual(
                    [], breaches(found, case.cluster, *case.actions)
                )

    def test_every_sentence_has_a_case(self) -> None:
        self.assertEqual(
            sorted(POLICY_RULES),
            sorted(f'policy_{case.rule["rule"]}' for case in BROKEN),
        )

    def test_each_explains_itself(self) -> None:
        for case in BROKEN:
            report = checker.check_plan(
                case.cluster,
                plan(*case.actions),
                policy=checker.Policy(policy(case.rule), AT_NIGHT),
            )
            text = str(report.violations[0])
            with self.subTest(text):
                self.assertNotIn('None', text)
                self.assertNotIn('\0', text)


class TestOrders(unittest.TestCase):
    """What other moves do to a part before an arrival."""

    def test_who_leaves_first_makes_room(self) -> None:
        swap = (move('1', 'a2', 'n2', 'n3'), move('2', 'a1', 'n1', 'n2', '1'))
        self.assertEqual([], breaches(rule('spread', instances=A), TWO, *swap))

    def test_who_may_leave_later_does_not(self) -> None:
        found = breaches(
            rule('spread', instances=A),
            TWO,
            move('1', 'a2', 'n2', 'n3'),
            move('2', 'a1', 'n1', 'n2'),
        )
        self.assertEqual([('policy_spread', ('r', 'n2'))], found)

    def test_a_move_within_a_part_is_none(self) -> None:
        for over in ('zone', RACKS):
            found = breaches(
                rule('spread', instances=A, over=over),
                cluster(vm('a1', 'n1')),
                move('1', 'a1', 'n1', 'n2'),
            )
            self.assertEqual([], found)

    def test_two_may_leave_a_crowd_and_none_may_join_it(self) -> None:
        crowd = cluster(vm('a1', 'n1'), vm('a2', 'n1'), vm('a3', 'n2'))
        found = rule('spread', instances=A)
        self.assertEqual(
            [], breaches(found, crowd, move('1', 'a1', 'n1', 'n3'))
        )
        self.assertEqual(
            [('policy_spread', ('r', 'n1'))],
            breaches(found, crowd, move('1', 'a3', 'n2', 'n1')),
        )

    def test_one_instance_alone_is_always_together(self) -> None:
        found = breaches(
            rule('gather', instances=A),
            cluster(vm('a1', 'n1')),
            move('1', 'a1', 'n1', 'n2'),
        )
        self.assertEqual([], found)

    def test_a_gathering_is_repaired_towards_others(self) -> None:
        found = rule('gather', instances=A)
        self.assertEqual([], breaches(found, TWO, move('1', 'a1', 'n1', 'n2')))
        self.assertEqual(
            [('policy_gather', ('r', 'a1', 'n3'))],
            breaches(found, TWO, move('1', 'a1', 'n1', 'n3')),
        )

    def test_who_has_left_is_not_met(self) -> None:
        found = rule('lonely', instances=A)
        leave = move('1', 'b1', 'n3', 'n4')
        self.assertEqual(
            [], breaches(found, MIXED, leave, move('2', 'a1', 'n1', 'n3', '1'))
        )
        self.assertEqual(
            [('policy_lonely', ('r', 'n3'))],
            breaches(found, MIXED, leave, move('2', 'a1', 'n1', 'n3')),
        )

    def test_a_passer_by_is_met(self) -> None:
        found = rule('lonely', instances=A)
        visit = (move('1', 'b1', 'n3', 'n2'), move('2', 'b1', 'n2', 'n4', '1'))
        self.assertEqual(
            [('policy_lonely', ('r', 'n2'))],
            breaches(found, MIXED, *visit, move('3', 'a1', 'n1', 'n2')),
        )
        self.assertEqual(
            [],
            breaches(found, MIXED, *visit, move('3', 'a1', 'n1', 'n2', '2')),
        )

    def test_what_others_hold_is_not_free(self) -> None:
        cloud = cluster(vm('a1', 'n1'))
        cloud['compute_nodes'][1]['held'] = {'MEMORY_MB': 50}
        found = rule('reserve', nodes={}, keep={'MEMORY_MB': 50})
        self.assertEqual(
            [('policy_reserve', ('r', 'n2', 'MEMORY_MB'))],
            breaches(found, cloud, move('1', 'a1', 'n1', 'n2')),
        )

    def test_who_is_released_does_not_count(self) -> None:
        target = {'version': 1, 'placement': {'a1': 'n2'}, 'release': ['a2']}
        found = breaches(
            rule('spread', instances=A),
            TWO,
            move('1', 'a1', 'n1', 'n2'),
            target=target,
        )
        self.assertEqual([], found)


class TestTimes(unittest.TestCase):
    def quiet(self, moment: datetime.datetime, *hours: str) -> bool:
        found = breaches(
            rule('quiet_hours', hours=list(hours)),
            TWO,
            move('1', 'a1', 'n1', 'n3'),
            given=checker.Circumstances(now=moment),
        )
        return bool(found)

    def test_hours(self) -> None:
        night = EVENING.replace(hour=5) + datetime.timedelta(days=1)
        self.assertTrue(self.quiet(EVENING, 'Thu 22:30-06:00'))
        self.assertTrue(self.quiet(night, 'Thu 22:30-06:00'))
        self.assertFalse(self.quiet(night, 'Fri-Wed 22:30-06:00'))
        self.assertFalse(self.quiet(EVENING, '08:00-22:30'))
        self.assertTrue(
            self.quiet(EVENING, 'Sat-Sun 00:00-24:00', '22:00-23:00')
        )

    def test_another_zone_is_reckoned_in(self) -> None:
        ahead = datetime.timezone(datetime.timedelta(hours=8))
        self.assertTrue(self.quiet(EVENING.astimezone(ahead), '22:00-23:00'))

    def test_no_time_no_quiet_hours(self) -> None:
        found = breaches(
            rule('quiet_hours', hours=['00:00-24:00']),
            TWO,
            move('1', 'a1', 'n1', 'n3'),
            given=checker.Circumstances(),
        )
        self.assertEqual([], found)


class TestBudgets(unittest.TestCase):
    def test_each_has_its_own(self) -> None:
        cloud = cluster(
            vm('a1', 'n1', project_id='p'),
            vm('a2', 'n2', project_id='q'),
            vm('a3', 'n2', project_id='q'),
            server_groups=[
                {'uuid': 'g', 'policy': 'soft-affinity', 'members': ['a1']}
            ],
        )
        moves = (
            move('1', 'a1', 'n1', 'n3'),
            move('2', 'a2', 'n2', 'n3'),
            move('3', 'a3', 'n2', 'n4'),
        )
        found = rule('budget', migrations=1, each='project')
        self.assertEqual(
            [('policy_budget', ('r', 'q'))], breaches(found, cloud, *moves)
        )
        found['each'] = 'server_group'
        self.assertEqual([], breaches(found, cloud, *moves))
        spent = checker.Circumstances(migrated={'a1': 1})
        self.assertEqual(
            [('policy_budget', ('r', 'g'))],
            breaches(found, cloud, *moves, given=spent),
        )

    def test_overspent_already_is_not_the_fault_of_no_plan(self) -> None:
        spent = checker.Circumstances(migrated={'a1': 9})
        found = rule('budget', migrations=1)
        self.assertEqual([], breaches(found, TWO, given=spent))


class TestPlacements(unittest.TestCase):
    def broken(
        self, found: Document, hosts: dict[str, str] | None = None
    ) -> list[tuple[str, ...]]:
        violations = checker.broken_rules(TWO, policy(found), hosts)
        return [one.things[1:] for one in violations]

    def test_what_holds_is_not_listed(self) -> None:
        for case in BROKEN:
            found = checker.broken_rules(case.cluster, policy(case.rule))
            self.assertEqual([], found, case.rule)

    def test_what_is_broken_is(self) -> None:
        there = {'a1': 'n2'}
        spread = rule('spread', instances=A, should=2)
        self.assertEqual([('n2',)], self.broken(spread, there))
        self.assertEqual([('z1',)], self.broken({**spread, 'over': 'zone'}))
        fence = rule('fence', instances=A, nodes={'names': ['n1']})
        self.assertEqual([('a2', 'n2')], self.broken(fence))
        keep = rule('reserve', nodes={}, keep={'MEMORY_MB': 90, 'VCPU': 1})
        self.assertEqual(
            [('n1', 'VCPU'), ('n2', 'VCPU'), ('n3', 'VCPU'), ('n4', 'VCPU')],
            self.broken(keep),
        )
        gather = rule('gather', instances=A)
        self.assertEqual([()], self.broken(gather))
        self.assertEqual([], self.broken(gather, there))
        lonely = rule('lonely', instances={'names': ['a1']})
        self.assertEqual([('n2',)], self.broken(lonely, there))

    def test_who_migrates_already_is_on_both_nodes(self) -> None:
        cloud = cluster(
            vm('a1', 'n1'),
            migrations=[
                {'instance': 'a1', 'source': 'n1', 'destination': 'n3'}
            ],
        )
        found = checker.broken_rules(
            cloud, policy(rule('fence', instances=A, nodes={'names': ['n1']}))
        )
        self.assertEqual([('r', 'a1', 'n3')], [one.things for one in found])
