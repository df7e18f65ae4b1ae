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

"""``policy check``, ``policy test``, ``policy schema``, ``check --policy``."""

from __future__ import annotations

from typing import Any

import yaml

from tests.unit.checker.documents import move
from tests.unit.checker.documents import plan
from tests.unit.checker.policies import RACKS
from tests.unit.checker.policies import A
from tests.unit.checker.policies import B
from tests.unit.checker.policies import cluster
from tests.unit.checker.policies import vm
from tests.unit.cli import base
from watcher_rearrange.policies.file import schema


SPREAD = {'name': 'apart', 'rule': 'spread', 'instances': A}
FENCE = {
    'name': 'inside',
    'rule': 'fence',
    'instances': A,
    'nodes': {'zones': ['z1']},
}
BAN = {**FENCE, 'name': 'outside', 'rule': 'ban'}
QUIET = {'name': 'night', 'rule': 'quiet_hours', 'hours': ['22:00-06:00']}


class PolicyTestCase(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.snapshot = self.write(
            's.json', cluster(vm('a1', 'n1'), vm('a2', 'n2'), vm('b1', 'n3'))
        )

    def policy(self, *rules: dict[str, Any]) -> str:
        """Write a policy file; JSON is YAML."""
        return self.write('p.yaml', {'version': 1, 'rules': list(rules)})


class TestCheck(PolicyTestCase):
    def check(self, *rules: dict[str, Any], status: int = 1) -> Any:
        words = ('policy', 'check', self.policy(*rules), self.snapshot)
        text = self.run_command(*words)
        self.assertEqual(status, text.status, text)
        self.assertNotIn('Traceback', text.err)
        result = self.run_command(*words, '-f', 'json')
        self.assertEqual(status, result.status)
        return result.document, text.out

    def test_the_file_alone(self) -> None:
        result = self.run_command('policy', 'check', self.policy(SPREAD))
        self.assertEqual((0, '1 rules, fine\n'), (result.status, result.out))

    def test_the_file_alone_contradicts_itself(self) -> None:
        path = self.policy(FENCE, BAN)
        result = self.run_command('policy', 'check', path, '-f', 'json')
        self.assertEqual(1, result.status)
        self.assertEqual(
            [['inside', 'outside']], result.document['contradictions']
        )

    def test_all_is_well(self) -> None:
        document, text = self.check(SPREAD, FENCE, status=0)
        self.assertEqual('2 rules, fine\n', text)
        self.assertEqual([], document['violated'])

    def test_what_matches_nothing(self) -> None:
        document, text = self.check(
            {**FENCE, 'nodes': {'zones': ['z9']}, 'should': 1},
            {**SPREAD, 'instances': {'names': ['x']}, 'over': RACKS},
            {**SPREAD, 'name': 'c', 'over': {'aggregates': ['y*']}},
        )
        self.assertEqual(
            [
                {'rule': 'inside', 'selection': 'nodes'},
                {'rule': 'apart', 'selection': 'instances'},
                {'rule': 'c', 'selection': 'over'},
            ],
            document['unused'],
        )
        self.assertIn('rule inside: nodes match nothing\n', text)
        self.assertIn('rule c: over matches no aggregate\n', text)

    def test_contradictions(self) -> None:
        document, text = self.check(FENCE, SPREAD, BAN)
        self.assertEqual([['inside', 'outside']], document['contradictions'])
        self.assertIn('can never hold together: inside, outside\n', text)

    def test_no_room(self) -> None:
        names = [f'a{k}' for k in range(11)]
        cloud = cluster(*(vm(name, 'n3') for name in names), vm('b1', 'n3'))
        self.snapshot = self.write('full.json', cloud)
        one = {**FENCE, 'nodes': {'names': ['n1']}}
        document, text = self.check(one)
        self.assertEqual([['inside']], document['crowded'])
        self.assertEqual([], document['contradictions'])
        self.assertIn('rule inside can never hold: there is no room\n', text)
        one['instances'] = {'names': ['a?']}
        two = {**one, 'name': 'too', 'instances': B}
        document, text = self.check(one, two)
        self.assertEqual([['inside', 'too']], document['crowded'])
        self.assertIn('no room to hold together: inside, too\n', text)

    def test_what_is_violated(self) -> None:
        document, text = self.check({**SPREAD, 'over': 'zone'})
        (found,) = document['violated']
        self.assertEqual(('apart', True), (found['rule'], found['must']))
        self.assertEqual(
            ['policy_spread', 2, 1, ['apart', 'z1']],
            [
                found['violations'][0][key]
                for key in ('rule', 'current', 'needed', 'things')
            ],
        )
        self.assertIn('z1 holds 2 instances, at most 1 may be there\n', text)
        self.assertEqual(1, document['repair']['path']['migrations'])
        self.assertIn('repair: OPTIMAL, 1 migrations, 10 MiB\n', text)

    def test_the_first_of_many(self) -> None:
        self.snapshot = self.write(
            's.json', cluster(*(vm(f'a{k}', 'n3') for k in range(8)))
        )
        document, text = self.check(FENCE)
        self.assertEqual(8, len(document['violated'][0]['violations']))
        self.assertEqual(6, text.count('violated: rule inside: '))
        self.assertIn('violated: rule inside: 3 more\n', text)

    def test_what_should_hold_only_may_be_violated(self) -> None:
        document, text = self.check(
            {**SPREAD, 'over': 'zone', 'should': 5}, status=0
        )
        self.assertEqual(5, document['violated'][0]['weight'])
        self.assertIn('violated (should, weight 5): rule apart: ', text)

    def test_bad_input(self) -> None:
        path = self.write('p.yaml', {'version': 1, 'rules': [{'name': 'a'}]})
        result = self.run_command('policy', 'check', path, self.snapshot)
        self.assertEqual(2, result.status)
        self.assertEqual(
            [f"{path}: rules[0]: 'rule' is missing"], result.problems
        )

    def test_a_node_in_two_parts(self) -> None:
        document = cluster(vm('a1', 'n1'))
        document['aggregates'].append({'name': 'rack-2', 'hosts': ['n1']})
        snapshot = self.write('s.json', document)
        path = self.policy({**SPREAD, 'over': RACKS})
        result = self.run_command('policy', 'check', path, snapshot)
        self.assertEqual(2, result.status)
        self.assertEqual(
            [
                f"{path}: rule 'apart': n1: is in rack-1 and rack-2, which "
                'are to be parts apart'
            ],
            result.problems,
        )

    def test_too_many_files(self) -> None:
        for words in (('check',), ('test', 'a', 'b'), ('schema', 'a')):
            result = self.run_command('policy', *words)
            self.assertEqual(2, result.status, words)


class TestTest(PolicyTestCase):
    def expect(self, *rules: dict[str, Any], **more: Any) -> base.Result:
        expect = {k: v for k, v in more.items() if k != 'now'}
        self.policy(*rules)
        test: dict[str, Any] = {
            'name': 't',
            'policy': 'p.yaml',
            'snapshot': 's.json',
            'expect': expect,
        }
        if 'now' in more:
            test['now'] = more['now']
        path = self.write('t.yaml', {'tests': [test]})
        return self.run_command('policy', 'test', path, '-f', 'json')

    def assert_problems(self, result: base.Result, *problems: str) -> None:
        (found,) = result.document['tests']
        self.assertEqual(list(problems), found['problems'])
        self.assertEqual(int(bool(problems)), result.status)
        self.assertEqual(not problems, result.document['ok'])

    def test_what_is_met(self) -> None:
        self.assert_problems(
            self.expect(
                {**SPREAD, 'over': 'zone'},
                FENCE,
                violated=['apart'],
                allowed=[{'instance': 'b1', 'node': 'n4'}],
                refused=[
                    {'instance': 'a1', 'node': 'n3', 'rule': 'inside'},
                    {'instance': 'a1', 'node': 'n3'},
                ],
            )
        )

    def test_what_is_not_met(self) -> None:
        self.assert_problems(
            self.expect(
                {**SPREAD, 'over': 'zone'},
                FENCE,
                violated=['inside', 'other'],
                allowed=[{'instance': 'a1', 'node': 'n4'}],
                refused=[
                    {'instance': 'b1', 'node': 'n2'},
                    {'instance': 'b1', 'node': 'n2', 'rule': 'inside'},
                ],
            ),
            'rule inside is not violated',
            'rule other, which the policy has not, is not violated',
            'violated: rule apart: z1 holds 2 instances, at most 1 may be '
            'there',
            'a1 to n4: rule inside: instance a1 is on node n4, out of its '
            'fence',
            'b1 to n2: nothing refuses it',
            'b1 to n2: rule inside does not refuse it',
        )

    def test_what_cannot_be_judged(self) -> None:
        self.assert_problems(
            self.expect(
                allowed=[
                    {'instance': 'c1', 'node': 'n1'},
                    {'instance': 'a1', 'node': 'n9'},
                    {'instance': 'a1', 'node': 'n1'},
                ]
            ),
            'c1 to n1: 0 instances are called so',
            'a1 to n9: the snapshot has no such node',
            'a1 to n1: it is there already',
        )

    def test_quiet_hours(self) -> None:
        at_night = [{'instance': 'a1', 'node': 'n4', 'rule': 'night'}]
        self.assert_problems(
            self.expect(QUIET, now='2026-11-26T23:00:00Z', refused=at_night)
        )
        self.assert_problems(
            self.expect(QUIET, now='2026-11-26 12:00', refused=at_night),
            'a1 to n4: rule night does not refuse it',
        )

    def test_bad_input(self) -> None:
        path = self.write('t.yaml', {'tests': [{'name': 3, 'expect': {}}]})
        result = self.run_command('policy', 'test', path)
        self.assertEqual(2, result.status)
        self.assertEqual(
            [
                f"{path}: tests[0]: 'policy', 'snapshot' is missing",
                f'{path}: tests[0].expect: is empty',
                f'{path}: tests[0].name: 3 is not text',
            ],
            result.problems,
        )
        result = self.expect(now='noon', violated=[])
        self.assertEqual(2, result.status)
        self.assertIn('tests[0].now: is not a moment', result.err)

    def test_in_a_terminal(self) -> None:
        self.expect(SPREAD, violated=['apart'])
        result = self.run_command('policy', 'test', self.path('t.yaml'))
        self.assertEqual(
            'FAILED: t\n  rule apart is not violated\n1 tests, 1 failed\n',
            result.out,
        )


class TestSchema(PolicyTestCase):
    def test_it_is_printed(self) -> None:
        for words in ((), ('-f', 'json')):
            result = self.run_command('policy', 'schema', *words)
            self.assertEqual(0, result.status)
            self.assertEqual(schema.schema(), result.document)
        result = self.run_command('policy', 'schema', '-f', 'yaml')
        self.assertEqual(schema.schema(), yaml.safe_load(result.out))


class TestCheckPlan(PolicyTestCase):
    def check(self, *rules: dict[str, Any], now: str = '') -> base.Result:
        path = self.write('plan.json', plan(move('1', 'a1', 'n1', 'n4')))
        words = ['--policy', self.policy(*rules)]
        words += ['--now', now] if now else []
        return self.run_command('check', self.snapshot, path, *words)

    def test_a_plan_that_keeps_the_policy(self) -> None:
        self.assertEqual(0, self.check(SPREAD, QUIET).status)

    def test_a_plan_that_does_not(self) -> None:
        lonely = {'name': 'alone', 'rule': 'lonely', 'instances': B}
        result = self.check(FENCE, lonely, QUIET, now='2026-11-26T23:00')
        self.assertEqual(1, result.status)
        self.assertEqual(
            'rule inside: instance a1 is on node n4, out of its fence '
            '(action 1)\n'
            'rule night: instance a1 would move at Thu 23:00, in the quiet '
            'hours 22:00-06:00 (action 1)\n'
            '2 violations\n',
            result.out,
        )

    def test_quiet_hours_that_begin_on_the_way(self) -> None:
        for starts_s, status in ((59, 0), (60, 1)):
            action = {**move('1', 'a1', 'n1', 'n4'), 'starts_s': starts_s}
            path = self.write('plan.json', plan(action))
            words = ('--policy', self.policy(QUIET), '--now')
            result = self.run_command(
                'check', self.snapshot, path, *words, '2026-11-26T21:59Z'
            )
            self.assertEqual(status, result.status, result.out)

    def test_migrations_of_the_last_day(self) -> None:
        path = self.write('plan.json', plan(move('1', 'a1', 'n1', 'n4')))
        budget = {'name': 'calm', 'rule': 'budget', 'migrations': 2}
        words = ('check', self.snapshot, path, '--policy')
        for count, status in ((1, 0), (2, 1)):
            migrated = self.write('m.json', {'a2': count, 'gone': 7})
            more = (self.policy(budget), '--migrated', migrated)
            result = self.run_command(*words, *more)
            self.assertEqual(status, result.status, result.out)

    def test_bad_input(self) -> None:
        self.assertEqual(2, self.check({'name': 'x'}).status)
        self.assertEqual(2, self.check(SPREAD, now='noon').status)
        for wrong in ([], {'a1': -1, 'a2': 0.5, 'b1': True}):
            migrated = self.write('m.json', wrong)
            result = self.run_command(
                *('check', self.snapshot, self.snapshot),
                *('--policy', self.policy(SPREAD), '--migrated', migrated),
            )
            self.assertEqual(2, result.status)


class TestPlan(PolicyTestCase):
    def plan(self, *words: str) -> Any:
        return self.run_command(
            *('plan', self.snapshot, '-s', 'evacuate', '-p', 'nodes=["n1"]'),
            *('-f', 'json', '--policy', *words),
        )

    def test_what_cannot_be_done_only_now(self) -> None:
        words = ('--now', '2026-11-26T23:00', '-p', 'all_or_nothing=true')
        result = self.plan(self.policy(QUIET), *words)
        self.assertEqual(0, result.status, result.err)
        self.assertEqual('NO_CHANGE', result.document['status'])
        self.assertIn('rule night', result.document['messages'][0])

    def moved(self, *words: str) -> int:
        result = self.plan(*words)
        self.assertEqual(0, result.status, result.err)
        return int(result.document['path']['migrations'])

    def test_quiet_hours(self) -> None:
        path = self.policy(QUIET)
        for now, count in (('T23:00', 0), ('T12:00', 1), ('T21:59:59', 0)):
            self.assertEqual(
                count, self.moved(path, '--now', f'2026-11-26{now}')
            )

    def test_migrations_of_the_last_day(self) -> None:
        path = self.policy({'name': 'b', 'rule': 'budget', 'migrations': 2})
        for done, count in ((1, 1), (2, 0)):
            migrated = self.write('m.json', {'b1': done})
            self.assertEqual(count, self.moved(path, '--migrated', migrated))

    def test_bad_input(self) -> None:
        path = self.write('m.json', {'a1': 'x', 'a2': -1})
        result = self.plan(self.policy(QUIET), '--migrated', path)
        self.assertEqual(2, result.status)
        self.assertEqual(2, result.err.count('is not a whole number'))
