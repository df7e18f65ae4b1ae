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

"""The DevStack plugin, phase by phase, on a database of its own."""

from __future__ import annotations

import configparser
import os
import pathlib
import subprocess
import sys
import tempfile

from tests.functional.minicloud import base
from tests.functional.minicloud import infrastructure
from tests.functional.minicloud import layout as layouts
from tests.functional.minicloud import operator_case


HARNESS = layouts.HERE / 'devstack.sh'
TOP = layouts.HERE.parents[2]
DATABASE = 'watcher_devstack'
SERVICES = 'watcher-api,watcher-decision-engine,watcher-applier'
FILTERS = 'ComputeFilter,ComputeCapabilitiesFilter'


class TestDevStack(base.CloudTestCase):
    """What stack.sh, unstack.sh and clean.sh do with the plugin.

    DevStack's own functions are stand-ins; pip, Watcher and its database
    are real.
    """

    def setUp(self) -> None:
        """Install Watcher and create its tables, as its own plugin does."""
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix='devstack-')
        self.addCleanup(folder.cleanup)
        self.dest = pathlib.Path(folder.name)
        self.bin = self.dest / 'venv' / 'bin'
        (self.dest / 'watcher-rearrange').symlink_to(TOP)
        self.call(sys.executable, '-m', 'venv', self.dest / 'venv')
        self.call(
            self.bin / 'pip',
            'install',
            '--quiet',
            'python-watcher==17.0.0',
            'PyMySQL',
        )
        self.conf = self.dest / 'watcher.conf'
        layout = self.cloud.layout
        self.conf.write_text(
            '[DEFAULT]\n'
            f'transport_url = {layout.bus_url}\n'
            '[database]\n'
            f'connection = {layout.database_url(DATABASE)}\n'
        )
        self.sql(f'CREATE OR REPLACE DATABASE {DATABASE};')
        self.addCleanup(self.sql, f'DROP DATABASE {DATABASE};')
        config = ('--config-file', self.conf)
        self.call(self.bin / 'watcher-db-manage', *config, 'upgrade')

    def call(self, *words: object, **environment: str) -> str:
        """Run a command that succeeds and return what it wrote."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(('OS_', 'PYTHON', 'WATCHER_'))
        }
        ended = subprocess.run(
            [str(word) for word in words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**kept, **environment},
        )
        self.assertEqual(0, ended.returncode, ended.stdout[-3000:])
        return ended.stdout

    def sql(self, statements: str) -> str:
        """Execute SQL and return the rows."""
        return infrastructure.execute(
            self.cloud.layout, self.cloud.processes, statements
        )

    def phase(self, phase: str, services: str = SERVICES) -> str:
        """Run a phase of the plugin."""
        return self.call(
            HARNESS,
            phase,
            DEST=str(self.dest),
            WATCHER_CONF=str(self.conf),
            PIP_VIRTUAL_ENV=str(self.dest / 'venv'),
            ENABLED_SERVICES=services,
            NOVA_FILTERS=FILTERS,
        )

    def strategies(self) -> set[str]:
        """Return this package's strategies in the database."""
        rows = self.sql(
            f'SELECT name FROM {DATABASE}.strategies '
            "WHERE deleted_at IS NULL AND name LIKE 'rearrange%';"
        )
        return set(rows.split())

    def is_installed(self) -> bool:
        """Return whether the package is in the environment."""
        listed = self.call(self.bin / 'pip', 'list')
        return 'watcher-rearrange' in listed

    def options(self) -> dict[str, dict[str, str]]:
        """Return what the configuration file says, by section."""
        parser = configparser.RawConfigParser(default_section='')
        parser.read(self.conf)
        return {name: dict(parser[name]) for name in parser.sections()}

    def test_phases(self) -> None:
        """From nothing to a registered package and back."""
        self._other_host()
        for phase in ('override_defaults', 'source', 'stack pre-install'):
            self.phase(phase)
        self.assertFalse(self.is_installed())
        said = self.phase('stack install')
        self.assertIn('required: watcher-rearrange watcher', said)
        self.assertTrue(self.is_installed())

        before = self.options()
        self.phase('stack post-config')
        self.assertEqual(
            {
                **before,
                'watcher_planners.rearrange': {'guard_actions': 'True'},
                'compute_model': {'enable_extended_attributes': 'True'},
                'watcher_rearrange': {'scheduler_filters': FILTERS},
            },
            self.options(),
        )

        self.assertEqual(set(), self.strategies())
        self.phase('stack extra')
        self.assertEqual(set(operator_case.STRATEGIES), self.strategies())
        self.phase('stack test-config')
        self.phase('unstack')
        self.assertTrue(self.is_installed())
        self.phase('clean')
        self.assertFalse(self.is_installed())
        # It may be called again.
        self.phase('clean')

    def _other_host(self) -> None:
        """A host with none of the services that load it is left alone."""
        before = self.conf.read_text()
        for phase in ('stack install', 'stack post-config', 'stack extra'):
            self.phase(phase, services='n-cpu,watcher-api')
        self.assertFalse(self.is_installed())
        self.assertEqual(before, self.conf.read_text())
        self.assertEqual(set(), self.strategies())
