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

"""``plan`` and ``path``."""

from __future__ import annotations

import contextlib
import io
import json
import logging

from unittest import mock

import yaml

from tests.unit.cli import base
from tests.unit.snapshot import documents
from watcher_rearrange.cli import output
from watcher_rearrange.cli import plan as command
from watcher_rearrange.model import errors
from watcher_rearrange.model import plan
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.limits import Limits
from watcher_rearrange.snapshot import reader


PIPELINE = 'watcher_rearrange.planning.pipeline'


def a_plan() -> plan.Plan:
    snapshot = reader.snapshot_from_document(documents.snapshot())
    return reader.plan_from_document(documents.plan(), snapshot)


class TestParameters(base.CommandTestCase):
    def test_json_where_it_is_json(self):
        self.assertEqual(
            {
                'a': 1,
                'b': [1, 'x'],
                'c': 'cmp01',
                'd': 'x=y',
                'e': '',
                'f': 'NaN',
                'g': None,
                'h': '[' * 100000,
            },
            command.parse_parameters(
                [
                    'a=1',
                    'b=[1, "x"]',
                    'c=cmp01',
                    'd=x=y',
                    'e=',
                    'f=NaN',
                    'g=null',
                    'h=' + '[' * 100000,
                ]
            ),
        )

    def test_every_problem(self):
        with self.assertRaises(errors.BadInput) as caught:
            command.parse_parameters(['a', '=1', 'b=1', 'b=2'])
        self.assertEqual(
            (
                "parameter 'a': is not NAME=VALUE",
                "parameter '=1': is not NAME=VALUE",
                "parameter 'b': is given twice",
            ),
            caught.exception.problems,
        )


class TestPlan(base.CommandTestCase):
    def setUp(self):
        super().setUp()
        self.snapshot = self.write('s.json', documents.snapshot())
        patch = mock.patch(f'{PIPELINE}.plan', return_value=a_plan())
        self.plan = patch.start()
        self.addCleanup(patch.stop)

    def test_passes_on_what_was_given(self):
        self.run_command(
            'plan',
            self.snapshot,
            '-s',
            'evacuate',
            '-p',
            'nodes=["cmp01"]',
            '-p',
            'allow_cold=true',
            '--seed',
            '3',
        )
        self.plan.assert_called_once_with(
            reader.snapshot_from_document(documents.snapshot()),
            'evacuate',
            {'nodes': ['cmp01'], 'allow_cold': True, 'seed': 3},
            pipeline.Business(),
        )

    def test_formats(self):
        words = ('plan', self.snapshot, '-s', 'rebalance')
        result = self.run_command(*words)
        self.assertEqual((0, ''), (result.status, result.err))
        self.assertIn('empties cmp01', result.out)
        result = self.run_command(*words, '-f', 'json')
        self.assertEqual(documents.plan(), result.document)
        result = self.run_command(*words, '-f', 'yaml')
        self.assertEqual(documents.plan(), yaml.safe_load(result.out))

    def test_the_file_is_json_whatever_is_shown(self):
        result = self.run_command(
            'plan', self.snapshot, '-s', 'rebalance', '-o', self.path('p.json')
        )
        self.assertIn('Status: FEASIBLE', result.out)
        self.assertEqual(documents.plan(), self.read('p.json'))

    def test_snapshot_from_standard_input(self):
        result = self.run_command(
            'plan',
            '-',
            '-s',
            'rebalance',
            stdin=json.dumps(documents.snapshot()),
        )
        self.assertEqual(0, result.status)
        result = self.run_command('plan', '-', '-s', 'rebalance', stdin='{}')
        self.assertEqual(2, result.status)
        self.assertTrue(result.problems)

    def test_status(self):
        for status, expected in (
            ('OPTIMAL', 0),
            ('FEASIBLE', 0),
            ('NO_CHANGE', 0),
            ('INFEASIBLE', 3),
            ('TIME_LIMIT', 4),
        ):
            self.plan.return_value = plan.Plan(plan.Status(status))
            result = self.run_command(
                'plan', self.snapshot, '-s', 'rebalance', '-f', 'json'
            )
            self.assertEqual(expected, result.status)
            self.assertEqual(status, result.document['status'])

    def test_bad_input_names_the_file_and_every_problem(self):
        document = documents.snapshot()
        document['instances'][0]['host'] = 'cmp99'
        document['extra'] = 1
        bad = self.write('bad.json', document)
        result = self.run_command('plan', bad, '-s', 'rebalance')
        self.assertEqual((2, ''), (result.status, result.out))
        self.assertEqual(
            [
                f'{bad}: extra: unknown key',
                f"{bad}: instances[0].host: 'cmp99' is not a compute node",
            ],
            result.problems,
        )
        self.plan.assert_not_called()

    def test_seed_twice(self):
        result = self.run_command(
            'plan',
            self.snapshot,
            *('-s', 'rebalance', '--seed', '1', '-p', 'seed=1'),
        )
        self.assertEqual(2, result.status)
        self.assertEqual(["parameter 'seed': is given twice"], result.problems)

    def test_a_file_that_cannot_be_written_is_found_out_first(self):
        for path in (self.path('absent/p.json'), self.folder, '-', ''):
            result = self.run_command(
                'plan', self.snapshot, '-s', 'rebalance', '-o', path
            )
            self.assertEqual(2, result.status)
        self.plan.assert_not_called()


