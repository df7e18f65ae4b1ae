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

"""What a minicloud refuses, and what it leaves alone then."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

from tests.functional.minicloud import cloud as clouds
from tests.functional.minicloud import hosts as host_files
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import processes as proc


class TestCloud(unittest.TestCase):
    """A cloud of which nothing but a sleeping process runs."""

    def setUp(self) -> None:
        """Choose a folder that is not there."""
        super().setUp()
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.outside = pathlib.Path(made.name).resolve()
        self.folder = self.outside / 'cloud'
        self.layout = layouts.Layout(self.folder)
        self.cloud = clouds.Cloud(self.layout)

    def make(self, *hosts: host_files.Host) -> None:
        """Make the folder of a cloud."""
        self.layout.make()
        host_files.write(self.layout.hosts, hosts)

    def run_process(self, name: str) -> dict[str, int]:
        """Let a process of the cloud run and return it."""
        self.cloud.processes.start(name, ['sleep', '600'])
        self.addCleanup(self.cloud.processes.stop, [name])
        return self.cloud.processes.running()

    def refusal(self, port: int = layouts.Layout.first_port) -> str:
        """Return why a cloud is not started."""
        cloud = clouds.Cloud(layouts.Layout(self.folder, port))
        with self.assertRaises(proc.CloudError) as caught:
            cloud.up(host_files.default_hosts(1))
        return str(caught.exception)

    def test_up_twice(self) -> None:
        """The cloud that runs goes on to run."""
        self.make()
        running = self.run_process('database')
        self.assertIn('runs in', self.refusal())
        self.assertEqual(running, self.cloud.processes.running())

    def test_folder_of_others(self) -> None:
        """A folder with anything else in it is not taken, nor emptied."""
        self.folder.mkdir()
        theirs = self.folder / 'log'
        theirs.write_text('mine')
        for text in (None, '[]', '{"nodes": []}', 'no JSON'):
            if text is not None:
                (self.folder / layouts.MARK).write_text(text)
            self.assertIn('is not empty', self.refusal())
            self.cloud.remove()
            self.assertTrue(theirs.exists())

    def test_other_ports(self) -> None:
        """A cloud that was kept has its ports in its tables."""
        self.make()
        self.assertIn('from 15000', self.refusal(17000))

    def test_find(self) -> None:
        """A folder tells the ports of its cloud."""
        with self.assertRaisesRegex(proc.CloudError, 'no cloud in'):
            clouds.Cloud.find(self.folder)
        self.make()
        self.assertEqual(self.layout, clouds.Cloud.find(self.folder).layout)

    def test_remove(self) -> None:
        """Only what it made is deleted."""
        self.make()
        theirs = self.folder / 'notes'
        theirs.write_text('mine')
        self.cloud.remove()
        self.assertEqual([theirs], list(self.folder.iterdir()))

    def test_remove_all(self) -> None:
        """The folder goes too if nothing is left in it."""
        self.make()
        self.cloud.remove()
        self.assertFalse(self.folder.exists())

    def test_start_a_host(self) -> None:
        """A process is started by its own name, not by that of a host."""
        self.make(host_files.Host('cmp01'), host_files.Host('cmp02'))
        running = self.run_process('compute-cmp01')
        for name in ('cmp01', 'compute-cmp02', 'watcher-nothing'):
            with self.assertRaisesRegex(proc.CloudError, 'no process'):
                self.cloud.start(name)
        with self.assertRaisesRegex(proc.CloudError, 'runs already'):
            self.cloud.start('compute-cmp01')
        self.assertEqual(running, self.cloud.processes.running())

    def test_missing(self) -> None:
        """What should run and does not, in the order of its start."""
        self.make(host_files.Host('cmp01'), host_files.Host('cmp02'))
        self.run_process('watcher-applier')
        missing = self.cloud.missing()
        self.assertEqual('epmd', missing[0])
        self.assertEqual('compute-cmp01', missing[-1])
        self.assertNotIn('watcher-applier', missing)


class TestHosts(unittest.TestCase):
    """The file of computes."""

    def test_no_file(self) -> None:
        """The error names the file."""
        with self.assertRaisesRegex(ValueError, 'missing.json holds no'):
            host_files.read(pathlib.Path('/missing.json'))
