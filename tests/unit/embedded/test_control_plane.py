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

"""A real Watcher over the embedded cloud, with Watcher's own strategies."""

from __future__ import annotations

import threading
import time
import unittest

from collections.abc import Callable
from typing import Any

from tests.embedded.client import Client
from tests.embedded.client import ClientError
from tests.embedded.cloud import Cloud
from tests.embedded.control_plane import ControlPlane
from tests.unit.embedded import samples


def _cloud(instances_count: int = 8, migration_s: float = 0.05) -> Cloud:
    """Return a cloud of four nodes; instance n is on node n modulo 4."""
    hosts = [f'cmp{number}' for number in range(4)]
    return Cloud(
        samples.snapshot(
            [samples.node(host) for host in hosts],
            [
                samples.instance(number, hosts[number % 4])
                for number in range(instances_count)
            ],
        ),
        migration_s,
    )


def _move(number: int, destination: str, kind: str = 'live') -> dict[str, Any]:
    """Return an action for the strategy actuator."""
    return {
        'action_type': 'migrate',
        'resource_id': samples.uuid_of(number),
        'input_parameters': {
            'migration_type': kind,
            'source_node': f'cmp{number % 4}',
            'destination_node': destination,
            'resource_name': f'vm-{number}',
        },
    }


def _until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError('it did not come about')
        time.sleep(0.05)


class ControlPlaneTestCase(unittest.TestCase):
    def plane(self, cloud: Cloud, **kwargs: Any) -> ControlPlane:
        plane = ControlPlane(cloud, **kwargs)
        plane.__enter__()
        self.addCleanup(plane.__exit__, None, None, None)
        return plane

    def audit(
        self, client: Client, goal: str, strategy: str, **parameters: Any
    ) -> str:
        """Run an audit and return the uuid of its plan."""
        audit = client.create_audit(goal, strategy, parameters)
        audit = client.wait_audit(audit['uuid'])
        self.assertEqual('SUCCEEDED', audit['state'])
        return client.plan_of(audit['uuid'])['uuid']

    def maintain(self, client: Client, host: str) -> str:
        return self.audit(
            client,
            'cluster_maintaining',
            'host_maintenance',
            maintenance_node=host,
        )

    def states(self, client: Client, plan: str) -> dict[str, str]:
        """Return the state of each action by the uuid of its instance."""
        return {
            action['input_parameters']['resource_id']: action['state']
            for action in client.actions(plan)
        }