class TestPlanForReal(base.CommandTestCase):
    """Without a double: the parameters reach the strategies."""

    def setUp(self):
        super().setUp()
        self.snapshot = self.write('s.json', documents.snapshot())

    def test_evacuation(self):
        result = self.run_command(
            'plan',
            self.snapshot,
            *('-s', 'evacuate', '-p', 'nodes=["cmp01"]', '-f', 'json'),
        )
        self.assertEqual(0, result.status)
        # How far it is goes to standard error.
        self.assertIn('path: migrations 1,', result.err)
        moves = [a for a in result.document['actions'] if 'instance' in a]
        self.assertEqual(['a'], [a['instance'] for a in moves])

    def test_unknown_strategies_and_parameters(self):
        result = self.run_command('plan', self.snapshot, '-s', 'explode')
        self.assertEqual((2, 1), (result.status, len(result.problems)))
        result = self.run_command(
            'plan',
            self.snapshot,
            *('-s', 'rebalance', '-p', 'colour=red', '-p', 'seed="x"'),
        )
        self.assertEqual((2, 2), (result.status, len(result.problems)))

    def test_same_seed_same_bytes(self):
        snapshot = self.path('generated.json')
        self.run_command('generate', '--nodes', '6', '-o', snapshot)
        words = ('plan', snapshot, '-s', 'consolidate', '--seed', '1')
        first, second = (
            self.run_command(*words, '-f', 'json') for _ in range(2)
        )
        self.assertEqual(first, second)


class TestPath(base.CommandTestCase):
    def setUp(self):
        super().setUp()
        self.snapshot = self.write('s.json', documents.snapshot())
        self.target = self.write('t.json', documents.target())

    def test_passes_on_what_was_given(self):
        with mock.patch(
            f'{PIPELINE}.find_path', return_value=a_plan()
        ) as find:
            result = self.run_command(
                'path',
                self.snapshot,
                self.target,
                *('--time-limit', '5', '--seed', '2', '-f', 'json'),
                *('--max-outgoing', '0', '--max-incoming', '2'),
                *('--cost', 'memory'),
            )
        self.assertEqual(documents.plan(), result.document)
        snapshot = reader.snapshot_from_document(documents.snapshot())
        find.assert_called_once_with(
            snapshot,
            reader.target_from_document(documents.target(), snapshot),
            time_limit_s=5.0,
            seed=2,
            limits=Limits(max_outgoing=None, max_incoming=2),
            cost='memory',
        )

    def test_for_real(self):
        result = self.run_command(
            'path', self.snapshot, self.target, '-o', self.path('p.json')
        )
        self.assertEqual((0, ''), (result.status, result.err))
        self.assertEqual(1, len(self.read('p.json')['actions']))

    def test_a_bad_target(self):
        target = self.write('t.json', {'version': 1, 'placement': {'z': 'q'}})
        result = self.run_command('path', self.snapshot, target)
        self.assertEqual(2, result.status)
        self.assertEqual(
            [
                f"{target}: placement.z: 'z' is not an instance",
                f"{target}: placement.z: 'q' is not a compute node",
            ],
            result.problems,
        )

    def test_infeasible(self):
        document = documents.snapshot()
        document['instances'][0]['allocations'] = {'VCPU': 8}
        snapshot = self.write('s.json', document)
        target = self.write(
            't.json', {'version': 1, 'placement': {'a': 'cmp02'}}
        )
        result = self.run_command('path', snapshot, target, '-f', 'json')
        self.assertEqual(3, result.status)
        self.assertEqual('INFEASIBLE', result.document['status'])
        self.assertTrue(result.document['messages'])


class TestProgress(base.CommandTestCase):
    def test_progress_goes_to_standard_error(self):
        stream = io.StringIO()
        logger = logging.getLogger('watcher_rearrange.planning')
        with contextlib.redirect_stderr(stream), output.progress():
            logger.info('level 1: 5 after 2 s')
        logger.info('not shown')
        self.assertEqual('level 1: 5 after 2 s\n', stream.getvalue())
