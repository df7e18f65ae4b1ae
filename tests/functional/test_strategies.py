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

"""Each strategy from the REST API to the cloud."""

from __future__ import annotations

import unittest

from tests.embedded.client import ClientError
from tests.functional import base


class TestStrategies(base.FunctionalTestCase):
    def test_evacuate(self) -> None:
        self.start(
            base.snapshot(
                [base.node(f'cmp{k}') for k in range(1, 5)],
                [
                    base.instance(1, 'cmp1', 2048),
                    base.instance(2, 'cmp1', 1024, state='stopped'),
                    base.instance(3, 'cmp2', 2048),
                    base.instance(4, 'cmp2', 512, locked=True),
                    base.instance(5, 'cmp3', 1024),
                ],
            )
        )
        plan = self.plan('rearrange_evacuate', nodes=['cmp1', 'cmp2'])
        self.assertIn('vm4 stays on cmp2: locked', plan['status_message'])
        figures = self.indicators(plan)
        self.assertEqual(1, figures['nodes_evacuated'])
        self.assertEqual(3, figures['instances_evacuated'])
        self.assertEqual(1, figures['instances_staying'])

        ended, actions = self.apply(plan)

        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual(
            'cold', actions['vm2']['input_parameters']['migration_type']
        )
        hosts = self.hosts()
        self.assertEqual('cmp2', hosts.pop('vm4'))
        self.assertLessEqual(set(hosts.values()), {'cmp3', 'cmp4'})
        for host in ('cmp1', 'cmp2'):
            service = self.service(host)
            self.assertEqual('disabled', service['status'])
            self.assertIn('rearrange', service['disabled_reason'])
        self.assert_clean()
        again = self.plan('rearrange_evacuate', nodes=['cmp1', 'cmp2'])
        self.assertEqual({}, self.actions(again))

    def test_consolidate(self) -> None:
        self.start(
            base.snapshot(
                [base.node(f'cmp{k}') for k in range(1, 6)],
                [base.instance(k, f'cmp{k}', 1024) for k in range(1, 6)],
            )
        )
        plan = self.plan('rearrange_consolidate', spare_nodes=2)
        figures = self.indicators(plan)
        self.assertEqual(5, figures['active_nodes_before'])
        self.assertEqual(1, figures['active_nodes_after'])

        ended, _ = self.apply(plan)

        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual(1, len(set(self.hosts().values())))
        disabled = [
            node['hostname']
            for node in self.cloud.snapshot()['compute_nodes']
            if node.get('status') == 'disabled'
        ]
        self.assertEqual(2, len(disabled))
        self.assert_clean()

    def test_rebalance(self) -> None:
        self.start(
            base.snapshot(
                [base.node(f'cmp{k}') for k in range(1, 5)],
                [base.instance(k, 'cmp1', 1024) for k in range(1, 9)],
            )
        )
        plan = self.plan('rearrange_rebalance', threshold_pct=1)
        ended, actions = self.apply(plan)
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual(6, len(actions))
        hosts = list(self.hosts().values())
        self.assertEqual([2] * 4, [hosts.count(h) for h in set(hosts)])
        self.assert_clean()

    def test_optimize(self) -> None:
        self.start(
            base.snapshot(
                [base.node(f'cmp{k}') for k in range(1, 4)],
                [base.instance(k, 'cmp1', 1024) for k in range(1, 7)],
            )
        )
        plan = self.plan(
            'rearrange_optimize',
            objectives=[
                [{'name': 'instance_count', 'measure': 'spread'}],
                [{'name': 'migrations'}],
            ],
        )
        figures = self.indicators(plan)
        self.assertEqual(6, figures['instance_count_before'])
        self.assertEqual(0, figures['instance_count_after'])

        ended, actions = self.apply(plan)

        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual(4, len(actions))
        self.assert_clean()

    def test_a_swap_goes_through_a_temporary_host(self) -> None:
        # Memory and CPU are balanced only if vm1 and vm2 trade places, and
        # neither fits beside the other.
        self.start(
            base.snapshot(
                [
                    base.node('cmp1'),
                    base.node('cmp2', 6144),
                    base.node('cmp3'),
                ],
                [
                    base.instance(1, 'cmp1', 5120),
                    base.instance(2, 'cmp2', 4096),
                    base.instance(3, 'cmp1', 3072, locked=True),
                    base.instance(4, 'cmp3', 2048, locked=True),
                ],
            )
        )
        plan = self.plan('rearrange_rebalance', threshold_pct=0)
        ended, _ = self.apply(plan)
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assert_clean()

    def test_plain_actions(self) -> None:
        self.start(
            base.snapshot(
                [base.node('cmp1'), base.node('cmp2')],
                [base.instance(1, 'cmp1', 1024)],
            ),
            {'watcher_planners.rearrange': {'guard_actions': False}},
        )
        plan = self.plan('rearrange_evacuate', nodes=['cmp1'])
        kinds = {
            action['action_type'] for action in self.actions(plan).values()
        }
        self.assertEqual({'migrate', 'change_nova_service_state'}, kinds)
        ended, _ = self.apply(plan)
        self.assertEqual('SUCCEEDED', ended['state'])
        self.assertEqual({'vm1': 'cmp2'}, self.hosts())

    def test_scope(self) -> None:
        self.start(
            base.snapshot(
                [base.node(f'cmp{k}') for k in range(1, 4)],
                [
                    base.instance(1, 'cmp1', 1024),
                    base.instance(2, 'cmp1', 1024),
                ],
            )
        )
        excluded = base.instance(1, '', 0)['uuid']
        scope = [
            {
                'compute': [
                    {
                        'exclude': [
                            {'instances': [{'uuid': excluded}]},
                            {'compute_nodes': [{'name': 'cmp2'}]},
                        ]
                    }
                ]
            }
        ]
        template = self.client.create_template(
            'drain', 'cloud_evacuation', 'rearrange_evacuate', scope
        )
        audit = self.client.create_audit_from(
            template['uuid'], parameters={'nodes': ['cmp1']}
        )
        audit = self.client.wait_audit(audit['uuid'])
        self.apply(self.client.plan_of(audit['uuid']))
        self.assertEqual({'vm1': 'cmp1', 'vm2': 'cmp3'}, self.hosts())


class TestRefusals(base.FunctionalTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start(
            base.snapshot(
                [base.node('cmp1'), base.node('cmp2')],
                [base.instance(1, 'cmp1', 1024)],
            )
        )

    def test_unknown_parameter(self) -> None:
        with self.assertRaisesRegex(ClientError, 'spare_node'):
            self.audit('rearrange_consolidate', parameters={'spare_node': 1})

    def test_wrong_type(self) -> None:
        with self.assertRaisesRegex(ClientError, 'threshold_pct|many'):
            self.audit(
                'rearrange_rebalance', parameters={'threshold_pct': 'many'}
            )

    def test_unknown_node(self) -> None:
        audit = self.audit(
            'rearrange_evacuate', parameters={'nodes': ['cmp8', 'cmp9']}
        )
        self.assertEqual('FAILED', audit['state'])
        self.assertIn("'cmp8' is not a compute", audit['status_message'])
        self.assertIn("'cmp9' is not a compute", audit['status_message'])
        self.assertEqual({'vm1': 'cmp1'}, self.hosts())


if __name__ == '__main__':
    unittest.main()
