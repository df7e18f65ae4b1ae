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

"""The planner, against Watcher's database."""

from __future__ import annotations

import dataclasses

from unittest import mock

from watcher import objects
from watcher.decision_engine.solution import default
from watcher.tests.unit.db import base
from watcher.tests.unit.db import utils as db_utils

from tests.unit.plugin import builders
from watcher_rearrange.model import plan
from watcher_rearrange.plugin import goals
from watcher_rearrange.plugin import planner
from watcher_rearrange.plugin import rendering
from watcher_rearrange.plugin.actions import migrate
from watcher_rearrange.plugin.actions import service


PLAN = plan.Plan(
    plan.Status.FEASIBLE,
    actions=(
        plan.Action('1', plan.DISABLE_SERVICE, node='cmp01'),
        builders.move('2', 'a', ('cmp01', 'cmp02'), ('1',), reason='room'),
        builders.move('3', 'b', ('cmp02', 'cmp03')),
        builders.move(
            '4', 'a', ('cmp02', 'cmp03'), ('2', '3'), type=plan.COLD_MIGRATE
        ),
    ),
)
SNAPSHOT = builders.snapshot(
    'cmp01', 'cmp02', 'cmp03', instances={'a': 'cmp01', 'b': 'cmp02'}
)
SUCCEEDED = objects.action_plan.State.SUCCEEDED
RECOMMENDED = objects.action_plan.State.RECOMMENDED


class FakeStrategy:
    """What the planner sees of one of our strategies."""

    name = 'rearrange_evacuate'
    snapshot = SNAPSHOT
    status_message = 'FEASIBLE: 3 migrations in 3 waves'

    def __init__(self, made):
        self.plan = made


class ForeignStrategy:
    """A strategy that brings no plan."""

    name = 'rearrange_evacuate'


class PlannerTestCase(base.DbTestCase):
    def setUp(self):
        super().setUp()
        builders.trust_the_model(self)
        self.config(host='here')
        db_utils.create_test_goal(name='cloud_evacuation')
        strategy = db_utils.create_test_strategy(name='rearrange_evacuate')
        self.audit = db_utils.create_test_audit(strategy_id=strategy.id)

    def solution(self, strategy):
        return default.DefaultSolution(goals.CloudEvacuation(None), strategy)

    def schedule(self, solution, guard_actions=True):
        config = mock.Mock(guard_actions=guard_actions)
        return planner.RearrangePlanner(config).schedule(
            self.context, self.audit.id, solution
        )

    def actions(self, action_plan):
        """The actions of a plan, in the order they were created."""
        return objects.Action.list(
            self.context,
            filters={'action_plan_uuid': action_plan.uuid},
            sort_key='id',
        )


