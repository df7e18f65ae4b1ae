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

"""The guard: what an action depends on, in every state it can be in."""

from __future__ import annotations

from unittest import mock

from watcher import objects
from watcher.common import exception
from watcher.common import nova_helper
from watcher.tests.unit.db import base
from watcher.tests.unit.db import utils as db_utils

from tests.unit.plugin import builders
from watcher_rearrange.plugin.actions import departed
from watcher_rearrange.plugin.actions import guard
from watcher_rearrange.plugin.actions import migrate
from watcher_rearrange.plugin.actions import nova_state
from watcher_rearrange.plugin.actions import service
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import placement


PARENT = builders.uuid_of('the action that this depends on')
GRANDPARENT = '00000000-0000-4000-8000-0000000000aa'
MOVE = {
    'resource_id': builders.uuid_of('web-1'),
    'resource_name': 'web-1',
    'migration_type': 'live',
    'source_node': 'cmp01',
    'destination_node': 'cmp02',
}
WAITING = {
    'resource_id': builders.uuid_of('web-2'),
    'resource_name': 'web-2',
    'migration_type': 'live',
    'source_node': 'cmp03',
    'destination_node': 'cmp04',
    'depends_on': [PARENT],
}
DISABLE = {
    'resource_id': builders.uuid_of('cmp01'),
    'resource_name': 'cmp01',
    'state': 'disabled',
}


class GuardTestCase(base.DbTestCase):
    def setUp(self):
        super().setUp()
        self.nova = builders.FakeNova(builders.server('web-2', 'cmp03'))
        self.nova.services = [
            builders.service('cmp01'),
            builders.service('cmp04'),
        ]
        self.m_nova = self.patch_nova(return_value=self.nova)
        patcher = mock.patch.object(placement, 'require_answer')
        self.addCleanup(patcher.stop)
        self.m_require_answer = patcher.start()
        patcher = mock.patch.object(departed, 'wait_s', return_value=0.0)
        self.addCleanup(patcher.stop)
        self.m_wait_s = patcher.start()

    def patch_nova(self, **kwargs):
        patcher = mock.patch.object(nova_helper, 'NovaHelper', **kwargs)
        self.addCleanup(patcher.stop)
        return patcher.start()

    def parent(self, state, action_type='guarded_migrate', **fields):
        db_utils.create_test_action(
            uuid=PARENT,
            state=state,
            action_type=action_type,
            input_parameters=fields.pop('input_parameters', MOVE),
            **fields,
        )

    def check(self):
        """The guard of a migration of web-2 from cmp03 to cmp04."""
        action = migrate.GuardedMigrate(None)
        action.input_parameters = dict(WAITING)
        action.validate_parameters()
        action.pre_condition()

    def assert_skipped(self, *words):
        error = self.assertRaises(exception.ActionSkipped, self.check)
        for word in words:
            self.assertIn(word, str(error))
        self.assertLessEqual(len(str(error)), 215)

    def put(self, *servers):
        self.nova.servers.update({one.uuid: one for one in servers})


class TestStates(GuardTestCase):
    def test_succeeded(self):
        self.parent(objects.action.State.SUCCEEDED)
        self.check()

    def test_nothing_to_wait_for(self):
        action = service.GuardedChangeNovaServiceState(None)
        action.input_parameters = DISABLE
        action.pre_condition()

    def test_failed(self):
        self.parent(
            objects.action.State.FAILED, status_message='No valid host.'
        )
        self.assert_skipped(
            'waits for: live migration of web-1 from cmp01 to cmp02 '
            f'(action {PARENT}), which is FAILED: No valid host.'
        )

    def test_every_other_state(self):
        states = objects.action.State
        for state in (states.CANCELLED, states.PENDING, states.ONGOING):
            self.parent(state)
            self.assert_skipped(f'which is {state}')
            self.dbapi.destroy_action(PARENT)

    def test_not_in_the_database(self):
        self.assert_skipped(f'action {PARENT}, which is not in the database')

    def test_a_long_reason_is_cut(self):
        self.parent(objects.action.State.FAILED, status_message='x' * 255)
        self.assert_skipped('which is FAILED: xxx')

    def test_the_database_does_not_answer(self):
        with mock.patch.object(
            objects.Action, 'get_by_uuid', side_effect=OSError('gone away')
        ):
            error = self.assertRaises(
                exception.ActionExecutionFailure, self.check
            )
        self.assertIn('OSError: gone away', str(error))


