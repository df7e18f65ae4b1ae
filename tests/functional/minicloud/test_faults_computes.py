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

"""A destination that fills up, and computes that die in mid-plan."""

from __future__ import annotations

from tests.functional.minicloud import faults
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import tenant


DOWN_S = 180.0


class TestDestinationFillsUp(faults.FaultTestCase):
    """Others boot where the plan wanted to go."""

    def test_between_audit_and_start(self) -> None:
        """Nova refuses, and the next audit finds another node."""
        self.boot_on_source('a', 'b', 'c')
        plan = self.evacuation()
        victim = self.in_order(plan)[0]
        full = self.destination(plan, victim)
        host = next(h for h in self.cloud.hosts if h.name == full)
        room_mb = host.memory_mb - host.reserved_host_memory_mb
        # Not a single instance more fits.
        filler = tenant.Wish('filler', full, memory_mb=room_mb - 512)
        self.uuids |= self.boot(filler)
        self.operator.apply(plan.uuid)
        plan = self.note('destination is full', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(plan, {victim: 'FAILED'})
        self.assert_says(plan, victim, 'No valid host')
        self.assertEqual(faults.SOURCE, self.hosts()[victim])
        self.go_on()


class TestComputeDies(faults.FaultTestCase):
    """The nova-compute at one end of a migration is killed."""

    def test_destination(self) -> None:
        """Nova puts the instance in error; the others arrive."""
        plan, order = self.begin('a', 'b', 'c')
        first = order[0]
        dead = self.destination(plan, first)
        self.cloud.processes.kill(f'compute-{dead}')
        self.wait_down(dead)
        self.operator.wait_plan(plan.uuid)
        plan = self.note('destination died', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(
            plan, {n: 'SUCCEEDED' if n != first else 'FAILED' for n in order}
        )
        self.assert_says(plan, first, f'is on {dead} now, but in ERROR')
        self.assertEqual(dead, self.hosts()[first])
        # What the operator does: start it, see that the instance is well.
        self.cloud.start(f'compute-{dead}')
        self.wait_up()
        self.connection.compute.reset_server_state(self.uuids[first], 'active')
        self.free_ended_migrations()
        self.go_on()

    def test_source(self) -> None:
        """Nothing can leave a dead node; when it is back, all does."""
        plan, order = self.begin('a', 'b', 'c')
        self.cloud.processes.kill(f'compute-{faults.SOURCE}')
        self.wait_down(faults.SOURCE)
        self.operator.wait_plan(plan.uuid)
        plan = self.note('source died', plan)
        self.assertEqual('FAILED', plan.state)
        self.assert_states(plan, dict.fromkeys(order, 'FAILED'))
        self.assert_says(plan, order[0], 'did not arrive in time')
        for name in order[1:]:
            self.assert_says(plan, name, f'of {faults.SOURCE} is down')
        self.assertEqual([], self.truth.refusals())
        self.meanwhile()
        self.cloud.start(f'compute-{faults.SOURCE}')
        self.wait_up()
        self.tenant.wait(self.uuids.values(), ['ACTIVE'])
        self.free_ended_migrations()
        self.go_on()

    def meanwhile(self) -> None:
        """A plan that is made now does no harm."""
        plan = self.evacuation()
        if plan.state == 'RECOMMENDED':
            plan = self.operator.apply(plan.uuid)
        plan = self.note('meanwhile', plan)
        states = {action.state for action in self.actions(plan).values()}
        self.assertLessEqual(states, {'FAILED', 'SKIPPED'})
        self.assertEqual([], self.truth.refusals())

    def wait_down(self, host: str) -> None:
        """Wait until Nova misses a compute."""
        proc.wait_for(
            lambda: self.service(host).state == 'down',
            f'{host} to be down',
            DOWN_S,
        )

    def wait_up(self) -> None:
        """Wait until Nova misses none."""
        proc.wait_for(
            lambda: set(self.session.states().values()) == {'up'},
            'all computes to be up',
            DOWN_S,
        )