class TestPlan(PlannerTestCase):
    def test_parents_are_those_of_the_plan(self):
        action_plan = self.schedule(self.solution(FakeStrategy(PLAN)))
        self.assertEqual(RECOMMENDED, action_plan.state)
        first, second, third, fourth = self.actions(action_plan)
        self.assertEqual([], first.parents)
        self.assertEqual([first.uuid], second.parents)
        self.assertEqual([], third.parents)
        self.assertEqual([second.uuid, third.uuid], fourth.parents)

    def test_guarded_migration(self):
        action_plan = self.schedule(self.solution(FakeStrategy(PLAN)))
        first, second = self.actions(action_plan)[:2]
        self.assertEqual('guarded_migrate', second.action_type)
        self.assertEqual(
            {
                'resource_id': builders.uuid_of('a'),
                'resource_name': 'a',
                'migration_type': 'live',
                'source_node': 'cmp01',
                'destination_node': 'cmp02',
                'depends_on': [first.uuid],
                'reason': 'room',
                'wave': 2,
                'if_unlocked': True,
            },
            second.input_parameters,
        )

    def test_quiet_hours(self):
        hours = ('22:00-06:00', 'Sat 08:00-09:00')
        quiet = dataclasses.replace(PLAN.actions[1], not_within=hours)
        made = dataclasses.replace(PLAN, actions=(PLAN.actions[0], quiet))
        action_plan = self.schedule(self.solution(FakeStrategy(made)))
        second = self.actions(action_plan)[1]
        self.assertEqual(list(hours), second.input_parameters['not_within'])

    def test_guarded_service(self):
        action_plan = self.schedule(self.solution(FakeStrategy(PLAN)))
        first = self.actions(action_plan)[0]
        self.assertEqual(
            'guarded_change_nova_service_state', first.action_type
        )
        self.assertEqual(
            {
                'resource_id': builders.uuid_of('cmp01'),
                'resource_name': 'cmp01',
                'state': 'disabled',
                'disabled_reason': 'watcher_rearrange_evacuate',
                'depends_on': [],
                'reason': '',
                'wave': 1,
            },
            first.input_parameters,
        )

    def test_parameters_are_those_that_the_actions_take(self):
        action_plan = self.schedule(self.solution(FakeStrategy(PLAN)))
        classes = {
            'guarded_migrate': migrate.GuardedMigrate,
            'guarded_change_nova_service_state': (
                service.GuardedChangeNovaServiceState
            ),
        }
        for action in self.actions(action_plan):
            loaded = classes[action.action_type](None)
            loaded.input_parameters = action.input_parameters
            self.assertTrue(loaded.validate_parameters())

    def test_unguarded(self):
        action_plan = self.schedule(
            self.solution(FakeStrategy(PLAN)), guard_actions=False
        )
        actions = self.actions(action_plan)
        self.assertEqual(
            ['change_nova_service_state'] + ['migrate'] * 3,
            [action.action_type for action in actions],
        )
        for action in actions:
            self.assertNotIn('depends_on', action.input_parameters)
            self.assertNotIn('wave', action.input_parameters)
        self.assertEqual([actions[0].uuid], actions[1].parents)

    def test_the_message_of_the_plan(self):
        action_plan = self.schedule(self.solution(FakeStrategy(PLAN)))
        stored = objects.ActionPlan.get_by_uuid(self.context, action_plan.uuid)
        self.assertEqual(FakeStrategy.status_message, stored.status_message)

    def test_nothing_to_do(self):
        empty = plan.Plan(plan.Status.NO_CHANGE)
        action_plan = self.schedule(self.solution(FakeStrategy(empty)))
        self.assertEqual(SUCCEEDED, action_plan.state)
        self.assertEqual([], self.actions(action_plan))

    def test_indicators(self):
        solution = self.solution(FakeStrategy(PLAN))
        solution.set_efficacy_indicators(
            **solution.goal.efficacy_specification.values(PLAN)
        )
        solution.compute_global_efficacy()
        action_plan = self.schedule(solution)
        stored = objects.EfficacyIndicator.list(
            self.context, filters={'action_plan_id': action_plan.id}
        )
        self.assertEqual(
            {'live_migrations': 2.0, 'cold_migrations': 1.0},
            {i.name: float(i.value) for i in stored if 'e_mig' in i.name}
            | {i.name: float(i.value) for i in stored if 'd_mig' in i.name},
        )
        self.assertEqual(10, len(stored))
        self.assertEqual(4, len(action_plan.global_efficacy))

    def test_an_incomplete_plan_cannot_be_started(self):
        with mock.patch.object(
            objects.Action, 'create', side_effect=RuntimeError
        ):
            self.assertRaises(
                RuntimeError, self.schedule, self.solution(FakeStrategy(PLAN))
            )
        (action_plan,) = objects.ActionPlan.list(self.context)
        self.assertEqual('CANCELLED', action_plan.state)


class TestForeign(PlannerTestCase):
    def test_one_after_the_other(self):
        solution = self.solution(ForeignStrategy())
        for name in ('a', 'b'):
            solution.add_action(
                'migrate',
                {'destination_node': 'cmp02'},
                resource_id=builders.uuid_of(name),
            )
        solution.add_action(
            'change_nova_service_state',
            {'resource_name': 'cmp01', 'state': 'disabled'},
            resource_id=builders.uuid_of('cmp01'),
        )
        action_plan = self.schedule(solution)
        self.assertEqual(RECOMMENDED, action_plan.state)
        first, second, third = self.actions(action_plan)
        self.assertEqual(rendering.CHANGE_SERVICE, first.action_type)
        self.assertEqual('migrate', second.action_type)
        self.assertEqual([first.uuid], second.parents)
        self.assertEqual([second.uuid], third.parents)
        self.assertEqual(
            builders.uuid_of('b'), third.input_parameters['resource_id']
        )
