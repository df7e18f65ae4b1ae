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

"""The strategies: what becomes of a model, and of what is in the way."""

from __future__ import annotations

import types
import unittest

from unittest import mock

from watcher.common import exception
from watcher.common import utils
from watcher.decision_engine.model import model_root

from tests.unit.plugin import builders
from watcher_rearrange.constraints import movability
from watcher_rearrange.model import errors
from watcher_rearrange.model import plan
from watcher_rearrange.planning import pipeline
from watcher_rearrange.plugin import goals
from watcher_rearrange.plugin.efficacy import figures
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import cloud
from watcher_rearrange.plugin.strategies import combined
from watcher_rearrange.plugin.strategies import consolidate
from watcher_rearrange.plugin.strategies import defragment
from watcher_rearrange.plugin.strategies import evacuate
from watcher_rearrange.plugin.strategies import optimize
from watcher_rearrange.plugin.strategies import rebalance


GOALS = {
    rebalance.Rebalance: goals.CloudRebalancing,
    consolidate.Consolidate: goals.CloudConsolidation,
    evacuate.Evacuate: goals.CloudEvacuation,
    defragment.Defragment: goals.CloudConsolidation,
    combined.Combined: goals.CloudRearrangement,
    optimize.Optimize: goals.CloudRearrangement,
}
NO_LIMITS = {
    'time_limit_s': 0,
    'max_migrations': 0,
    'datasources': None,
    'policy_path': None,
    'scheduler_filters': None,
    'skip_hypervisor_version_check_on_lm': None,
}


def cluster():
    """Two instances on one of three nodes."""
    return builders.model(
        [builders.node_element(f'cmp0{n}') for n in (1, 2, 3)],
        {
            'cmp01': [
                builders.instance_element('a'),
                builders.instance_element('b', state='stopped'),
            ]
        },
    )


def audit(audit_type='ONESHOT'):
    return types.SimpleNamespace(
        audit_type=audit_type, status_message=None, state='PENDING'
    )


def make(strategy_class, parameters=None, model=None, **limits):
    """Return a strategy as Watcher would load it."""
    goal = GOALS[strategy_class](None)
    with mock.patch.object(strategy_class, 'get_goal', return_value=goal):
        made = strategy_class(utils.Struct({**NO_LIMITS, **limits}))
    made._compute_model = cluster() if model is None else model
    made.input_parameters.update(parameters or {})
    return made


def evacuation(**kwargs):
    return make(evacuate.Evacuate, {'nodes': ['cmp01']}, **kwargs)


class StrategyTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        builders.trust_the_model(self)

    def planned(self, strategy, result):
        """Execute a strategy whose planning is replaced.

        :param result: a plan, or an exception
        """
        with mock.patch.object(pipeline, 'plan') as m_plan:
            m_plan.side_effect = [result]
            strategy.execute(audit=audit('CONTINUOUS'))
        return m_plan

    def assert_empty(self, solution):
        self.assertEqual([], solution.actions)
        self.assertTrue(solution.efficacy_indicators)
        self.assertTrue(solution.global_efficacy)


