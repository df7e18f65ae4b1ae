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

"""What Watcher's model does not know, in a real cloud.

Each: something that the model lacks or has wrong, then an audit, its plan
and the application of it, of which Nova refuses nothing.
"""

from __future__ import annotations

from typing import Any

from tests.functional.minicloud import base
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import tenant


BIG = (2, 2048, 2)
UP_OR_DOWN_S = 180.0


class ReadingTestCase(base.CloudTestCase):
    """Instances on cmp01, which is to be emptied.

    :ivar states: those of the last plan's actions, by what they are on
    """

    def setUp(self) -> None:
        """Connect, and let nobody be left from before."""
        super().setUp()
        self.compute = self.connection.compute
        self.states: dict[str, str] = {}

    def evacuate(self, *nodes: str) -> Any:
        """Plan, apply, and expect that Nova refused nothing.

        :returns: the action plan at its end
        """
        plan = self.plan('rearrange_evacuate', nodes=list(nodes))
        self.states = {}
        if self.operator.actions(plan.uuid):
            plan = self.operator.apply(plan.uuid)
            self.states = {
                action.input_parameters['resource_name']: action.state
                for action in self.operator.actions(plan.uuid)
            }
        self.assertEqual('SUCCEEDED', plan.state, plan.status_message)
        self.assertEqual(
            set(), set(self.states.values()) - {'SUCCEEDED'}, self.states
        )
        self.assertEqual([], self.truth.refusals())
        self.assertEqual([], self.truth.overloads())
        return plan

    def warm(self) -> None:
        """Let Watcher collect its model of what is there now."""
        self.plan('rearrange_rebalance')


class TestInstances(ReadingTestCase):
    """Who is there, where, and in which state."""

    def test_states(self) -> None:
        """Stopped ones move cold; paused and locked ones stay."""
        made = self.boot(
            *(
                tenant.Wish(name, 'cmp01')
                for name in ('active', 'stopped', 'paused', 'locked')
            )
        )
        self.warm()
        self.compute.stop_server(made['stopped'])
        self.compute.pause_server(made['paused'])
        self.compute.lock_server(made['locked'])
        self.tenant.wait([made['stopped']], {'SHUTOFF'})
        self.tenant.wait([made['paused']], {'PAUSED'})
        self.evacuate('cmp01')
        hosts = self.hosts()
        self.assertNotEqual('cmp01', hosts['active'])
        self.assertNotEqual('cmp01', hosts['stopped'])
        self.assertEqual('cmp01', hosts['paused'])
        self.assertEqual('cmp01', hosts['locked'])
        self.assert_clean()

    def test_force_deleted(self) -> None:
        """One that was force-deleted is in no plan."""
        made = self.boot(
            tenant.Wish('gone', 'cmp01'), tenant.Wish('there', 'cmp01')
        )
        self.warm()
        self.compute.delete_server(made['gone'], force=True)
        proc.wait_for(
            lambda: 'gone' not in self.hosts(), 'the instance to be gone'
        )
        self.evacuate('cmp01')
        self.assertEqual({'cmp01', 'there'}, set(self.states))
        self.assert_clean()

    def test_moved_by_somebody_else(self) -> None:
        """One that somebody moved between two audits is where it is."""
        made = self.boot(
            tenant.Wish('moved', 'cmp01'), tenant.Wish('there', 'cmp01')
        )
        self.warm()
        self.compute.live_migrate_server(
            made['moved'], host='cmp02', block_migration='auto'
        )
        proc.wait_for(
            lambda: self.hosts()['moved'] == 'cmp02', 'the migration'
        )
        self.tenant.wait(made.values(), {'ACTIVE'})
        self.truth.wait_settled()
        self.evacuate('cmp01', 'cmp02')
        self.assertFalse(
            {'cmp01', 'cmp02'} & set(self.hosts().values()), self.hosts()
        )
        self.assert_clean()


