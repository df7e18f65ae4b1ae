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
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import tenant


SOURCE = 'cmp01'
WATCHER = ('watcher-decision-engine', 'watcher-applier')
# Long enough to do something to a cloud while an instance moves.
SLOW_S = 12.0
OVER = frozenset({'SUCCEEDED', 'FAILED', 'SKIPPED', 'CANCELLED'})
AT_REST = frozenset({'ACTIVE', 'SHUTOFF', 'PAUSED'})


class FaultTestCase(base.CloudTestCase):
    """Evacuates the compute node :data:`SOURCE` while something goes wrong.

    Whatever is seen goes into a file beside the logs of the cloud.
    """

    def boot_on_source(self, *names: str) -> dict[str, str]:
        """Boot instances on the node that is to be evacuated."""
        return self.boot(*(tenant.Wish(name, SOURCE) for name in names))

    def evacuation(self, **parameters: Any) -> Any:
        """Audit the evacuation of the source and return its plan."""
        return self.plan('rearrange_evacuate', nodes=[SOURCE], **parameters)

    def actions(self, plan: Any) -> dict[str, Any]:
        """Return the actions of a plan by the name of what they are on."""
        return {
            action.input_parameters['resource_name']: action
            for action in self.operator.actions(plan.uuid)
        }

    def in_order(self, plan: Any) -> list[str]:
        """Return the instances of a plan in the order of their migrations.

        Only one at a time leaves a node, so that there is an order.
        """
        actions = {
            action.uuid: action for action in self.actions(plan).values()
        }
        found: list[str] = []
        while len(found) < len(actions):
            found += [
                uuid
                for uuid, action in actions.items()
                if uuid not in found and found_all(action.parents, found)
            ]
        return [
            actions[uuid].input_parameters['resource_name']
            for uuid in found
            if 'migration_type' in actions[uuid].input_parameters
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

    def wait_moving(self, instance: str) -> None:
        """Wait until Nova's hypervisors move an instance."""
        proc.wait_for(
            lambda: any(
                migration['instance_uuid'] == instance
                and migration['status'] == 'running'
                for migration in self.truth.migrations()
            ),
            f'a migration of {instance} to run',
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

    def assert_whole(self, expected: Collection[str]) -> None:
        """Just these instances exist, each at rest and on one node.

        :param expected: their UUIDs
        """
        servers = self.tenant.servers()
        self.assertEqual(set(expected), {server.id for server in servers})
        for server in servers:
            self.assertIn(server.status, AT_REST, server.name)
            self.assertIsNone(server.task_state, server.name)
        self.assertEqual([], self.truth.overloads())
        self.assert_allocated_where_running()

    def assert_next_audit_succeeds(self, **parameters: Any) -> Any:
        """Evacuate once more: nothing is refused, and the goal is reached.

        :returns: the plan
        """
        self.truth.start()
        plan = self.evacuation(**parameters)
        if plan.state == 'RECOMMENDED':
            plan = self.operator.apply(plan.uuid)
        plan = self.note('next audit', plan)
        self.assertEqual('SUCCEEDED', plan.state, plan.status_message)
        states = {action.state for action in self.actions(plan).values()}
        self.assertLessEqual(states, {'SUCCEEDED'})
        self.assertNotIn(SOURCE, self.hosts().values())
        self.assertEqual('disabled', self.service(SOURCE).status)
        self.assert_clean()
        return plan

    def service(self, host: str) -> Any:
        """Return the compute service of a host."""
        found = self.connection.compute.services(
            binary='nova-compute', host=host
        )
        return next(iter(found))

    def destination(self, plan: Any, name: str) -> str:
        """Return where a plan sends an instance."""
        parameters = self.actions(plan)[name].input_parameters
        found: str = parameters['destination_node']
        return found

    def free_ended_migrations(self) -> None:
        """Mend what Placement holds for migrations that are over.

        Where a compute or Placement dies, Nova leaves the room on the source
        to the migration, and that on the destination to the instance,
        wherever it is. The operator deletes the one and heals the other.
        """
        held = set(self.truth.allocations())
        left = [
            migration
            for migration in self.truth.migrations()
            if migration['status'] in ('completed', 'error', 'failed')
            and migration['uuid'] in held
        ]
        self.write(f'allocations of ended migrations: {len(left)}')
        for migration in left:
            self.connection.placement.delete(
                f'/allocations/{migration["uuid"]}'
            )
            self.heal(migration['instance_uuid'])

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

    def slow(self, uuids: Collection[str], seconds: float = SLOW_S) -> None:
        """Let the live migrations of instances take some time."""
        for uuid in uuids:
            self.cloud.switches.slow_migration(uuid, seconds)

    def audit_over(self, plan: Any) -> str:
        """Return how an audit ends that is made while a plan is applied."""
        audit = self.operator.audit('rearrange_evacuate', {'nodes': [SOURCE]})
        self.write(f'audit beside a plan {plan.state}: {audit.state}')
        state: str = audit.state
        return state


def found_all(parents: Collection[str], found: Collection[str]) -> bool:
    """Return whether all of some actions are among those found."""
    return set(parents) <= set(found)
