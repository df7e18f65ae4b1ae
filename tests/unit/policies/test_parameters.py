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

from __future__ import annotations

import ast
import json
import unittest

from typing import Any

from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.policies import parameters
from watcher_rearrange.policies.combined import CombinedPolicy
from watcher_rearrange.policies.consolidate import ConsolidatePolicy
from watcher_rearrange.policies.evacuate import EvacuatePolicy
from watcher_rearrange.policies.optimize import OptimizePolicy
from watcher_rearrange.policies.rebalance import RebalancePolicy


class TestSchemas(unittest.TestCase):
    def test_they_survive_the_database(self) -> None:
        # Watcher cancels all audits of a strategy whose schema does not.
        for name in parameters.STRATEGIES:
            found = parameters.schema(name)
            self.assertEqual(found, ast.literal_eval(str(found)), name)
            self.assertEqual(found, json.loads(json.dumps(found)), name)

    def test_every_parameter_is_described_and_has_a_default(self) -> None:
        for name in parameters.STRATEGIES:
            for key, spec in parameters.schema(name)['properties'].items():
                for part in ('type', 'default', 'description'):
                    self.assertIn(part, spec, (name, key))

    def test_every_number_is_bounded(self) -> None:
        for name in parameters.STRATEGIES:
            for key, spec in parameters.schema(name)['properties'].items():
                if spec['type'] in ('number', 'integer'):
                    self.assertIn('minimum', spec, (name, key))

    def test_the_defaults_are_valid(self) -> None:
        for name in parameters.STRATEGIES:
            spec = parameters.schema(name)['properties']
            given = {key: value['default'] for key, value in spec.items()}
            self.assertEqual(
                parameters.policy(name, {}), parameters.policy(name, given)
            )

    def test_a_copy_is_handed_out(self) -> None:
        parameters.schema('rebalance')['properties'].clear()
        self.assertTrue(parameters.schema('rebalance')['properties'])


class TestNames(unittest.TestCase):
    def test_with_and_without_the_prefix(self) -> None:
        self.assertIs(
            parameters.find('rebalance'),
            parameters.find('rearrange_rebalance'),
        )

    def test_an_unknown_one_is_refused_with_those_there_are(self) -> None:
        with self.assertRaisesRegex(BadInput, 'rearrange_evacuate'):
            parameters.policy('tidy_up', {})


class TestDefaults(unittest.TestCase):
    def test_rebalance(self) -> None:
        found = parameters.policy('rebalance', {})
        assert isinstance(found, RebalancePolicy)
        self.assertEqual(('VCPU', 'MEMORY_MB'), found.dimensions)
        self.assertEqual(5.0, found.threshold_pct)
        self.assertIsNone(found.max_migrations)
        self.assertFalse(found.options.move_locked)
        self.assertFalse(found.options.move_numa)

    def test_who_may_be_moved(self) -> None:
        for name in ('move_locked', 'cold_if_not_live', 'move_numa'):
            found = parameters.policy('rebalance', {name: True})
            self.assertTrue(getattr(found.options, name))

    def test_consolidate(self) -> None:
        found = parameters.policy('consolidate', {'max_migrations': 7})
        assert isinstance(found, ConsolidatePolicy)
        self.assertEqual(1, found.spare_nodes)
        self.assertTrue(found.disable_freed_nodes)
        self.assertEqual(7, found.max_migrations)

    def test_evacuate(self) -> None:
        found = parameters.policy(
            'evacuate', {'nodes': ['c1'], 'allow_cold': False}
        )
        assert isinstance(found, EvacuatePolicy)
        self.assertEqual(('c1',), found.nodes)
        self.assertEqual(frozenset(('c1',)), found.options.named_nodes)
        self.assertFalse(found.options.allow_cold)
        self.assertFalse(found.all_or_nothing)

    def test_one_default_is_not_shared(self) -> None:
        one = parameters.policy('consolidate', {})
        other = parameters.policy('consolidate', {})
        assert isinstance(one, ConsolidatePolicy)
        assert isinstance(other, ConsolidatePolicy)
        self.assertIsNot(one.max_utilization_pct, other.max_utilization_pct)


class TestProblems(unittest.TestCase):
    def _problems(self, name: str, **given: Any) -> tuple[str, ...]:
        with self.assertRaises(BadInput) as caught:
            parameters.policy(name, given)
        return caught.exception.problems

    def test_all_are_listed_at_once(self) -> None:
        found = self._problems(
            'rebalance',
            theshold_pct=5,
            threshold_pct=101,
            dimensions=[],
            seed='x',
        )
        self.assertEqual(
            ['theshold_pct', 'threshold_pct', 'dimensions', 'seed'],
            [problem.partition(':')[0] for problem in found],
        )

    def test_what_an_unknown_one_may_be(self) -> None:
        """All that there is is named only where nothing is near."""
        self.assertEqual(
            ('node: unknown parameter; is it nodes?',),
            self._problems('evacuate', node=['cmp01']),
        )
        (far,) = self._problems('evacuate', xyz=1)
        self.assertIn('there are nodes, disable_nodes', far)

    def test_where_in_a_parameter(self) -> None:
        found = self._problems(
            'consolidate', max_utilization_pct={'VCPU': 120, 'DISK_GB': -1}
        )
        self.assertEqual(
            ['max_utilization_pct.DISK_GB', 'max_utilization_pct.VCPU'],
            sorted(problem.partition(':')[0] for problem in found),
        )

    def test_a_truth_value_is_no_number(self) -> None:
        self._problems('rebalance', seed=True)
        self._problems('rebalance', threshold_pct=True)

    def test_a_node_named_twice(self) -> None:
        self._problems('evacuate', nodes=['c1', 'c1'])

    def test_no_value_at_all(self) -> None:
        self._problems('rebalance', dimensions=None)

    # NaN is neither below a minimum nor above a maximum.
    def test_what_is_not_a_finite_number(self) -> None:
        for name in ('threshold_pct', 'time_limit_s'):
            self._problems('rebalance', **{name: float('nan')})

    def test_what_would_overflow(self) -> None:
        for number in (10**400, 1e300):
            self._problems('consolidate', min_gain_per_migration=number)
            self._problems('consolidate', node_costs={'*': number})
        self._problems('consolidate', max_migrations=10**400)


