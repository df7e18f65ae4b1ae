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

"""What an operator does to a plan, and what comes of mistakes."""

from __future__ import annotations

from tests.functional.minicloud import command_line
from tests.functional.minicloud import operator_case
from tests.functional.minicloud import tenant


class TestPlans(operator_case.OperatorTestCase):
    """A plan that empties a compute of four instances."""

    def setUp(self) -> None:
        """Make the plan."""
        super().setUp()
        self.made = self.boot(
            *(tenant.Wish(f'vm{number}', 'cmp01') for number in range(4))
        )
        self.plan_made = self.audit('rearrange_evacuate', nodes=['cmp01'])
        self.uuid = self.plan_made['UUID']

    def cancel(self) -> None:
        """Cancel the plan and wait until it is."""
        self.openstack.run('actionplan', 'cancel', self.uuid)
        self.openstack.wait('actionplan', self.uuid, {'CANCELLED'})

    def test_skip(self) -> None:
        """A skipped action is not done; the reason is kept."""
        action = next(
            action
            for action in self.openstack.actions(self.uuid)
            if self.made['vm2'] in str(action['Parameters'])
        )
        self.openstack.run(
            'action',
            'update',
            action['UUID'],
            '--state',
            'SKIPPED',
            '--reason',
            'customer freeze',
        )
        self.apply(self.plan_made)
        shown = self.openstack.show('action', 'show', action['UUID'])
        self.assertEqual('SKIPPED', shown['State'])
        self.assertIn('customer freeze', shown['Status Message'])
        self.assertEqual('cmp01', self.hosts()['vm2'])

    def test_cancel_recommended(self) -> None:
        """Nothing happens."""
        self.cancel()
        self.assertEqual({'cmp01'}, set(self.hosts().values()))
        self.assert_clean()

    def test_cancel_pending(self) -> None:
        """Nothing happens, not even when the applier comes back."""
        self.cloud.processes.kill('watcher-applier')
        self.openstack.run('actionplan', 'start', self.uuid)
        self.openstack.wait('actionplan', self.uuid, {'PENDING'})
        self.openstack.run('actionplan', 'cancel', self.uuid)
        self.cloud.start('watcher-applier')
        self.openstack.wait('actionplan', self.uuid, {'CANCELLED'})
        self.assertEqual({'cmp01'}, set(self.hosts().values()))
        self.assert_clean()

    def test_cancel_running(self) -> None:
        """What is not begun is not done; the next plan goes on from there."""
        for uuid in self.made.values():
            self.cloud.switches.slow_migration(uuid, 15.0)
        self.openstack.run('actionplan', 'start', self.uuid)
        self.openstack.wait('actionplan', self.uuid, {'ONGOING'})
        self.cancel()
        self.tenant.wait(self.made.values(), {'ACTIVE'})
        self.truth.wait_settled()
        self.assertIn('cmp01', self.hosts().values())
        self.assert_allocated_where_running()
        self.cloud.switches.clear()
        self.truth.start()
        self.apply(self.audit('rearrange_evacuate', nodes=['cmp01']))
        self.assertNotIn('cmp01', self.hosts().values())


class TestMistakes(operator_case.OperatorTestCase):
    """Parameters that cannot be."""

    def refusal(self, strategy: str, **parameters: object) -> str:
        """Return the error of a command that must fail."""
        with self.assertRaises(command_line.CommandError) as caught:
            self.openstack.run(
                'audit',
                'create',
                *operator_case.chosen(strategy),
                *operator_case.given(parameters),
            )
        error = str(caught.exception)
        self.assertIn('HTTP 400', error)
        self.assertNotIn('Traceback', error)
        return error

    def test_schema(self) -> None:
        """The API refuses what the schema forbids, before anything runs."""
        error = self.refusal('rearrange_rebalance', treshold_pct=5)
        self.assertIn('treshold_pct', error)
        error = self.refusal('rearrange_rebalance', threshold_pct=500)
        self.assertIn('threshold_pct', error)
        error = self.refusal('rearrange_defragment', flavors={'big': 'many'})
        self.assertIn('flavors', error)

    def test_all_at_once(self) -> None:
        """What only the strategy can judge is said in one message."""
        stages = [
            {'strategy': 'evacuate', 'parameters': {'node': ['cmp01']}},
            {'strategy': 'rebalance', 'parameters': {'threshold_pct': -1}},
        ]
        audit = self.openstack.audit(
            *operator_case.chosen('rearrange_combined'),
            *operator_case.given({'stages': stages}),
        )
        self.assertEqual('FAILED', audit['State'])
        self.assertIn('stages[0].parameters.node', audit['Status Message'])
        self.assertIn(
            'stages[1].parameters.threshold_pct', audit['Status Message']
        )

    def test_unknown_computes(self) -> None:
        """All of them are named."""
        audit = self.openstack.audit(
            *operator_case.chosen('rearrange_evacuate'),
            *operator_case.given({'nodes': ['cmp01', 'cmp98', 'cmp99']}),
        )
        self.assertEqual('FAILED', audit['State'])
        self.assertIn('cmp98', audit['Status Message'])
        self.assertIn('cmp99', audit['Status Message'])