class TestExecute(StrategyTestCase):
    def test_evacuation(self):
        strategy = evacuation()
        solution = strategy.execute(audit=audit())
        self.assertEqual('rearrange', strategy.planner)
        self.assertEqual(
            ['change_nova_service_state', 'migrate', 'migrate'],
            [action['action_type'] for action in solution.actions],
        )
        kinds = {
            action['input_parameters']['resource_name']: (
                action['input_parameters'].get('migration_type')
            )
            for action in solution.actions
        }
        self.assertEqual({'cmp01': None, 'a': 'live', 'b': 'cold'}, kinds)
        self.assertIn('2 migrations', strategy.status_message)

    def test_the_reason_of_a_disabled_node_is_known_as_ours(self):
        solution = evacuation().execute(audit=audit())
        reason = solution.actions[0]['input_parameters']['disabled_reason']
        self.assertEqual('watcher_rearrange: evacuated', reason)
        self.assertTrue(reason.startswith(movability.OWN_REASON))

    def test_indicators_are_those_of_the_goal(self):
        for strategy_class, goal in GOALS.items():
            with self.subTest(strategy_class.NAME):
                solution = make(strategy_class).execute(audit('CONTINUOUS'))
                names = [i.name for i in solution.efficacy_indicators]
                specified = goal(None).efficacy_specification.indicators_specs
                wanted = [spec.name for spec in specified if spec.required]
                known = {spec.name for spec in specified}
                self.assertLessEqual(set(names), known)
                self.assertEqual(wanted, [n for n in names if n in wanted])

    def test_figures_read_objectives_that_plans_have(self):
        for strategy_class, parameters in (
            (rebalance.Rebalance, {}),
            (consolidate.Consolidate, {}),
            (evacuate.Evacuate, {'nodes': ['cmp01']}),
        ):
            strategy = make(strategy_class, parameters)
            strategy.execute(audit=audit())
            rows = {row.name for row in strategy.plan.objectives}
            asked = set()

            def row(self, name, asked=asked):
                asked.add(name)
                return plan.ObjectiveValue(name, 0.0, 0.0, None, '')

            with mock.patch.object(figures.PlanFigures, '_row', row):
                strategy.goal.efficacy_specification.values(strategy.plan)
            with self.subTest(strategy.name):
                self.assertEqual(set(), asked - rows)

    def test_composed_objectives_are_indicators(self):
        strategy = make(optimize.Optimize)
        solution = strategy.execute(audit=audit())
        found = {i.name: i.value for i in solution.efficacy_indicators}
        self.assertGreater(found['imbalance_before'], found['imbalance_after'])
        self.assertIn('soft_threshold_after', found)
        self.assertNotIn('headroom_after', found)

    def test_a_variance_has_indicators_too(self):
        term = {'name': 'imbalance', 'measure': 'variance'}
        strategy = make(optimize.Optimize, {'objectives': [[term]]})
        solution = strategy.execute(audit=audit())
        found = {i.name: i.value for i in solution.efficacy_indicators}
        self.assertGreater(
            found['imbalance_variance_before'],
            found['imbalance_variance_after'],
        )

    def test_loads_of_all_terms_are_measured(self):
        terms = [
            {'name': 'imbalance', 'dimensions': ['cpu_pct', 'VCPU']},
            {'name': 'headroom', 'free': {'memory_mb': 1024}},
        ]
        strategy = make(optimize.Optimize, {'objectives': [terms]})
        self.assertEqual(
            {'cpu_pct', 'memory_mb'}, set(strategy.measured_loads())
        )

    def test_without_an_audit(self):
        self.assertTrue(evacuation().execute().actions)

    def test_a_repeated_move_is_kept(self):
        moves = (
            builders.move('1', 'a', ('cmp01', 'cmp02')),
            builders.move('2', 'a', ('cmp02', 'cmp01'), ('1',)),
            builders.move('3', 'a', ('cmp01', 'cmp02'), ('2',)),
        )
        strategy = evacuation()
        self.planned(strategy, plan.Plan(plan.Status.FEASIBLE, moves))
        self.assertEqual(3, len(strategy.solution.actions))
        self.assertEqual(
            strategy.solution.actions[0], strategy.solution.actions[2]
        )

    def test_messages_of_the_model_are_added(self):
        model = cluster()
        model.add_instance(builders.instance_element('shelved'))
        strategy = evacuation(model=model)
        strategy.execute(audit=audit())
        self.assertIn('on no compute node', strategy.plan.messages[-1])


class TestLimits(StrategyTestCase):
    def given(self, parameters, **limits):
        strategy = make(rebalance.Rebalance, parameters, **limits)
        m_plan = self.planned(strategy, plan.Plan(plan.Status.NO_CHANGE))
        return m_plan.call_args.args[2]

    def test_none(self):
        self.assertEqual({'seed': 1}, self.given({'seed': 1}))

    def test_more_than_the_limit(self):
        given = self.given({'max_migrations': 50}, max_migrations=10)
        self.assertEqual({'max_migrations': 10}, given)

    def test_less_than_the_limit(self):
        given = self.given({'max_migrations': 5}, max_migrations=10)
        self.assertEqual({'max_migrations': 5}, given)

    def test_no_limit_asked_for(self):
        for asked in ({}, {'max_migrations': 0}):
            given = self.given(asked, max_migrations=10)
            self.assertEqual({'max_migrations': 10}, given)

    def test_a_default_above_the_limit(self):
        self.assertEqual({'time_limit_s': 20}, self.given({}, time_limit_s=20))

    def test_a_default_below_the_limit(self):
        self.assertEqual({}, self.given({}, time_limit_s=2000))

    def test_what_is_no_number_is_left_to_the_check(self):
        given = self.given({'max_migrations': 'many'}, max_migrations=10)
        self.assertEqual({'max_migrations': 'many'}, given)


