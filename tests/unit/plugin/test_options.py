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

"""Options that the cloud has once, as they stand in a file."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

from unittest import mock

from oslo_config import cfg

from watcher_rearrange.plugin import conf
from watcher_rearrange.plugin import options


REBALANCE = 'watcher_strategies.rearrange_rebalance'
COMMON, OWN = f'[{options.GROUP}]', f'[{REBALANCE}]'


class TestFile(unittest.TestCase):
    def read(self, *lines: str) -> cfg.ConfigOpts:
        config = cfg.ConfigOpts()
        for group, those in conf.list_opts():
            config.register_opts(those, group=group)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'watcher.conf')
            path.write_text('\n'.join(lines))
            config([], default_config_files=[str(path)])
        return config

    def value(self, name: str, *lines: str) -> object:
        """Return what holds for rebalancing."""
        config = self.read(*lines)
        with mock.patch.object(options, 'CONF', config):
            return options.value(name, config[REBALANCE])

    def test_the_common_section(self) -> None:
        lines = (COMMON, 'policy_path = /a')
        self.assertEqual('/a', self.value('policy_path', *lines))

    def test_the_section_of_a_strategy_wins(self) -> None:
        lines = (COMMON, 'policy_path = /a', OWN, 'policy_path = /b')
        self.assertEqual('/b', self.value('policy_path', *lines))
        lines = (COMMON, 'scheduler_filters = A', OWN, 'scheduler_filters =')
        self.assertEqual([], self.value('scheduler_filters', *lines))

    def test_the_former_section_of_an_action(self) -> None:
        config = self.read(
            '[watcher_actions.guarded_migrate]', 'scheduler_sync_s = 7'
        )
        self.assertEqual(7, config[options.GROUP].scheduler_sync_s)
