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

"""``check``, ``show``, ``animate``, ``report`` and ``generate``."""

from __future__ import annotations

import json
import os

from unittest import mock

import yaml

from tests.unit.cli import base
from tests.unit.snapshot import documents
from watcher_rearrange import checker
from watcher_rearrange.snapshot import reader


class TestCheck(base.CommandTestCase):
    def setUp(self):
        super().setUp()
        self.snapshot = self.write('s.json', documents.snapshot())
        document = documents.plan()
        document['violations_before'] = []
        self.plan = self.write('p.json', document)

    def test_a_plan_that_holds(self):
        result = self.run_command('check', self.snapshot, self.plan)
        self.assertEqual((0, ''), (result.status, result.err))
        self.assertEqual('no violations\n', result.out)

    def test_violations(self):
        document = documents.snapshot()
        document['compute_nodes'][1]['inventories']['VCPU']['total'] = 2
        full = self.write('full.json', document)
        result = self.run_command('check', full, self.plan)
        self.assertEqual(1, result.status)
        self.assertIn('no TARGET given', result.err)
        self.assertRegex(result.out, r'\n\d+ violations\n$')
        result = self.run_command('check', full, self.plan, '-f', 'json')
        self.assertEqual(1, result.status)
        self.assertFalse(result.document['ok'])
        self.assertTrue(result.document['violations'])

    def test_the_order_of_the_actions_is_for_the_checker(self):
        document = documents.plan()
        document['actions'].reverse()
        plan = self.write('p.json', document)
        result = self.run_command('check', self.snapshot, plan)
        self.assertEqual((1, ''), (result.status, result.err))

    def test_passes_on_what_was_given(self):
        target = self.write('t.json', {'version': 1, 'placement': {}})
        with mock.patch('watcher_rearrange.checker.check_plan') as check:
            check.return_value.ok = True
            check.return_value.violations = ()
            self.run_command(
                'check',
                self.snapshot,
                self.plan,
                target,
                *('--interleavings', '7', '--seed', '9'),
            )
        check.assert_called_once_with(
            documents.snapshot(),
            {**documents.plan(), 'violations_before': []},
            {'version': 1, 'placement': {}},
            interleavings=7,
            seed=9,
            limits=checker.Limits(),
            policy=None,
        )

    def test_locked_instances(self):
        document = documents.snapshot()
        for instance in document['instances']:
            instance['locked'] = True
        locked = self.write('locked.json', document)
        result = self.run_command('check', locked, self.plan)
        self.assertEqual(1, result.status)
        result = self.run_command('check', locked, self.plan, '--move-locked')
        self.assertEqual(0, result.status)

    def test_numa_topologies(self):
        document = documents.snapshot()
        for instance in document['instances']:
            instance['flavor_extra_specs'] = {'hw:numa_nodes': '2'}
        numa = self.write('numa.json', document)
        result = self.run_command('check', numa, self.plan)
        self.assertEqual(1, result.status)
        self.assertIn('NUMA topology', result.out)
        result = self.run_command('check', numa, self.plan, '--move-numa')
        self.assertEqual(0, result.status)

    def test_room_for_failures(self):
        arguments = ('check', self.snapshot, self.plan)
        option = '--failures-to-tolerate'
        with mock.patch('watcher_rearrange.checker.check_plan') as check:
            check.return_value.ok = True
            check.return_value.violations = ()
            self.run_command(*arguments, option, '1')
        limits = check.call_args.kwargs['limits']
        self.assertEqual(1, limits.failures_to_tolerate)
        result = self.run_command(*arguments, option, '-1')
        self.assertEqual(2, result.status)

    def test_bad_input(self):
        plan = self.write('p.json', {'version': 1, 'status': 'X'})
        result = self.run_command('check', self.snapshot, plan)
        self.assertEqual((2, ''), (result.status, result.out))
        self.assertEqual(2, len(result.problems))
        for problem in result.problems:
            self.assertTrue(problem.startswith(f'{plan}: '))


class TestShow(base.CommandTestCase):
    def setUp(self):
        super().setUp()
        self.snapshot = self.write('s.json', documents.snapshot())
        self.plan = self.write('p.json', documents.plan())

    def test_meters(self):
        result = self.run_command('show', self.snapshot)
        self.assertEqual((0, ''), (result.status, result.err))
        self.assertIn('cmp01', result.out)
        self.assertNotIn('before', result.out)
        result = self.run_command('show', self.snapshot, self.plan)
        self.assertIn('before', result.out)

    def test_json(self):
        result = self.run_command(
            'show', self.snapshot, self.plan, '-f', 'json'
        )
        self.assertEqual(
            [('cmp01', 'enabled', 1), ('cmp02', 'enabled', 1)],
            [
                (n['hostname'], n['status'], n['instances'])
                for n in result.document['before']
            ],
        )
        after = result.document['after']
        self.assertEqual('disabled', after[0]['status'])
        self.assertEqual(
            {'VCPU': {'used': 3, 'capacity': 8, 'used_pct': 37.5}},
            after[1]['resources'],
        )

    def test_what_falls_with_an_action(self):
        words = ('show', self.snapshot, self.plan, '--if-fails', '1')
        result = self.run_command(*words)
        self.assertEqual((0, ''), (result.status, result.err))
        self.assertIn('fails, 1 of 2 actions are skipped', result.out)
        result = self.run_command(*words, '-f', 'json')
        action = documents.plan()['actions'][1]
        skipped = {
            'id': '2',
            'type': action['type'],
            'name': action.get('instance') or action['node'],
        }
        self.assertEqual(
            {'failed': '1', 'skipped': [skipped]}, result.document
        )
        words = ('show', self.snapshot, self.plan, '--if-fails', '2')
        result = self.run_command(*words)
        self.assertIn('fails, 0 of 2 actions are skipped', result.out)

    def test_no_such_action(self):
        for words, problem in (
            ((self.plan,), "--if-fails: '7' is not an action of the plan"),
            ((), '--if-fails: there is no PLAN'),
        ):
            result = self.run_command(
                'show', self.snapshot, *words, '--if-fails', '7'
            )
            self.assertEqual((2, ''), (result.status, result.out))
            self.assertEqual([problem], result.problems)

    def test_snapshot_from_standard_input(self):
        text = json.dumps(documents.snapshot())
        result = self.run_command('show', '-', '-f', 'yaml', stdin=text)
        self.assertEqual(['before'], list(yaml.safe_load(result.out)))


