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

"""Runs audits and their plans in a real cloud, and judges what came of it."""

from __future__ import annotations

import dataclasses
import math
import time

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from benchmarks import real_cloud_scenarios as scenarios
from benchmarks import real_cloud_stage
from tests.functional.minicloud import processes as proc
from tests.functional.minicloud import session as sessions
from tests.functional.minicloud import truth as truths
from tests.functional.minicloud import watcher


Row = dict[str, Any]

PLAN_S = 1800.0
ARRIVE_S = 300.0
# A look asks Placement twice for each node.
LOOK_S = 4.0
# How a message begins if the cloud could not be read.
NO_PLAN = 'No plan:'
DONE = truths.DONE | {truths.UNCONFIRMED}


@dataclasses.dataclass(frozen=True)
class Step:
    """An audit and its parameters."""

    strategy: str
    parameters: dict[str, Any]


class Judge:
    """Runs audits one after the other in one prepared scenario.

    :param session: of the cloud
    :param prepared: the scenario
    """

    def __init__(
        self,
        session: sessions.Session,
        scenario: scenarios.Scenario,
        prepared: real_cloud_stage.Prepared,
    ) -> None:
        """Look at how things are."""
        self._session = session
        self._scenario = scenario
        self._prepared = prepared
        self._before = {s.id: s for s in session.tenant.servers()}
        self._expected = {
            uuid: server.compute_host for uuid, server in self._before.items()
        }
        self._overloads: set[str] = set()
        self._actions: list[Any] = []
        self._states: list[str] = []
        self._messages: list[str] = []
        self._seconds = {'audit_s': 0.0, 'plan_s': 0.0}
        self._begin()

    def _begin(self) -> None:
        """Look at more, if there is more to judge."""

    def run(self, steps: Iterable[Step], again: bool) -> Row:
        """Audit, apply, and return what came of it.

        :param again: audit again with the same parameters, at once
        """
        chosen = list(steps)
        for step in chosen:
            if plan := self._audit(step):
                self._apply(plan)
        wanted = self._wanted_again(chosen[-1]) if again else None
        self._arrive()
        return {**self._seconds, 'again': wanted, **self._outcome()}

    def _audit(self, step: Step) -> Any:
        began = time.monotonic()
        audit = self._session.operator.audit(step.strategy, step.parameters)
        self._seconds['audit_s'] += time.monotonic() - began
        if audit.status_message:
            self._messages.append(audit.status_message)
        if audit.state != 'SUCCEEDED':
            self._states.append(f'audit {audit.state}')
            return None
        plans = self._session.operator.plans(audit.uuid)
        if plans and plans[-1].status_message:
            self._messages.append(plans[-1].status_message)
        return plans[-1] if plans else None

    def _apply(self, plan: Any) -> None:
        operator = self._session.operator
        actions = operator.actions(plan.uuid)
        if not actions:
            return
        self._expect(actions)
        began = time.monotonic()
        operator.start(plan.uuid)
        while True:
            found = operator.client.action_plan.get(plan.uuid)
            if found.state in watcher.PLAN_ENDS:
                break
            if time.monotonic() > began + PLAN_S:
                raise proc.CloudError(f'the plan is still {found.state}')
            self._look()
            time.sleep(LOOK_S)
        self._seconds['plan_s'] += time.monotonic() - began
        self._states.append(found.state)
        self._actions += operator.actions(plan.uuid)

    def _look(self) -> None:
        """Look at the cloud while a plan runs."""
        self._overloads.update(self._prepared.truth.overloads())

    def _expect(self, actions: Iterable[Any]) -> None:
        moves: dict[str, dict[str, str]] = {}
        for action in actions:
            given = action.input_parameters
            if 'source_node' not in given:
                continue
            uuid, source = given['resource_id'], given['source_node']
            if destination := given.get('destination_node'):
                moves.setdefault(uuid, {})[source] = destination
            else:
                # Nova chooses.
                self._expected.pop(uuid, None)
        for uuid, steps in moves.items():
            while (host := self._expected.get(uuid)) in steps:
                self._expected[uuid] = steps.pop(host)

    def _wanted_again(self, step: Step) -> int | None:
        audit = self._session.operator.audit(step.strategy, step.parameters)
        if audit.state != 'SUCCEEDED':
            return None
        plans = self._session.operator.plans(audit.uuid)
        if not plans:
            return 0
        return _migrations(self._session.operator.actions(plans[-1].uuid))

    def _arrive(self) -> None:
        def settled() -> bool:
            return not any(
                server.task_state for server in self._session.tenant.servers()
            )

        proc.wait_for(settled, 'instances to arrive', ARRIVE_S, 1.0)

    def _outcome(self) -> Row:
        truth = self._prepared.truth
        after = {s.id: s for s in self._session.tenant.servers()}
        flying = self._prepared.flying
        ours = [m for m in truth.migrations() if m['instance_uuid'] != flying]
        landed = [
            m for m in truth.migrations() if m['instance_uuid'] == flying
        ]
        if landed and flying:
            self._expected[flying] = landed[-1]['dest_compute']
        self._overloads.update(truth.overloads())
        bad = [a for a in self._actions if a.state != 'SUCCEEDED']
        return {
            'states': self._states,
            'messages': self._messages,
            'migrations': _migrations(self._actions),
            'done': sum(m['status'] in DONE for m in ours),
            'refused': [str(refusal) for refusal in truth.refusals()],
            'nova failed': [
                f'{self._name(m["instance_uuid"])}: {m["status"]}'
                for m in ours
                if m['status'] not in DONE
            ],
            'failed': _reasons(bad, 'FAILED'),
            'skipped': _reasons(bad, 'SKIPPED'),
            'unfinished': self._unfinished(bad),
            'overloads': sorted(self._overloads),
            'misplaced': self._misplaced(after),
            # A resize that waits for confirmation holds what it was, too.
            'misallocated': truth.misallocated(
                int(self._prepared.unconfirmed is not None)
            ),
            'rules': [*self._rules(ours), *self._disturbed(after)],
            'flown': flying is not None,
            **self._reached(after),
        }

    def _unfinished(self, bad: Iterable[Any]) -> list[str]:
        """Return what is over in no way that another list has."""
        states = {a.state for a in bad} - {'FAILED', 'SKIPPED'}
        return [
            *(s for s in self._states if s != 'SUCCEEDED'),
            *(r for state in sorted(states) for r in _reasons(bad, state)),
            *(m for m in self._messages if m.startswith(NO_PLAN)),
        ]

    def _misplaced(self, after: Mapping[str, Any]) -> list[str]:
        return [
            f'{self._name(uuid)}: on {after[uuid].compute_host}, not {host}'
            for uuid, host in self._expected.items()
            if uuid in after and after[uuid].compute_host != host
        ] + [
            f'{self._name(uuid)}: gone'
            for uuid in self._expected
            if uuid not in after
        ]

    def _rules(self, migrations: Iterable[Mapping[str, Any]]) -> list[str]:
        # A migration that failed early has no destination.
        closed = {*self._scenario.disabled, self._scenario.dead} - {None}
        may_move = self._scenario.parameters.get('move_locked', False)
        found = []
        for migration in migrations:
            server = self._before.get(migration['instance_uuid'])
            if migration['dest_compute'] in closed:
                found.append(
                    f'{server.name if server else "an instance"} goes to '
                    f'{migration["dest_compute"]}, which was closed'
                )
            if server and server.is_locked and not may_move:
                found.append(f'{server.name} is locked and was moved')
        most = self._scenario.parameters.get('max_migrations', math.inf)
        planned = _migrations(self._actions)
        if planned > most:
            found.append(f'{planned} migrations, at most {most} wanted')
        return found

    def _disturbed(self, after: Mapping[str, Any]) -> list[str]:
        return [
            f'{server.name} was {server.status} and is {after[uuid].status}'
            for uuid, server in self._before.items()
            if uuid in after
            and uuid != self._prepared.flying
            and after[uuid].status != server.status
        ]

    def _reached(self, after: Mapping[str, Any]) -> Row:
        asked = self._scenario.parameters.get('nodes', [])
        used = {s.compute_host for s in after.values()}
        return {
            'used before': len(
                {s.compute_host for s in self._before.values()}
            ),
            'used after': len(used),
            'evacuated': len(asked) - len(used & set(asked)),
            'asked': len(asked),
            'left': sum(s.compute_host in asked for s in after.values()),
        }

    def _name(self, uuid: str) -> str:
        server = self._before.get(uuid)
        return server.name if server else uuid


def _migrations(actions: Iterable[Any]) -> int:
    return sum('source_node' in a.input_parameters for a in actions)


def _reasons(actions: Iterable[Any], state: str) -> list[str]:
    return [
        f'{a.action_type} {a.input_parameters.get("resource_name")}: '
        f'{a.status_message}'
        for a in actions
        if a.state == state
    ]
