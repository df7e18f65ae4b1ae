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

"""What the guarded actions do, and what they say when it fails."""

from __future__ import annotations

import datetime
import types
import unittest

from unittest import mock

from watcher.common import exception
from watcher.common import nova_helper

from tests.unit.plugin import builders
from watcher_rearrange.plugin.actions import departed
from watcher_rearrange.plugin.actions import migrate
from watcher_rearrange.plugin.actions import nova_state
from watcher_rearrange.plugin.actions import service
from watcher_rearrange.plugin.readers import placement


def action(migration_type='live'):
    made = migrate.GuardedMigrate(None)
    made.input_parameters = {
        'resource_id': builders.uuid_of('web-1'),
        'resource_name': 'web-1',
        'migration_type': migration_type,
        'source_node': 'cmp01',
        'destination_node': 'cmp02',
    }
    return made


def client_error(details):
    """An error as Watcher makes it from one of the client."""
    try:
        cause = RuntimeError('400: Client Error for url: http://nova/')
        cause.details = details
        raise cause
    except RuntimeError as caught:
        try:
            raise exception.NovaClientError(reason=str(caught))
        except exception.NovaClientError as error:
            return error


class Compute:
    """The part of the client that tells what became of an action."""

    def __init__(self, message='Error', details='disk is full'):
        events = [types.SimpleNamespace(details=details)]
        self.action = types.SimpleNamespace(
            message=message, request_id='req-1', events=events
        )

    def server_actions(self, server):
        return iter([self.action] if self.action else [])

    def get_server_action(self, request_id, server):
        return self.action


class ActionTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.nova = builders.FakeNova(builders.server('web-1', 'cmp01'))
        for target, name, value in (
            (nova_helper, 'NovaHelper', mock.Mock(return_value=self.nova)),
            # The module, so that every sleep is meant.
            (migrate.time, 'sleep', mock.Mock()),
            (placement, 'require_answer', mock.Mock()),
            (departed, 'wait_s', mock.Mock(return_value=0.0)),
        ):
            patcher = mock.patch.object(target, name, value)
            patcher.start()
            self.addCleanup(patcher.stop)

    def failure(self, made):
        with self.assertRaises(exception.ActionExecutionFailure) as raised:
            made.execute()
        return str(raised.exception)


class TestMigrate(ActionTestCase):
    def test_live(self):
        self.assertIs(True, action().execute())
        self.assertEqual(migrate.QUIET_LOOKS, self.nova.looks)

    def test_cold(self):
        self.assertIs(True, action('cold').execute())

    def test_cold_and_confirmed(self):
        uuid = builders.uuid_of('web-1')
        self.nova.servers[uuid] = builders.server(
            'web-1', 'cmp01', status='SHUTOFF'
        )
        self.assertIs(True, action('cold').execute())
        self.assertEqual('SHUTOFF', self.nova.servers[uuid].status)

    def test_cold_and_confirmed_by_nova(self):
        self.nova._instance_migrate = self.nova.live_migrate_instance
        self.nova.confirm_resize = None
        self.assertIs(True, action('cold').execute())

    def test_cold_waits_while_nova_works(self):
        answers = [
            builders.server('web-1', 'cmp01'),
            builders.server('web-1', 'cmp01'),
            builders.server('web-1', 'cmp01', task_state='resize_prep'),
            builders.server('web-1', 'cmp01', task_state='resize_migrating'),
            builders.server('web-1', 'cmp02', status='VERIFY_RESIZE'),
        ]
        arrived = [builders.server('web-1', 'cmp02')] * 3
        self.nova.find_instance = mock.Mock(side_effect=answers + arrived)
        self.nova._instance_migrate = mock.Mock()
        self.assertIs(True, action('cold').execute())

    def test_cold_ends_when_nova_gives_up(self):
        self.nova.migrates = False
        self.assertIn('did not move: ACTIVE', self.failure(action('cold')))
        migrate.time.sleep.assert_not_called()

    def test_cold_does_not_wait_for_ever(self):
        self.nova.migrates = False
        uuid = builders.uuid_of('web-1')
        self.nova.servers[uuid] = builders.server(
            'web-1', 'cmp01', task_state='resize_migrating'
        )
        self.assertIn('did not arrive in time', self.failure(action('cold')))

    def test_waits_until_nova_holds_nothing(self):
        self.nova.running = 5
        self.assertIs(True, action().execute())
        self.assertEqual(5 + migrate.QUIET_LOOKS, self.nova.looks)

    def test_waits_while_nova_cannot_be_asked(self):
        answers = [OSError('no route'), [], []]
        self.nova.get_running_migration = mock.Mock(side_effect=answers)
        self.assertIs(True, action().execute())

    def test_does_not_wait_for_ever(self):
        self.nova.running = 1000
        clock = iter(range(0, 1000, 7))
        with mock.patch.object(migrate.time, 'monotonic', lambda: next(clock)):
            text = self.failure(action())
        self.assertIn('still holds its room', text)

    def test_an_instance_deleted_on_arrival(self):
        done = action()
        self.nova.servers.clear()
        done._wait_until_settled()

    def test_nova_refuses(self):
        self.nova.error = client_error('No valid host was found.')
        self.assertEqual('No valid host was found.', self.failure(action()))

    def test_nova_refuses_without_details(self):
        self.nova.error = client_error(None)
        self.assertIn('400: Client Error', self.failure(action('cold')))

    def test_an_error_of_no_class_of_watcher(self):
        self.nova.error = OSError('connection reset')
        self.assertEqual(
            'live migration failed: OSError: connection reset',
            self.failure(action()),
        )

    def test_the_migration_fails_later(self):
        self.nova.migrates = False
        self.nova.connection = types.SimpleNamespace(compute=Compute())
        text = self.failure(action())
        self.assertIn('web-1', text)
        self.assertIn('did not move: ACTIVE on cmp01: disk is full', text)

    def test_nova_has_no_more_to_say(self):
        self.nova.migrates = False
        self.assertTrue(
            self.failure(action()).endswith('did not move: ACTIVE on cmp01')
        )

    def test_time_is_up(self):
        self.nova.migrates = False
        uuid = builders.uuid_of('web-1')
        self.nova.servers[uuid] = builders.server(
            'web-1', 'cmp01', task_state='migrating'
        )
        text = self.failure(action())
        self.assertIn('did not arrive in time', text)
        self.assertIn('(migrating)', text)

    def test_the_instance_is_gone(self):
        self.nova.servers.clear()
        self.assertIn('could not be found', self.failure(action()))

    def test_the_instance_goes_on_the_way(self):
        def vanish(**_):
            self.nova.servers.clear()
            return False

        self.nova.live_migrate_instance = vanish
        self.assertIn('is gone', self.failure(action()))

    def test_an_instance_that_arrives_in_error(self):
        def arrive(instance_id, dest_hostname):
            self.nova.servers[instance_id] = builders.server(
                'web-1', dest_hostname, status='ERROR'
            )
            return True

        self.nova.live_migrate_instance = arrive
        self.nova.connection = types.SimpleNamespace(compute=Compute())
        text = self.failure(action())
        self.assertEqual(
            'web-1 is on cmp02 now, but in ERROR: disk is full', text
        )

    def test_an_instance_deleted_after_its_arrival(self):
        done = action()
        self.nova.servers.clear()
        done._require_sound()

    def test_can_be_aborted_as_watchers_can(self):
        self.assertTrue(action().check_abort())
        self.assertFalse(action('cold').check_abort())

    def test_messages_fit(self):
        self.nova.error = client_error('x' * 300)
        self.assertLessEqual(len(self.failure(action())), 215)