class TestAnimate(base.CommandTestCase):
    def setUp(self):
        super().setUp()
        self.snapshot = self.write('s.json', documents.snapshot())
        self.plan = self.write('p.json', documents.plan())

    def test_each_wave_once(self):
        result = self.run_command('animate', self.snapshot, self.plan)
        self.assertEqual((0, ''), (result.status, result.err))
        for wave in (1, 2):
            self.assertEqual(1, result.out.count(f'wave {wave} of 2'))
        self.assertNotIn('\x1b', result.out)

    def test_frames_in_a_terminal(self):
        with mock.patch('time.sleep') as sleep:
            result = self.run_command(
                'animate', self.snapshot, self.plan, '--delay', '0.5', tty=True
            )
        self.assertEqual(3, result.out.count('\x1b[2J'))
        self.assertEqual([mock.call(0.5)] * 2, sleep.mock_calls)

    def test_json(self):
        result = self.run_command(
            'animate', self.snapshot, self.plan, '-f', 'json'
        )
        self.assertEqual(
            {
                'waves': [
                    {'wave': 1, 'actions': ['1']},
                    {'wave': 2, 'actions': ['2']},
                ]
            },
            result.document,
        )

    def test_a_plan_in_disorder_has_no_waves(self):
        document = documents.plan()
        document['actions'].reverse()
        plan = self.write('p.json', document)
        result = self.run_command('animate', self.snapshot, plan)
        self.assertEqual(2, result.status)
        self.assertIn('does not stand before this action', result.err)


class TestReport(base.CommandTestCase):
    def test_page(self):
        snapshot = self.write('s.json', documents.snapshot())
        plan = self.write('p.json', documents.plan())
        page = self.path('page.html')
        words = ('report', snapshot, plan, '-o', page, '--title', 'R & D')
        result = self.run_command(*words)
        self.assertEqual((0, f'wrote {page}\n'), (result.status, result.out))
        with open(page, encoding='utf-8') as file:
            self.assertIn('<h1>R &amp; D</h1>', file.read())
        result = self.run_command(*words, '-f', 'json')
        self.assertEqual({'page': page}, result.document)


class TestGenerate(base.CommandTestCase):
    def test_the_snapshot_itself(self):
        words = ('generate', '--nodes', '3', '--fill', '0.3', '--seed', '4')
        result = self.run_command(*words)
        snapshot = reader.snapshot_from_document(result.document)
        self.assertEqual(3, len(snapshot.compute_nodes))
        self.assertEqual(result, self.run_command(*words, '-f', 'json'))
        text = self.run_command(*words, '-f', 'yaml').out
        self.assertEqual(result.document, yaml.safe_load(text))

    def test_a_file(self):
        words = ('generate', '--nodes', '3', '-o', self.path('s.json'))
        result = self.run_command(*words)
        self.assertRegex(result.out, r'^wrote .*: 3 nodes, \d+ instances\n$')
        snapshot = reader.read_snapshot(self.path('s.json'))
        self.assertEqual(3, len(snapshot.compute_nodes))
        result = self.run_command(*words, '-f', 'json')
        self.assertEqual(self.read('s.json'), result.document)

    def test_every_option(self):
        result = self.run_command(
            'generate',
            *('--nodes', '9', '--instances-per-node', '4', '--azs', '3'),
            *('--disabled', '1', '--down', '1', '--groups', '2'),
            *('--locked-pct', '25', '--stopped-pct', '50', '--heterogeneous'),
        )
        snapshot = reader.snapshot_from_document(result.document)
        self.assertEqual(7, sum(n.receives for n in snapshot.compute_nodes))
        self.assertEqual(36, len(snapshot.instances))
        self.assertEqual(9, sum(i.locked for i in snapshot.instances))
        self.assertEqual(2, len(snapshot.server_groups))

    def test_bad_numbers(self):
        result = self.run_command('generate', '--nodes', '0', '--fill', '2')
        self.assertEqual((2, ''), (result.status, result.out))
        self.assertEqual(2, len(result.problems))

    def test_nothing_is_left_of_a_failure(self):
        self.run_command('generate', '--nodes', '0', '-o', self.path('s.json'))
        self.assertEqual([], os.listdir(self.folder))