class AuditTest(ControlPlaneTestCase):
    def setUp(self) -> None:
        self.cloud = _cloud()
        self.client = self.plane(self.cloud).client()

    def test_plan_is_made_and_applied(self) -> None:
        names = {goal['name'] for goal in self.client.goals()}
        self.assertIn('cluster_maintaining', names)
        names = {item['name'] for item in self.client.strategies()}
        self.assertIn('host_maintenance', names)

        plan = self.maintain(self.client, 'cmp1')
        self.assertEqual('RECOMMENDED', self.client.action_plan(plan)['state'])
        seen: list[int] = []
        self.client.start(plan)
        ended = self.client.wait_plan(
            plan, lambda acts: seen.append(len(acts))
        )
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual({3}, set(seen))
        with self.cloud.present() as state:
            self.assertEqual({}, state.on_host['cmp1'])
            self.assertEqual('disabled', state.hosts['cmp1'].status)
            self.assertEqual(
                'watcher_maintaining', state.hosts['cmp1'].disabled_reason
            )
        self.assertEqual([], self.cloud.refusals)
        self.assertEqual([], self.cloud.overloads)

        # The next audit sees what the plan did, without being told.
        plan = self.maintain(self.client, 'cmp1')
        self.assertEqual(
            ['change_nova_service_state'],
            [item['action_type'] for item in self.client.actions(plan)],
        )

    def test_model_is_right(self) -> None:
        self.maintain(self.client, 'cmp0')
        model = self.client.data_model()
        self.assertEqual(8, len(model))
        row = next(row for row in model if row['server_name'] == 'vm-3')
        self.assertEqual(
            ('cmp3', 2, 1024, 10, 10, 2.0, 11264, 1024),
            (
                row['node_hostname'],
                row['server_vcpus'],
                row['server_memory'],
                row['server_disk'],
                row['node_vcpus'],
                row['node_vcpu_ratio'],
                row['node_memory'],
                row['node_memory_mb_reserved'],
            ),
        )

    def test_errors_are_in_the_words_of_the_api(self) -> None:
        with self.assertRaises(ClientError) as caught:
            self.client.create_audit('nothing', 'host_maintenance')
        self.assertEqual(400, caught.exception.code)
        with self.assertRaises(ClientError) as caught:
            self.client.create_audit('dummy', 'dummy', {'para9': 1})
        self.assertIn('para9', caught.exception.message)
        with self.assertRaises(ClientError) as caught:
            self.client.audit(samples.uuid_of(1))
        self.assertEqual(404, caught.exception.code)

    def test_scope_of_a_template(self) -> None:
        scope = [
            {'compute': [{'exclude': [{'compute_nodes': [{'name': 'cmp3'}]}]}]}
        ]
        template = self.client.create_template(
            'some', 'cluster_maintaining', 'host_maintenance', scope
        )
        audit = self.client.create_audit_from(
            template['uuid'], parameters={'maintenance_node': 'cmp0'}
        )
        self.client.wait_audit(audit['uuid'])
        plan = self.client.plan_of(audit['uuid'])
        destinations = {
            action['input_parameters'].get('destination_node')
            for action in self.client.actions(plan['uuid'])
        }
        self.assertNotIn('cmp3', destinations)

    def test_continuous_audit_runs_until_it_is_cancelled(self) -> None:
        audit = self.client.create_audit(
            'dummy', 'dummy', audit_type='CONTINUOUS', interval='1'
        )['uuid']
        _until(lambda: len(self.client.action_plans(audit)) >= 3)
        self.assertEqual('CANCELLED', self.client.cancel_audit(audit)['state'])

    def test_broken_api_fails_the_audit_and_the_next_one_works(self) -> None:
        self.cloud.break_api(status=500)
        audit = self.client.create_audit(
            'cluster_maintaining',
            'host_maintenance',
            {'maintenance_node': 'cmp0'},
        )
        audit = self.client.wait_audit(audit['uuid'])
        self.assertEqual('FAILED', audit['state'])
        self.cloud.break_api()
        self.maintain(self.client, 'cmp0')


