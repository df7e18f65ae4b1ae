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

"""What Watcher's audit handlers make of a strategy, in its database."""

from __future__ import annotations

from unittest import mock

from watcher import objects
from watcher.decision_engine.audit import continuous
from watcher.decision_engine.audit import event
from watcher.decision_engine.audit import oneshot
from watcher.tests.unit.db import base
from watcher.tests.unit.db import utils as db_utils

from tests.unit.plugin import builders
from tests.unit.plugin import test_strategies
from watcher_rearrange.plugin import planner
from watcher_rearrange.plugin.strategies import evacuate


HANDLERS = {
    'ONESHOT': oneshot.OneShotAuditHandler,
    'CONTINUOUS': continuous.ContinuousAuditHandler,
    'EVENT': event.EventAuditHandler,
}


class TestAudits(base.DbTestCase):
    def setUp(self):
        super().setUp()
        builders.trust_the_model(self)
        self.config(host='here')
        db_utils.create_test_goal(name='cloud_evacuation')
        self.strategy = db_utils.create_test_strategy(
            name='rearrange_evacuate'
        )

    def audit(self, audit_type):
        stored = db_utils.create_test_audit(
            uuid=builders.uuid_of(audit_type),
            name=audit_type,
            audit_type=audit_type,
            strategy_id=self.strategy.id,
            state='PENDING',
            interval='3600',
            hostname='here',
        )
        return objects.Audit.get_by_uuid(self.context, stored.uuid, eager=True)

    def run_audit(self, audit, nodes):
        handler = HANDLERS[audit.audit_type]()
        strategy = test_strategies.make(evacuate.Evacuate, {'nodes': nodes})
        handler._strategy_context = mock.Mock()
        handler._strategy_context.execute_strategy = lambda audit, context: (
            strategy.execute(audit=audit)
        )
        config = mock.Mock(guard_actions=True)
        handler.get_planner = lambda _: planner.RearrangePlanner(config)
        # A handler is a singleton, so that the class method finds this one.
        getattr(handler, 'execute_audit', handler.execute)(audit, self.context)
        return objects.Audit.get_by_uuid(self.context, audit.uuid)

    def plans(self):
        return objects.ActionPlan.list(self.context, sort_key='id')

    def test_a_plan(self):
        for kind, state in (
            ('ONESHOT', 'SUCCEEDED'),
            ('CONTINUOUS', 'ONGOING'),
            ('EVENT', 'SUCCEEDED'),
        ):
            stored = self.run_audit(self.audit(kind), ['cmp01'])
            self.assertEqual(state, stored.state)
            self.assertIsNone(stored.status_message)
            action_plan = self.plans()[-1]
            self.assertEqual('RECOMMENDED', action_plan.state)
            self.assertIn('2 migrations', action_plan.status_message)

    def test_bad_parameters_in_a_oneshot_audit(self):
        stored = self.run_audit(self.audit('ONESHOT'), ['cmp77'])
        self.assertEqual('FAILED', stored.state)
        self.assertIn('cmp77', stored.status_message)
        self.assertEqual([], self.plans())

    def test_bad_parameters_in_other_audits(self):
        for kind, state in (('CONTINUOUS', 'ONGOING'), ('EVENT', 'SUCCEEDED')):
            stored = self.run_audit(self.audit(kind), ['cmp77'])
            self.assertEqual(state, stored.state)
            self.assertIn('cmp77', stored.status_message)
            action_plan = self.plans()[-1]
            self.assertEqual('SUCCEEDED', action_plan.state)
            self.assertEqual(stored.status_message, action_plan.status_message)

    def test_a_continuous_audit_recovers(self):
        self.run_audit(self.audit('CONTINUOUS'), ['cmp77'])
        again = objects.Audit.get_by_uuid(
            self.context, builders.uuid_of('CONTINUOUS'), eager=True
        )
        stored = self.run_audit(again, ['cmp01'])
        self.assertEqual('ONGOING', stored.state)
        self.assertIsNone(stored.status_message)