class TestRoom(ReadingTestCase):
    """Who holds what."""

    def test_resize_to_be_confirmed(self) -> None:
        """It stays, and its room on the source is nobody else's."""
        made = self.boot(tenant.Wish('resized', 'cmp01'))
        flavor = self.tenant.flavors([BIG])[BIG]
        self.compute.resize_server(made['resized'], flavor)
        self.tenant.wait([made['resized']], {'VERIFY_RESIZE'})
        there = self.hosts()['resized']
        self.boot(tenant.Wish('other', there))
        self.truth.start()
        self.evacuate(there)
        self.assertEqual(there, self.hosts()['resized'])
        self.assertNotEqual(there, self.hosts()['other'])
        held = self.truth.allocations()[made['resized']]
        self.assertEqual([there], list(held))
        self.compute.confirm_server_resize(made['resized'])
        self.tenant.wait([made['resized']], {'ACTIVE'})
        self.truth.wait_settled()
        self.assert_allocated_where_running()

    def test_live_migration_in_flight(self) -> None:
        """It goes on undisturbed, and both of its ends are counted."""
        made = self.boot(
            tenant.Wish('slow', 'cmp01'), tenant.Wish('other', 'cmp01')
        )
        self.warm()
        self.cloud.switches.slow_migration(made['slow'], 25.0)
        self.compute.live_migrate_server(
            made['slow'], host='cmp02', block_migration='auto'
        )
        plan = self.evacuate('cmp01')
        self.assertNotIn('slow', self.states)
        self.assertEqual('SUCCEEDED', self.states['other'])
        self.assertIsNotNone(plan)
        self.tenant.wait(made.values(), {'ACTIVE'}, UP_OR_DOWN_S)
        self.truth.wait_settled()
        self.assertEqual('cmp02', self.hosts()['slow'])
        self.assert_clean()

    def test_room_of_another_consumer(self) -> None:
        """Nobody is sent where a reservation has the room."""
        self.boot(tenant.Wish('vm', 'cmp01', memory_mb=8192))
        self.warm()
        providers = self.truth.providers()
        room = self.truth.capacities()
        reserved = {
            host: _uuid(number)
            for number, host in enumerate(sorted(providers), 1)
            if host not in ('cmp01', 'cmp05')
        }
        for host, consumer in reserved.items():
            self.addCleanup(
                self.connection.placement.delete, f'/allocations/{consumer}'
            )
            memory_mb = room[host]['MEMORY_MB'] - 4096
            self._reserve(consumer, providers[host], memory_mb)
        plan = self.evacuate('cmp01')
        self.assertEqual('cmp05', self.hosts()['vm'])
        self.assertIn(f'{len(reserved)} consumers', plan.status_message)

    def _reserve(self, consumer: str, provider: str, memory_mb: int) -> None:
        body = {
            'allocations': {provider: {'resources': {'MEMORY_MB': memory_mb}}},
            'project_id': 'reservations',
            'user_id': 'reservations',
            'consumer_generation': None,
            'consumer_type': 'RESERVATION',
        }
        answer = self.connection.placement.put(
            f'/allocations/{consumer}', json=body
        )
        self.assertEqual(204, answer.status_code, answer.text)


class TestNodes(ReadingTestCase):
    """Which nodes take part."""

    def test_disabled_compute(self) -> None:
        """Nobody is sent to a node that was disabled a moment ago."""
        self.boot(*(tenant.Wish(f'vm{n}', 'cmp01') for n in range(4)))
        self.warm()
        closed = {'cmp02', 'cmp03', 'cmp04'}
        for host in closed:
            self.compute.disable_service(
                self.service(host), disabled_reason='broken fan'
            )
        self.evacuate('cmp01')
        self.assertFalse({'cmp01', *closed} & set(self.hosts().values()))
        self.assert_clean()

    def test_dead_compute(self) -> None:
        """Nothing is sent to a dead node, nor taken off it."""
        self.boot(tenant.Wish('alive', 'cmp01'), tenant.Wish('dead', 'cmp02'))
        self.warm()
        self.cloud.processes.kill('compute-cmp02')
        self.compute.update_service_forced_down(
            self.service('cmp02'), forced=True
        )
        self.evacuate('cmp01', 'cmp02')
        self.assertNotIn(self.hosts()['alive'], ('cmp01', 'cmp02'))
        self.assertEqual('cmp02', self.hosts()['dead'])
        self.assert_clean()


class TestUnreadable(ReadingTestCase):
    """No plan rather than one from half of the facts."""

    def test_nova_does_not_list_its_migrations(self) -> None:
        """The audit says so; the next one plans."""
        self.boot(tenant.Wish('vm', 'cmp01'))
        self.warm()
        self.cloud.switches.disturb_nova('GET', '/os-migrations', status=500)
        plan = self.plan('rearrange_evacuate', nodes=['cmp01'])
        self.assertEqual([], self.operator.actions(plan.uuid))
        self.assertIn('No plan: Nova cannot be read', plan.status_message)
        self.assertIn('/os-migrations', plan.status_message)
        self.cloud.switches.clear()
        self.evacuate('cmp01')
        self.assertNotEqual('cmp01', self.hosts()['vm'])
        self.assert_clean()

    def test_placement_is_gone(self) -> None:
        """The audit says so; the next one plans."""
        self.boot(tenant.Wish('vm', 'cmp01'))
        self.warm()
        self.cloud.processes.kill('placement')
        plan = self.plan('rearrange_evacuate', nodes=['cmp01'])
        self.assertEqual([], self.operator.actions(plan.uuid))
        self.assertIn('No plan: Placement cannot be', plan.status_message)
        self.cloud.start('placement')
        self.evacuate('cmp01')
        self.assertNotEqual('cmp01', self.hosts()['vm'])
        self.assert_clean()


def _uuid(number: int) -> str:
    return f'00000000-0000-4000-a000-{number:012d}'