class TestOptimize(unittest.TestCase):
    def _problems(self, *levels: object) -> str:
        with self.assertRaises(BadInput) as caught:
            parameters.policy('optimize', {'objectives': list(levels)})
        return '; '.join(caught.exception.problems)

    def test_options_have_defaults(self) -> None:
        policy = parameters.policy('optimize', {})
        assert isinstance(policy, OptimizePolicy)
        (soft,), (balance,), (moves,) = policy.levels
        self.assertEqual(
            {'VCPU': 80, 'MEMORY_MB': 80}, soft.options['utilization_pct']
        )
        self.assertEqual(5, balance.enough)
        self.assertEqual((1.0, {}), (moves.weight, moves.options))

    def test_every_problem_of_every_term(self) -> None:
        text = self._problems(
            [{'name': 'migrations', 'dimensions': ['VCPU']}],
            [
                {'name': 'headroom'},
                {'name': 'imbalance', 'weights': {'DISK_GB': 2}},
                {'name': 'proportion', 'dimensions': ['VCPU']},
                {'name': 'moved_gb', 'weight': float('nan')},
            ],
        )
        for problem in (
            'objectives[0][0].dimensions: migrations has no such option',
            'objectives[1][0].free: headroom needs it',
            "objectives[1][1].weights: 'DISK_GB' is not one of",
            'objectives[1][2].dimensions: proportion is of two',
            'objectives[1][3].weight: nan is not a finite number',
        ):
            self.assertIn(problem, text)

    def test_what_is_no_term(self) -> None:
        for level in ([], [{}], [{'name': 'happiness'}], ['migrations'], 'x'):
            self.assertIn('objectives', self._problems(level))
        self.assertIn('objectives', self._problems())
        self._problems([{'name': 'migrations', 'weight': 0}])
        self._problems([{'name': 'migrations', 'weight': 1e9}])

    def test_what_would_overflow(self) -> None:
        for level in (
            [{'name': 'active_nodes', 'node_costs': {'*': 1e300}}],
            [{'name': 'headroom', 'free': {'VCPU': 10**400}}],
            [{'name': 'active_nodes', 'node_costs': {'*': 1e18}}],
            [{'name': 'imbalance', 'weights': {'VCPU': 1e18}}],
            [{'name': 'proportion', 'ratio': 1e18}],
            [{'name': 'proportion', 'ratio': 1e-320}],
        ):
            self.assertIn('objectives', self._problems(level))


class TestCombined(unittest.TestCase):
    def _problems(self, *stages: object, **given: object) -> str:
        with self.assertRaises(BadInput) as caught:
            parameters.policy('combined', {'stages': list(stages), **given})
        return '; '.join(caught.exception.problems)

    def test_shared_parameters_reach_every_stage(self) -> None:
        policy = parameters.policy(
            'combined', {'move_locked': True, 'max_migrations': 7}
        )
        assert isinstance(policy, CombinedPolicy)
        self.assertEqual(['consolidate', 'rebalance'], list(policy.stages))
        for stage in policy.stages.values():
            self.assertTrue(stage.options.move_locked)
            self.assertIsNone(stage.max_migrations)
        self.assertEqual(7, policy.max_migrations)

    def test_nodes_to_evacuate_are_named_to_the_whole(self) -> None:
        policy = parameters.policy(
            'combined',
            {
                'stages': [
                    {'strategy': 'evacuate', 'parameters': {'nodes': ['c1']}}
                ]
            },
        )
        self.assertEqual(frozenset({'c1'}), policy.options.named_nodes)

    def test_order(self) -> None:
        for names in (('rebalance', 'consolidate'), ('evacuate',) * 2):
            stages = [{'strategy': name} for name in names]
            self.assertIn('undo', self._problems(*stages))

    def test_no_stage(self) -> None:
        self.assertIn('at least one', self._problems())

    def test_problems_say_where(self) -> None:
        text = self._problems(
            {'strategy': 'consolidate', 'parameters': {'spare': 1}},
            {
                'strategy': 'rebalance',
                'parameters': {'seed': 1, 'threshold_pct': -1},
            },
        )
        self.assertIn('stages[0].parameters.spare', text)
        self.assertIn('stages[1].parameters.seed: say it once', text)
        self.assertIn('stages[1].parameters.threshold_pct', text)