class TestBehindSkipped(GuardTestCase):
    """What a skipped action depended on is depended on through it."""

    def grandparent(self, state):
        db_utils.create_test_action(
            id=9,
            uuid=GRANDPARENT,
            state=state,
            action_type='guarded_migrate',
            input_parameters={**MOVE, 'resource_name': 'web-0'},
        )
        self.parent(objects.action.State.SKIPPED, parents=[GRANDPARENT])

    def test_it_succeeded(self):
        self.grandparent(objects.action.State.SUCCEEDED)
        self.check()

    def test_it_failed(self):
        self.grandparent(objects.action.State.FAILED)
        self.assert_skipped('web-0', 'which is FAILED')


class TestMazeOfSkipped(GuardTestCase):
    """Skipped actions, each of which depends on all of the wave before."""

    WAVES = 30

    def test_each_is_looked_at_once(self):
        before = []
        for wave in range(self.WAVES):
            those = [builders.uuid_of(f'{wave} {n}') for n in range(3)]
            for uuid in those:
                db_utils.create_test_action(
                    uuid=uuid,
                    state=objects.action.State.SKIPPED,
                    action_type='guarded_migrate',
                    input_parameters=MOVE,
                    parents=before,
                )
            before = those
        self.parent(objects.action.State.SKIPPED, parents=before)
        with mock.patch.object(
            objects.Action, 'get_by_uuid', wraps=objects.Action.get_by_uuid
        ) as m_get:
            self.check()
        self.assertEqual(1 + 3 * self.WAVES, m_get.call_count)


class TestSkippedMigration(GuardTestCase):
    def setUp(self):
        super().setUp()
        self.parent(objects.action.State.SKIPPED)

    def test_the_instance_is_gone(self):
        self.check()

    def test_the_instance_is_deleted(self):
        self.put(builders.server('web-1', 'cmp01', status='DELETED'))
        self.check()

    def test_a_soft_deleted_instance_keeps_its_room(self):
        self.put(builders.server('web-1', 'cmp01', status='SOFT_DELETED'))
        self.assert_skipped('which is SKIPPED')

    def test_the_instance_is_there_already(self):
        self.put(builders.server('web-1', 'cmp02'))
        self.check()

    def test_the_instance_is_on_its_way(self):
        for fields in (
            {'status': 'VERIFY_RESIZE'},
            {'task_state': 'migrating'},
            {'task_state': 'resize_finish'},
        ):
            self.put(builders.server('web-1', 'cmp02', **fields))
            self.assert_skipped('which is SKIPPED')

    def test_the_instance_stayed(self):
        self.put(builders.server('web-1', 'cmp01'))
        self.assert_skipped('live migration of web-1', 'which is SKIPPED')

    def test_the_instance_is_elsewhere(self):
        self.put(builders.server('web-1', 'cmp09'))
        self.assert_skipped('which is SKIPPED')

    def test_nova_does_not_answer(self):
        self.m_nova.side_effect = OSError('connection refused')
        error = self.assertRaises(exception.ActionExecutionFailure, self.check)
        self.assertIn('connection refused', str(error))

    def test_nova_refuses_to_answer(self):
        self.nova.find_instance = mock.Mock(
            side_effect=exception.NovaClientError(reason='not allowed')
        )
        error = self.assertRaises(exception.ActionExecutionFailure, self.check)
        self.assertIn('not allowed', str(error))