class TestConditions(ActionTestCase):
    def setUp(self):
        super().setUp()
        self.nova.services = [
            builders.service('cmp01'),
            builders.service('cmp02'),
        ]

    def check(self, **parameters):
        made = action()
        made.input_parameters.update(parameters)
        made.validate_parameters()
        made.pre_condition()

    def lock(self):
        self.nova.servers[builders.uuid_of('web-1')] = builders.server(
            'web-1', 'cmp01', locked=True
        )

    def test_all_is_well(self):
        self.check(if_unlocked=True)

    def test_locked_since(self):
        self.lock()
        with self.assertRaisesRegex(exception.ActionSkipped, 'was locked'):
            self.check(if_unlocked=True)

    def test_locked_and_to_be_moved(self):
        self.lock()
        self.check()

    def test_quiet_hours(self):
        now = datetime.datetime(2026, 1, 5, 23, tzinfo=datetime.timezone.utc)
        with mock.patch.object(migrate, 'utcnow', return_value=now):
            self.check(not_within=['06:00-23:00', 'Sun 22:00-23:30'])
            with self.assertRaisesRegex(
                exception.ActionSkipped, 'web-1 .* quiet hours, Mon 22:00-06:'
            ):
                self.check(not_within=['12:00-13:00', 'Mon 22:00-06:00'])

    def test_hours_that_are_none(self):
        with self.assertRaisesRegex(Exception, 'noon'):
            self.check(not_within=['noon'])

    def test_a_node_is_down(self):
        for position, host in enumerate(('cmp01', 'cmp02')):
            services = list(self.nova.services)
            services[position] = builders.service(host, state='down')
            with (
                mock.patch.object(self.nova, 'services', services),
                self.assertRaisesRegex(
                    exception.ActionExecutionFailure,
                    f'nova-compute of {host} is down',
                ),
            ):
                self.check()


class TestService(ActionTestCase):
    def action(self):
        made = service.GuardedChangeNovaServiceState(None)
        made.input_parameters = {
            'resource_id': builders.uuid_of('cmp01'),
            'resource_name': 'cmp01',
            'state': 'disabled',
            'disabled_reason': 'watcher_rearrange_evacuate',
        }
        return made

    def test_disable(self):
        self.assertIs(True, self.action().execute())
        self.assertEqual('disabled', self.nova.services[0].status)

    def test_nova_refuses(self):
        self.nova.error = client_error('Policy does not allow it.')
        self.assertEqual(
            'Policy does not allow it.', self.failure(self.action())
        )

    def test_descriptions(self):
        for made in (action(), self.action()):
            self.assertIn('depends on', made.get_description())


class TestFault(unittest.TestCase):
    def fault(self, compute):
        nova = mock.Mock()
        nova.connection.compute = compute
        return nova_state.fault(nova, 'uuid')

    def test_details_of_the_event(self):
        self.assertEqual('disk is full', self.fault(Compute()))

    def test_no_details(self):
        self.assertEqual('Error', self.fault(Compute(details=None)))

    def test_the_last_action_went_well(self):
        self.assertEqual('', self.fault(Compute(message=None)))

    def test_no_action_at_all(self):
        compute = Compute()
        compute.action = None
        self.assertEqual('', self.fault(compute))

    def test_cannot_be_asked(self):
        self.assertEqual('', self.fault(None))