class ActionTest(ControlPlaneTestCase):
    """The applier, driven by the strategy that takes its actions."""

    def setUp(self) -> None:
        self.cloud = _cloud(12)
        self.client = self.plane(self.cloud, max_workers=2).client()

    def _plan(self, *actions: dict[str, Any]) -> str:
        return self.audit(
            self.client, 'unclassified', 'actuator', actions=list(actions)
        )

    def test_refused_failed_skipped_and_done(self) -> None:
        refused, failed, skipped, cold, live = (
            samples.uuid_of(number) for number in (0, 1, 2, 7, 11)
        )
        plan = self._plan(
            _move(0, 'cmp1'),
            _move(1, 'cmp2'),
            _move(2, 'cmp3'),
            _move(7, 'cmp2', 'cold'),
            _move(11, 'cmp2'),
        )
        self.cloud.fill('cmp1')
        self.cloud.fail(failed)
        for action in self.client.actions(plan):
            if action['input_parameters']['resource_id'] == skipped:
                self.client.skip_action(action['uuid'], 'not today')
        self.client.start(plan)
        ended = self.client.wait_plan(plan)

        self.assertEqual('FAILED', ended['state'])
        self.assertEqual(
            {
                refused: 'FAILED',
                failed: 'FAILED',
                skipped: 'SKIPPED',
                cold: 'SUCCEEDED',
                live: 'SUCCEEDED',
            },
            self.states(self.client, plan),
        )
        messages = [a['status_message'] for a in self.client.actions(plan)]
        self.assertIn('Action skipped by user. Reason: not today', messages)
        self.assertEqual(
            ['cmp0', 'cmp1', 'cmp2', 'cmp2', 'cmp2'],
            [
                self.cloud.host_of(uuid)
                for uuid in (refused, failed, skipped, cold, live)
            ],
        )
        self.assertEqual(
            [(refused, 'cmp0', 'cmp1')],
            [
                (item.instance, item.source, item.destination)
                for item in self.cloud.refusals
            ],
        )
        self.assertEqual([], self.cloud.overloads)
        self.assertEqual([], self.cloud.snapshot()['migrations'])

    def test_instance_that_is_gone_is_skipped(self) -> None:
        plan = self._plan(_move(0, 'cmp1'), _move(1, 'cmp2'))
        self.cloud.delete(samples.uuid_of(0))
        self.client.start(plan)
        self.assertEqual('SUCCEEDED', self.client.wait_plan(plan)['state'])
        self.assertEqual(
            {samples.uuid_of(0): 'SKIPPED', samples.uuid_of(1): 'SUCCEEDED'},
            self.states(self.client, plan),
        )

    def test_many_workers_write_at_once(self) -> None:
        plan = self._plan(
            *(_move(number, f'cmp{(number + 1) % 4}') for number in range(12))
        )
        self.client.start(plan)
        self.assertEqual('SUCCEEDED', self.client.wait_plan(plan)['state'])
        self.assertEqual(
            {'SUCCEEDED'}, set(self.states(self.client, plan).values())
        )

    def test_plan_that_is_cancelled(self) -> None:
        plan = self._plan(_move(0, 'cmp1'))
        self.assertEqual('CANCELLED', self.client.cancel(plan)['state'])
        self.assertEqual('cmp0', self.cloud.host_of(samples.uuid_of(0)))


class LifeTest(ControlPlaneTestCase):
    def test_one_after_the_other(self) -> None:
        before = set(threading.enumerate())
        for count in (4, 8):
            cloud = _cloud(count)
            with ControlPlane(cloud) as plane:
                client = plane.client()
                self.maintain(client, 'cmp0')
                self.assertEqual(count, len(client.data_model()))
                self.assertEqual(1, len(client.action_plans()))
        self.assertEqual(before, set(threading.enumerate()))

    def test_stops_in_the_middle_of_a_plan(self) -> None:
        cloud = _cloud(8, migration_s=1.0)
        with ControlPlane(cloud, max_workers=1) as plane:
            client = plane.client()
            plan = self.maintain(client, 'cmp0')
            client.start(plan)
            _until(lambda: cloud.running_count > 0)
        # It did not begin the second migration.
        started = [e for e in cloud.log if e.what == 'live-migration started']
        self.assertEqual(1, len(started))

    def test_stops_while_nova_hangs(self) -> None:
        cloud = _cloud()
        with ControlPlane(cloud) as plane:
            client = plane.client()
            cloud.break_api(hang_s=600)
            client.create_audit(
                'cluster_maintaining',
                'host_maintenance',
                {'maintenance_node': 'cmp0'},
            )

    def test_model_that_stays_as_it_was(self) -> None:
        cloud = _cloud()
        plane = self.plane(cloud, follow=False)
        client = plane.client()
        self.maintain(client, 'cmp0')
        cloud.delete(samples.uuid_of(5))
        self.maintain(client, 'cmp0')
        self.assertEqual(8, len(client.data_model()))
        plane.refresh_model()
        self.maintain(client, 'cmp0')
        self.assertEqual(7, len(client.data_model()))

    def test_options_and_log(self) -> None:
        cloud = _cloud()
        options = {'watcher_decision_engine': {'max_audit_workers': 1}}
        with ControlPlane(cloud, options=options) as plane:
            self.maintain(plane.client(), 'cmp0')
            log_path = plane.log_path
            assert log_path is not None
            config = log_path.with_name('watcher.conf').read_text()
            self.assertIn('max_audit_workers = 1', config)
            self.assertTrue(log_path.exists())
        self.assertFalse(log_path.exists())
