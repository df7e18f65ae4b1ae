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

"""Processes of a minicloud, and those of others with the same numbers."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from tests.functional.minicloud import processes


class TestProcesses(unittest.TestCase):
    """Real processes in a folder of their own."""

    def setUp(self) -> None:
        """Make the folder."""
        super().setUp()
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)
        self.processes = processes.Processes(self.folder, self.folder)

    def start(self) -> None:
        """Start one that lasts."""
        self.processes.start('sleeper', ['sleep', '600'])
        self.addCleanup(self.processes.stop, ['sleeper'])

    def test_started_and_stopped(self) -> None:
        """It is known by its name as long as it runs."""
        self.start()
        self.assertEqual(['sleeper'], list(self.processes.running()))
        self.processes.stop(['sleeper'])
        self.assertEqual({}, self.processes.running())

    def test_killed(self) -> None:
        """A process that is gone cannot be killed again."""
        self.start()
        self.processes.kill('sleeper')
        self.assertRaises(processes.CloudError, self.processes.kill, 'sleeper')

    def test_started_twice(self) -> None:
        """A second one of the name would hide the first."""
        self.start()
        before = self.processes.running()
        with self.assertRaisesRegex(processes.CloudError, 'runs already'):
            self.processes.start('sleeper', ['sleep', '600'])
        self.assertEqual(before, self.processes.running())

    def test_number_given_again(self) -> None:
        """A process that began at another time or boot is somebody else's."""
        self.start()
        path = self.folder / 'sleeper.pid'
        pid, born, boot_id = path.read_text().split()
        for text in (
            f'{pid} {int(born) - 1} {boot_id}',
            f'{pid} {born} another',
            pid,
            '',
        ):
            path.write_text(text)
            self.assertEqual({}, self.processes.running())
        path.write_text(f'{pid} {born} {boot_id}')
        self.assertEqual({'sleeper': int(pid)}, self.processes.running())

    def test_clock_is_set(self) -> None:
        """What the clock said at the start does not matter."""
        self.start()
        os.utime(self.folder / 'sleeper.pid', (1, 1))
        self.assertEqual(['sleeper'], list(self.processes.running()))

    def test_family_is_ended(self) -> None:
        """What a process started ends with it."""
        with subprocess.Popen(['sh', '-c', 'sleep 600; true']) as parent:
            processes.end(parent.pid)
            self.assertEqual(-signal.SIGTERM, parent.wait())

    def test_wait_in_vain(self) -> None:
        """The error says how it was seen last."""
        seen = iter(range(100))
        with self.assertRaisesRegex(processes.CloudError, 'for 5, still 1'):
            processes.look_until(
                lambda: next(seen),
                lambda number: number == 5,
                lambda number: f'5, still {number}',
                0.01,
                0.02,
            )

    def test_command_that_fails(self) -> None:
        """The error has what the command wrote."""
        with self.assertRaisesRegex(processes.CloudError, 'no such thing'):
            self.processes.call(['sh', '-c', 'echo no such thing; exit 3'])