class TestSkippedService(GuardTestCase):
    def setUp(self):
        super().setUp()
        self.parent(
            objects.action.State.SKIPPED,
            action_type='guarded_change_nova_service_state',
            input_parameters=DISABLE,
        )

    def test_already_so(self):
        self.nova.services[0] = builders.service('cmp01', 'disabled')
        self.check()

    def test_not_so(self):
        self.assert_skipped(
            'nova-compute of cmp01 to be disabled', 'which is SKIPPED'
        )

    def test_no_such_service(self):
        del self.nova.services[0]
        self.assert_skipped('which is SKIPPED')


class TestOtherSkipped(GuardTestCase):
    def test_an_unknown_type_is_not_judged(self):
        self.parent(
            objects.action.State.SKIPPED,
            action_type='sleep',
            input_parameters={},
        )
        self.assert_skipped('sleep of None', 'which is SKIPPED')

    def test_plain_types_are_judged_alike(self):
        self.nova.services = [builders.service('cmp01', 'disabled')]
        self.assertTrue(nova_state.already_so('migrate', MOVE))
        self.assertTrue(
            nova_state.already_so('change_nova_service_state', DISABLE)
        )


class TestWatchersOwnConditions(GuardTestCase):
    def setUp(self):
        super().setUp()
        self.parent(objects.action.State.SUCCEEDED)

    def test_the_instance_is_not_at_its_source(self):
        self.put(builders.server('web-2', 'cmp07'))
        self.assert_skipped('not running on source node cmp03')

    def test_the_destination_is_disabled(self):
        self.nova.services = [builders.service('cmp04', 'disabled')]
        error = self.assertRaises(exception.ActionExecutionFailure, self.check)
        self.assertIn('not in enabled state', str(error))

    def test_an_error_of_no_class_of_watcher(self):
        self.nova.find_instance = mock.Mock(side_effect=OSError('no route'))
        error = self.assertRaises(exception.ActionExecutionFailure, self.check)
        self.assertIn('OSError: no route', str(error))

    def test_placement_is_away(self):
        self.m_require_answer.side_effect = api.Unreadable('HTTP 503')
        error = self.assertRaises(exception.ActionExecutionFailure, self.check)
        self.assertIn('HTTP 503', str(error))
        self.m_require_answer.assert_called_once_with(
            builders.uuid_of('web-2')
        )

    @mock.patch.object(migrate.time, 'sleep')
    def test_members_of_its_group_have_just_left(self, m_sleep):
        self.m_wait_s.return_value = 3 * migrate.SLICE_S - 0.5
        self.check()
        slices = [call for call in m_sleep.mock_calls if call.args[0]]
        self.assertEqual([mock.call(migrate.SLICE_S)] * 3, slices)
        # All is looked at again.
        self.assertEqual(2, self.m_require_answer.call_count)

    @mock.patch.object(migrate.time, 'sleep')
    def test_the_plan_is_cancelled_while_it_waits(self, m_sleep):
        self.m_wait_s.return_value = 100.0
        plan = db_utils.create_test_action_plan(state='CANCELLING')
        db_utils.create_test_action(
            action_plan_id=plan.id, state='PENDING', input_parameters=WAITING
        )
        self.assertRaises(exception.ActionPlanCancelled, self.check)

    def test_nova_does_not_know_its_groups(self):
        self.m_wait_s.side_effect = api.Unreadable('HTTP 503')
        error = self.assertRaises(exception.ActionExecutionFailure, self.check)
        self.assertIn('HTTP 503', str(error))


class TestSchema(base.base.BaseTestCase):
    def test_an_unknown_parameter_is_refused(self):
        action = service.GuardedChangeNovaServiceState(None)
        action.input_parameters = {**DISABLE, 'surprise': 1}
        self.assertRaises(Exception, action.validate_parameters)

    def test_depends_on_takes_uuids(self):
        action = service.GuardedChangeNovaServiceState(None)
        action.input_parameters = {**DISABLE, 'depends_on': ['1']}
        self.assertRaises(Exception, action.validate_parameters)

    def test_every_property_is_documented(self):
        for name in guard.PROPERTIES:
            self.assertIn(f'``{name}``', guard.Guard.__doc__)
