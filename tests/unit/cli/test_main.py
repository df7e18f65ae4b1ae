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

"""What all commands have in common."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

from unittest import mock

from tests.unit.cli import base
from watcher_rearrange.cli import main


ROOT = pathlib.Path(__file__).resolve().parents[3]


class TestMain(base.CommandTestCase):
    def test_help_lists_every_command(self):
        result = self.run_command('--help')
        self.assertEqual((0, ''), (result.status, result.err))
        for name in main.COMMANDS:
            self.assertIn(f'\n    {name} ', result.out)
        self.assertIn('exit status: 0', result.out)

    def test_every_command_has_help(self):
        for name in main.COMMANDS:
            result = self.run_command(name, '--help')
            self.assertEqual((0, ''), (result.status, result.err))
            self.assertIn('--format', result.out)

    def test_version(self):
        result = self.run_command('--version')
        self.assertEqual(0, result.status)
        self.assertTrue(result.out.startswith('watcher-rearrange '))

    def test_wrong_arguments_are_bad_input(self):
        for words in (
            (),
            ('fly',),
            ('show',),
            ('show', 'a', 'b', 'c'),
            ('plan', 'a'),
            ('generate', '--nodes', 'many'),
            ('generate', '-f', 'xml'),
            ('path', 'a', 'b', '--time-limit', 'nan'),
            ('path', 'a', 'b', '--time-limit', '0'),
            ('check', 'a', 'b', '--interleavings', '-1'),
        ):
            result = self.run_command(*words)
            self.assertEqual((2, ''), (result.status, result.out), words)
            self.assertIn('error: ', result.err)

    def test_an_unexpected_error_is_one_line(self):
        target = 'watcher_rearrange.snapshot.generator.generate'
        with mock.patch(target, side_effect=RuntimeError('no\nluck')):
            result = self.run_command('generate')
            self.assertEqual(70, result.status)
            self.assertEqual(
                ['unexpected RuntimeError: no luck (--debug shows where)'],
                result.problems,
            )
            result = self.run_command('generate', '--debug')
            self.assertIn('Traceback', result.err)

    def test_ctrl_c_is_quiet(self):
        target = 'watcher_rearrange.snapshot.generator.generate'
        with mock.patch(target, side_effect=KeyboardInterrupt):
            result = self.run_command('generate')
        self.assertEqual((130, ''), (result.status, result.err))

    def test_a_reader_that_goes_away_is_no_error(self):
        target = 'watcher_rearrange.snapshot.generator.generate'
        with mock.patch(target, side_effect=BrokenPipeError):
            result = self.run_command('generate')
        self.assertEqual((141, ''), (result.status, result.err))

    def test_standard_input_is_read_once(self):
        for words in (
            ('show', '-', '-'),
            ('path', '-', '-'),
            ('check', '-', 'x', '-'),
            ('animate', '-', '-'),
            ('report', '-', '-', '-o', self.path('x.html')),
        ):
            result = self.run_command(*words)
            self.assertEqual(2, result.status)
            self.assertEqual(
                ['-: standard input can only be one of the files'],
                result.problems,
            )


class TestProcess(base.CommandTestCase):
    def python(self, *words: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            check=False,
            cwd=ROOT,
            **options,
        )

    def test_module(self):
        result = self.python(
            '-m', 'watcher_rearrange', 'generate', '--nodes', '0'
        )
        self.assertEqual(2, result.returncode)
        self.assertEqual(b'nodes: 0 is not at least 1\n', result.stderr)

    def test_help_imports_nothing_slow(self):
        script = (
            'import sys\n'
            'from watcher_rearrange.cli import main\n'
            'main.main(["plan", "--help"])\n'
            'slow = {"numpy", "yaml", "prettytable", "jsonschema"}\n'
            'sys.exit(str(slow & set(sys.modules)))\n'
        )
        result = self.python('-c', script)
        self.assertEqual(b'set()\n', result.stderr)

    # Only the annealing needs it, and it takes longer than all the rest.
    def test_scipy_is_imported_when_it_is_needed(self):
        script = (
            'import sys\n'
            'from watcher_rearrange.planning import pipeline\n'
            'sys.exit(str("scipy" in sys.modules))\n'
        )
        result = self.python('-c', script)
        self.assertEqual(b'False\n', result.stderr)

    def test_a_terminal_that_cannot_show_a_name(self):
        snapshot = self.write(
            's.json',
            {
                'version': 1,
                'compute_nodes': [{'hostname': 'ü→', 'inventories': {}}],
                'instances': [],
            },
        )
        result = self.python(
            '-m',
            'watcher_rearrange',
            'show',
            snapshot,
            env={**os.environ, 'PYTHONIOENCODING': 'ascii'},
        )
        self.assertEqual((0, b''), (result.returncode, result.stderr))
        self.assertIn(rb'\xfc\u2192', result.stdout)