class TestNoPlan(StrategyTestCase):
    def test_nothing_to_do(self):
        made = plan.Plan(plan.Status.NO_CHANGE, messages=('even enough',))
        strategy = make(rebalance.Rebalance)
        self.planned(strategy, made)
        self.assert_empty(strategy.solution)
        self.assertIn('NO_CHANGE', strategy.status_message)
        self.assertIn('even enough', strategy.status_message)

    def test_no_model(self):
        for kind in ('ONESHOT', 'CONTINUOUS', 'EVENT'):
            strategy = evacuation(model=model_root.ModelRoot(stale=True))
            ours = audit(kind)
            self.assert_empty(strategy.execute(audit=ours))
            self.assertIn(
                'the compute model is not available', ours.status_message
            )
            self.assertEqual(ours.status_message, strategy.status_message)

    def test_a_cloud_that_cannot_be_read(self):
        for kind in ('ONESHOT', 'CONTINUOUS', 'EVENT'):
            strategy = evacuation()
            ours = audit(kind)
            with mock.patch.object(
                cloud, 'add', side_effect=api.Unreadable('Nova: HTTP 500')
            ):
                self.assert_empty(strategy.execute(audit=ours))
            self.assertEqual('No plan: Nova: HTTP 500', ours.status_message)

    def test_an_empty_scope(self):
        strategy = evacuation(model=model_root.ModelRoot())
        self.assert_empty(strategy.execute(audit=audit()))
        self.assertIn('no compute node', strategy.status_message)

    def test_bad_parameters_fail_a_oneshot_audit(self):
        strategy = make(evacuate.Evacuate, {'nodes': ['cmp77', 'cmp78']})
        ours = audit()
        with self.assertRaises(exception.Invalid) as raised:
            strategy.execute(audit=ours)
        for text in (str(raised.exception), ours.status_message):
            self.assertIn('cmp77', text)
            self.assertIn('cmp78', text)

    def test_bad_parameters_do_not_end_other_audits(self):
        for kind in ('CONTINUOUS', 'EVENT'):
            strategy = make(evacuate.Evacuate, {'nodes': ['cmp77']})
            ours = audit(kind)
            self.assert_empty(strategy.execute(audit=ours))
            self.assertIn('No plan: ', ours.status_message)
            self.assertIn('cmp77', ours.status_message)

    def test_all_problems_in_one_message(self):
        strategy = evacuation()
        self.planned(strategy, errors.BadInput(['a: wrong', 'b: missing']))
        self.assertEqual(
            'No plan: a: wrong; b: missing', strategy.status_message
        )

    def test_an_error_fails_a_oneshot_audit(self):
        strategy = evacuation()
        ours = audit()
        with mock.patch.object(pipeline, 'plan', side_effect=ValueError('x')):
            self.assertRaises(ValueError, strategy.execute, audit=ours)
        self.assertEqual('No plan: ValueError: x', ours.status_message)

    def test_an_error_does_not_end_other_audits(self):
        strategy = evacuation()
        self.planned(strategy, ValueError('x'))
        self.assert_empty(strategy.solution)
        self.assertEqual('No plan: ValueError: x', strategy.status_message)

    def test_the_message_goes_when_there_is_a_plan(self):
        ours = audit('CONTINUOUS')
        ours.status_message = 'No plan: ValueError: x'
        evacuation().execute(audit=ours)
        self.assertIsNone(ours.status_message)


class TestMeasured(StrategyTestCase):
    LOADS = {'dimensions': ['VCPU', 'cpu_pct'], 'threshold_pct': 0}

    def test_no_datasource_is_touched(self):
        strategy = make(rebalance.Rebalance)
        self.assertEqual([], strategy.get_datasource_metrics())
        with mock.patch.object(
            rebalance.Rebalance,
            'datasource_backend',
            new_callable=mock.PropertyMock,
        ) as m_backend:
            strategy.execute(audit=audit())
        m_backend.assert_not_called()

    def test_metrics_of_the_loads(self):
        strategy = make(rebalance.Rebalance, self.LOADS)
        self.assertEqual(
            ['instance_cpu_usage'], strategy.get_datasource_metrics()
        )
        strategy._datasource_backend = mock.Mock()
        strategy._datasource_backend.check_availability.return_value = (
            'available'
        )
        strategy._datasource_backend.statistic_aggregation.return_value = 50.0
        strategy.execute(audit=audit())
        loads = {i.name: i.load for i in strategy.snapshot.instances}
        self.assertEqual(
            {'a': {'cpu_pct': 50.0}, 'b': {'cpu_pct': 0.0}}, loads
        )

    def test_no_datasource(self):
        strategy = make(rebalance.Rebalance, self.LOADS)
        with mock.patch.object(
            rebalance.Rebalance,
            'datasource_backend',
            new_callable=mock.PropertyMock,
            side_effect=exception.NoDatasourceAvailable,
        ):
            self.assert_empty(strategy.execute(audit=audit()))
        self.assertIn('No datasources available', strategy.status_message)

    def test_no_metrics(self):
        strategy = make(rebalance.Rebalance, self.LOADS)
        strategy._datasource_backend = mock.Mock()
        strategy._datasource_backend.check_availability.return_value = (
            'available'
        )
        strategy._datasource_backend.statistic_aggregation.return_value = None
        self.assert_empty(strategy.execute(audit=audit()))
        self.assertIn('are missing', strategy.status_message)
