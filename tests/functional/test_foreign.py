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

"""Moves of Watcher's own strategies, put in order by our planner."""

from __future__ import annotations

import unittest

from typing import Any
from unittest import mock

from tests.functional import base


# By name: Watcher must not be imported before its backend is chosen.
STRATEGIES = 'watcher.decision_engine.strategy.strategies'
ACTUATOR = f'{STRATEGIES}.actuation.Actuator'
CONSOLIDATION = (
    f'{STRATEGIES}.vm_workload_consolidation.VMWorkloadConsolidation'
)


def migration(vm: base.Record, destination: str) -> base.Record:
    """Return a migration as the actuator wants it."""
    return {
        'action_type': 'migrate',
        'resource_id': vm['uuid'],
        'input_parameters': {
            'migration_type': 'live',
            'source_node': vm['host'],
            'destination_node': destination,
            'resource_name': vm['name'],
        },
    }


def service(node: base.Record, state: str) -> base.Record:
    """Return the change of a service as the actuator wants it."""
    return {
        'action_type': 'change_nova_service_state',
        'resource_id': node['uuid'],
        'input_parameters': {
            'state': state,
            'resource_name': node['hostname'],
            'disabled_reason': 'maintenance',
        },
    }


class ForeignTestCase(base.FunctionalTestCase):
    def use_planner(self, strategy: str) -> None:
        """Let a strategy of Watcher ask for our planner."""
        name = mock.PropertyMock(return_value='rearrange')
        self.enterContext(mock.patch(f'{strategy}.planner', name))

    def foreign_plan(
        self, goal: str, strategy: str, **parameters: Any
    ) -> base.Record:
        audit = self.client.create_audit(goal, strategy, parameters)
        audit = self.client.wait_audit(audit['uuid'])
        self.assertEqual('SUCCEEDED', audit['state'], audit)
        return self.client.plan_of(audit['uuid'])

    def run_all(self, plan: base.Record) -> list[base.Record]:
        """Carry out a plan of which every action succeeds."""
        self.client.start(plan['uuid'])
        ended = self.client.wait_plan(plan['uuid'])
        self.assertEqual('SUCCEEDED', ended['state'])
        actions = self.client.actions(plan['uuid'])
        self.assertEqual(
            {'SUCCEEDED'}, {action['state'] for action in actions}, actions
        )
        return actions


class TestActuator(ForeignTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nodes = [base.node(f'cmp{k}') for k in range(1, 4)]
        self.vms = [
            base.instance(1, 'cmp1', 8192),
            base.instance(2, 'cmp2', 8192),
            base.instance(3, 'cmp3', 8192),
        ]
        self.use_planner(ACTUATOR)

    def act(self, *actions: base.Record) -> base.Record:
        return self.foreign_plan(
            'unclassified', 'actuator', actions=list(actions)
        )

    def test_a_swap_goes_through_a_temporary_host(self) -> None:
        self.start(base.snapshot(self.nodes, self.vms[:2]))
        plan = self.act(
            migration(self.vms[0], 'cmp2'), migration(self.vms[1], 'cmp1')
        )
        self.assertIn('migrations: 3', plan['status_message'])
        actions = self.run_all(plan)
        self.assertEqual(
            ['guarded_migrate'] * 3, [a['action_type'] for a in actions]
        )
        self.assertEqual({'vm1': 'cmp2', 'vm2': 'cmp1'}, self.hosts())
        self.assert_clean()

    def test_a_ring_and_a_node_that_is_opened_for_it(self) -> None:
        # Every node is full, but for one that only a service action opens.
        spare = base.node('cmp4', status='disabled')
        self.start(base.snapshot([*self.nodes, spare], self.vms))
        plan = self.act(
            *(
                migration(vm, f'cmp{k % 3 + 1}')
                for k, vm in enumerate(self.vms, start=1)
            ),
            service(spare, 'enabled'),
        )
        self.run_all(plan)
        self.assertEqual(
            {'vm1': 'cmp2', 'vm2': 'cmp3', 'vm3': 'cmp1'}, self.hosts()
        )
        self.assert_clean()

    def test_a_node_is_closed_when_all_have_arrived(self) -> None:
        self.start(base.snapshot(self.nodes, self.vms[:2]))
        plan = self.act(
            service(self.nodes[1], 'disabled'),
            migration(self.vms[0], 'cmp2'),
            migration(self.vms[1], 'cmp3'),
            {
                'action_type': 'nop',
                'input_parameters': {'message': 'what nobody knows'},
            },
        )
        self.run_all(plan)
        self.assertEqual({'vm1': 'cmp2', 'vm2': 'cmp3'}, self.hosts())
        self.assertEqual('disabled', self.service('cmp2')['status'])
        self.assert_clean()

    def test_no_path_keeps_every_action(self) -> None:
        self.start(base.snapshot(self.nodes[:2], self.vms[:2]))
        plan = self.act(
            migration(self.vms[0], 'cmp2'), migration(self.vms[1], 'cmp1')
        )
        self.assertIn('one action after the other', plan['status_message'])
        actions = self.client.actions(plan['uuid'])
        self.assertEqual(['migrate'] * 2, [a['action_type'] for a in actions])
        self.assertEqual([actions[0]['uuid']], actions[1]['parents'])


def _instance_utilization(_: Any, vm: Any) -> dict[str, float]:
    return {'cpu': vm.vcpus * 0.1, 'ram': vm.memory, 'disk': vm.disk}


def _node_utilization(_: Any, node: Any) -> dict[str, float]:
    return {'cpu': 0, 'ram': 0}


class TestConsolidation(ForeignTestCase):
    def test_vm_workload_consolidation(self) -> None:
        self.use_planner(CONSOLIDATION)
        # There is no datasource here.
        for method, answer in (
            ('get_instance_utilization', _instance_utilization),
            ('_get_node_total_utilization', _node_utilization),
        ):
            self.enterContext(mock.patch(f'{CONSOLIDATION}.{method}', answer))
        self.start(
            base.snapshot(
                [base.node(f'cmp{k}') for k in range(1, 5)],
                [base.instance(k, f'cmp{k}', 2048) for k in range(1, 5)],
            )
        )
        plan = self.foreign_plan(
            'server_consolidation', 'vm_workload_consolidation'
        )
        self.assertIn('put in order', plan['status_message'])
        actions = self.run_all(plan)
        self.assertIn(
            'guarded_migrate', {action['action_type'] for action in actions}
        )
        self.assertLess(len(set(self.hosts().values())), 4)
        self.assert_clean()


if __name__ == '__main__':
    unittest.main()
