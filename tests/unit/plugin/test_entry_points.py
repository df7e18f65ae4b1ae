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

"""What Watcher finds: names, schemas and options."""

from __future__ import annotations

import ast
import configparser
import importlib
import json
import pathlib
import unittest

import jsonschema

from oslo_config import cfg
from watcher.common import utils

from watcher_rearrange.plugin import conf
from watcher_rearrange.plugin import guarding
from watcher_rearrange.plugin import rendering
from watcher_rearrange.policies import parameters


ROOT = pathlib.Path(__file__).resolve().parents[3]


def entry_points(group):
    """Return the entry points of a group, loaded, by name."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    found = {}
    for line in setup['entry_points'][group].split('\n'):
        name, _, path = line.partition('=')
        if path:
            module, _, attribute = path.strip().partition(':')
            found[name.strip()] = getattr(
                importlib.import_module(module), attribute
            )
    return found


class TestNames(unittest.TestCase):
    def test_names_agree(self):
        for group in ('goals', 'strategies', 'planners', 'actions'):
            plugins = entry_points(f'watcher_{group}')
            self.assertTrue(plugins)
            for name, plugin in plugins.items():
                self.assertEqual(name, plugin.get_name())

    def test_goals_of_the_strategies_are_there(self):
        goals = entry_points('watcher_goals')
        for strategy in entry_points('watcher_strategies').values():
            self.assertIn(strategy.get_goal_name(), goals)
            self.assertTrue(strategy.get_display_name())
            self.assertEqual(
                strategy.get_display_name(),
                strategy.get_translatable_display_name(),
            )

    def test_actions_that_the_planner_writes_are_there(self):
        actions = entry_points('watcher_actions')
        for kind in (rendering.MIGRATE, rendering.CHANGE_SERVICE):
            self.assertIn(rendering.GUARDED + kind, actions)

    def test_every_strategy_of_the_command_line_is_there(self):
        self.assertEqual(
            set(parameters.STRATEGIES), set(entry_points('watcher_strategies'))
        )


class TestSchemas(unittest.TestCase):
    def schemas(self):
        for name, strategy in entry_points('watcher_strategies').items():
            with self.subTest(name):
                yield strategy.get_schema()

    def test_unchanged_by_a_restart(self):
        # How Watcher compares its database with the code: anything but
        # plain data cancels all audits of the strategy at every start.
        for schema in self.schemas():
            stored = json.loads(json.dumps(schema))
            self.assertEqual(stored, ast.literal_eval(str(schema)))
            self.assertEqual(str(stored), str(schema))

    def test_every_parameter_is_documented_and_has_a_default(self):
        for schema in self.schemas():
            for spec in schema['properties'].values():
                self.assertTrue(spec['description'])
                self.assertIn('default', spec)
                self.assertIn('type', spec)

    def test_defaults_are_filled_in(self):
        for schema in self.schemas():
            given = {}
            utils.StrictDefaultValidatingDraft4Validator(schema).validate(
                given
            )
            self.assertEqual(set(schema['properties']), set(given))

    def check(self, strategy, parameters):
        """Do what Watcher's API does with the parameters of an audit."""
        schema = entry_points('watcher_strategies')[strategy].get_schema()
        utils.StrictDefaultValidatingDraft4Validator(schema).validate(
            parameters
        )

    def test_watcher_takes_what_is_nested(self):
        size = {'VCPU': 4, 'MEMORY_MB': 8192, 'weight': 2}
        term = {'name': 'fragmentation', 'flavors': {'big': size}}
        stage = {'strategy': 'evacuate', 'parameters': {'nodes': ['cmp01']}}
        sized = {'big': {**size, 'count': 3}, 'small': 0}
        self.check('rearrange_defragment', {'flavors': sized})
        self.check('rearrange_optimize', {'objectives': [[term]]})
        self.check('rearrange_combined', {'stages': [stage]})

    def test_watcher_refuses_what_is_nested_and_wrong(self):
        for strategy, given in (
            ('rearrange_defragment', {'flavors': {'big': 'many'}}),
            ('rearrange_defragment', {'flavors': {'big': {'vcpu': 1}}}),
            ('rearrange_optimize', {'objectives': [['imbalance']]}),
            ('rearrange_optimize', {'objectives': [[{'weight': 1}]]}),
            ('rearrange_combined', {'stages': ['evacuate']}),
            ('rearrange_combined', {'stages': [{'parameters': {}}]}),
        ):
            with (
                self.subTest(strategy, given=given),
                self.assertRaises(jsonschema.ValidationError),
            ):
                self.check(strategy, given)

    def test_a_copy_each_time(self):
        for strategy in entry_points('watcher_strategies').values():
            strategy.get_schema()['properties'].clear()
            self.assertTrue(strategy.get_schema()['properties'])


class TestOptions(unittest.TestCase):
    def test_groups(self):
        groups = dict(conf.list_opts())
        self.assertEqual(
            {
                'watcher_strategies.rearrange_rebalance',
                'watcher_strategies.rearrange_consolidate',
                'watcher_strategies.rearrange_evacuate',
                'watcher_strategies.rearrange_combined',
                'watcher_strategies.rearrange_defragment',
                'watcher_strategies.rearrange_optimize',
                'watcher_strategies.rearrange_policy',
                'watcher_planners.rearrange',
                'watcher_rearrange',
                'glance',
                'neutron',
            },
            set(groups),
        )
        self.assertEqual(
            [guarding.GUARD_ACTIONS], groups['watcher_planners.rearrange']
        )

    def test_what_is_of_the_cloud_can_be_said_once(self):
        groups = dict(conf.list_opts())
        common = {option.name for option in groups.pop('watcher_rearrange')}
        for name in ('policy_path', 'scheduler_filters', 'scheduler_sync_s'):
            self.assertIn(name, common)
        for options in groups.values():
            for option in options:
                if option.name in common:
                    self.assertIsNone(option.default)

    def test_every_option_can_be_registered_and_has_help(self):
        config = cfg.ConfigOpts()
        for group, options in conf.list_opts():
            config.register_opts(options, group=group)
            for option in options:
                self.assertTrue(option.help)
        config([], default_config_files=[], default_config_dirs=[])
        self.assertTrue(config['watcher_planners.rearrange'].guard_actions)

    def test_strategies_have_the_option_of_the_base_class(self):
        for strategy in entry_points('watcher_strategies').values():
            names = [option.name for option in strategy.get_config_opts()]
            self.assertIn('datasources', names)
            self.assertIn('time_limit_s', names)
