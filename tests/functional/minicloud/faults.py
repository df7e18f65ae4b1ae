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

"""The evacuation of a node, and what is to be so whatever goes wrong."""

from __future__ import annotations

import time

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from tests.functional.minicloud import base
from tests.functional.minicloud import judging
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import tenant
from tests.functional.minicloud import truth as truths


SOURCE = 'cmp01'
WATCHER = ('watcher-decision-engine', 'watcher-applier')
# Long enough to do something to a cloud while an instance moves.
SLOW_S = 12.0
OVER = frozenset({'SUCCEEDED', 'FAILED', 'SKIPPED', 'CANCELLED'})
AT_REST = frozenset({'ACTIVE', 'SHUTOFF', 'PAUSED'})


class FaultTestCase(base.CloudTestCase):
    """Evacuates the compute node :data:`SOURCE` while something goes wrong.

    Whatever is seen goes into a file beside the logs of the cloud.

    :ivar uuids: of the instances, by name
    """

    uuids: dict[str, str]

    def boot_on_source(self, *names: str) -> None:
        """Boot instances on the node that is to be evacuated."""
        self.uuids = self.boot(*(tenant.Wish(name, SOURCE) for name in names))

    def evacuation(self, **parameters: Any) -> Any:
        """Audit the evacuation of the source and return its plan."""
        return self.plan('rearrange_evacuate', nodes=[SOURCE], **parameters)

    def begin(
        self, *names: str, slow: int = 0, seconds: float = SLOW_S
    ) -> tuple[Any, list[str]]:
        """Boot instances and start to evacuate them.

        Return when one of them moves, and will for a while.

        :param slow: which one, in the order of the plan
        :param seconds: that it takes
        :returns: the plan and the order
        """
        self.boot_on_source(*names)
        plan = self.evacuation()
        order = self.in_order(plan)
        self.slow(order[slow], seconds)
        self.operator.start(plan.uuid)
        self.wait_moving(order[slow])
        return plan, order

    def stop(self, *names: str) -> None:
        """Stop instances."""
        for name in names:
            self.connection.compute.stop_server(self.uuids[name])
        self.tenant.wait([self.uuids[name] for name in names], ['SHUTOFF'])

    def actions(self, plan: Any) -> dict[str, Any]:
        """Return the actions of a plan by the name of what they are on.

        :raises ValueError: if two are on the same
        """
        found: dict[str, Any] = {}
        for action in self.operator.actions(plan.uuid):
            name = action.input_parameters['resource_name']
            if name in found:
                raise ValueError(f'{name} has two actions')
            found[name] = action
        return found

    def in_order(self, plan: Any) -> list[str]:
        """Return the instances of a plan in the order of their migrations.

        Only one at a time leaves a node, so that there is an order.
        """
        return [
            action.input_parameters['resource_name']
            for action in judging.sort(self.operator.actions(plan.uuid))
            if 'migration_type' in action.input_parameters
        ]

    def wait_action(
        self,
        plan: Any,
        name: str,
        states: Collection[str] = ('ONGOING',),
        seconds: float = 180.0,
    ) -> None:
        """Wait until the action on something is in one of some states."""
        proc.wait_for(
            lambda: self.actions(plan)[name].state in states,
            f'the action on {name} to be {" or ".join(states)}',
            seconds,
        )

    def wait_moving(self, name: str) -> None:
        """Wait until Nova's hypervisors move an instance."""
        proc.wait_for(
            lambda: any(
                migration['instance_uuid'] == self.uuids[name]
                and migration['status'] == 'running'
                for migration in self.truth.migrations()
            ),
            f'a migration of {name} to run',
            120.0,
        )

    def note(self, what: str, plan: Any) -> Any:
        """Write down how a plan ended and return it as it is now."""
        plan = self.operator.client.action_plan.get(plan.uuid)
        lines = [what]
        lines.append(f'  plan {plan.state}: {plan.status_message}')
        for name, action in self.actions(plan).items():
            lines.append(f'  {name} {action.state}: {action.status_message}')
        for migration in self.truth.migrations():
            lines.append(
                f'  migration {migration["migration_type"]} '
                f'{migration["status"]}: {migration["source_compute"]} to '
                f'{migration["dest_compute"]}'
            )
        lines += [f'  refused: {r.status}' for r in self.truth.refusals()]
        self.write('\n'.join(lines))
        return plan

    def write(self, text: str) -> None:
        """Write down what was seen."""
        with (self.cloud.layout.log / 'faults.log').open('a') as out:
            out.write(f'{self.id()}: {text}\n')

    def assert_states(self, plan: Any, expected: Mapping[str, str]) -> None:
        """The actions on some things ended so, and none is under way."""
        actions = self.actions(plan)
        found = {name: actions[name].state for name in expected}
        messages = {n: a.status_message for n, a in actions.items()}
        self.assertEqual(dict(expected), found, messages)
        open_ones = {n for n, a in actions.items() if a.state not in OVER}
        self.assertEqual(set(), open_ones)

    def assert_says(self, plan: Any, name: str, *words: str) -> None:
        """The message of an action says why it ended as it did."""
        message = self.actions(plan)[name].status_message or ''
        for word in words:
            self.assertIn(word, message)

    def assert_whole(self) -> None:
        """All instances exist and no others, at rest and on one node each."""
        servers = self.tenant.servers()
        self.assertEqual(
            self.uuids, {server.name: server.id for server in servers}
        )
        for server in servers:
            self.assertIn(server.status, AT_REST, server.name)
            self.assertIsNone(server.task_state, server.name)
        self.assertEqual([], self.truth.overloads())
        self.assert_allocated_where_running()

    def go_on(self) -> None:
        """Let everything work again: nothing is lost, and the goal reached.

        Every test of a fault ends so.
        """
        self.cloud.switches.clear()
        self.truth.wait_settled()
        self.assert_whole()
        self.assert_next_audit_succeeds()
        self.assert_whole()

    def assert_next_audit_succeeds(self) -> None:
        """Evacuate once more: nothing is refused, and nobody is left."""
        self.truth.start()
        plan = self.evacuation()
        if plan.state == 'RECOMMENDED':
            plan = self.operator.apply(plan.uuid)
        plan = self.note('next audit', plan)
        self.assertEqual('SUCCEEDED', plan.state, plan.status_message)
        states = {action.state for action in self.actions(plan).values()}
        self.assertLessEqual(states, {'SUCCEEDED'})
        self.assertNotIn(SOURCE, self.hosts().values())
        self.assertEqual('disabled', self.service(SOURCE).status)
        self.assert_clean()

    def destination(self, plan: Any, name: str) -> str:
        """Return where a plan sends an instance."""
        parameters = self.actions(plan)[name].input_parameters
        found: str = parameters['destination_node']
        return found

    def free_ended_migrations(self) -> int:
        """Mend what Placement holds for migrations that are over.

        Where a compute or Placement dies, Nova leaves the room on the source
        to the migration, and that on the destination to the instance,
        wherever it is. The operator deletes the one and heals the other.

        :returns: how many of them there were
        """
        self.truth.wait_passed()
        held = set(self.truth.allocations())
        left = [
            migration
            for migration in self.truth.migrations()
            if migration['status'] in truths.OVER and migration['uuid'] in held
        ]
        self.write(f'allocations of ended migrations: {len(left)}')
        for migration in left:
            self.connection.placement.delete(
                f'/allocations/{migration["uuid"]}'
            )
            self.heal(migration['instance_uuid'])
        return len(left)

    def heal(self, instance: str) -> None:
        """Let Nova write the allocations of an instance anew."""
        layout = self.cloud.layout
        self.cloud.processes.call(
            [
                layout.bin / 'nova-manage',
                '--config-file',
                layout.etc / 'nova' / 'nova.conf',
                'placement',
                'heal_allocations',
                '--force',
                '--instance',
                instance,
            ]
        )

    def configure(self, text: str) -> None:
        """Add to Watcher's configuration until the end of the test."""
        path = self.cloud.layout.etc / 'watcher' / 'watcher.conf'
        before = path.read_text()

        def write(content: str) -> None:
            path.write_text(content)
            for name in WATCHER:
                if name in self.cloud.processes.running():
                    self.cloud.processes.kill(name)
                self.cloud.start(name)

        self.addCleanup(write, before)
        write(f'{before}\n{text}')

    def pause(self, seconds: float) -> None:
        """Let some time pass."""
        time.sleep(seconds)

    def slow(self, name: str, seconds: float = SLOW_S) -> None:
        """Let the migration of an instance take some time."""
        self.cloud.switches.slow_migration(self.uuids[name], seconds)

    def audit_over(self) -> str:
        """Return how an audit ends that is made while a plan is applied."""
        audit = self.operator.audit('rearrange_evacuate', {'nodes': [SOURCE]})
        self.write(f'audit beside a plan: {audit.state}')
        state: str = audit.state
        return state
