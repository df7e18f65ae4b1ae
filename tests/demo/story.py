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

"""The course of the demonstration, over Watcher's REST API."""

from __future__ import annotations

import collections
import contextlib
import shutil
import tempfile
import time

from pathlib import Path
from typing import Any

from tests.demo import printing
from tests.demo.scene import Act
from tests.embedded.client import PLAN_ENDS
from tests.embedded.client import Client
from tests.embedded.cloud import Cloud
from tests.embedded.control_plane import ControlPlane
from watcher_rearrange.plugin.messages import NO_PLAN


Record = dict[str, Any]

PLAN_TIMEOUT_S = 1800.0
# Listing hundreds of actions is work for Watcher, too.
LOOK_S = 1.0
# The estimates are for real migrations, which take longer than these.
PATIENT = {'nova': {'migration_max_retries': 36000}}
OWN = ('cloud_', 'rearrange_')


class Story:
    """Runs the acts one after the other and judges the outcome."""

    def __init__(
        self, cloud: Cloud, acts: list[Act], workers: int, log: Path | None
    ) -> None:
        self._cloud = cloud
        self._acts = acts
        self._workers = workers
        self._kept = log
        self._log = log or Path(tempfile.mkdtemp()) / 'watcher.log'
        self._problems: list[str] = []

    def run(self) -> int:
        """Run everything; return the exit status."""
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            plane = stack.enter_context(
                ControlPlane(
                    self._cloud,
                    max_workers=self._workers,
                    log_path=self._log,
                    options=PATIENT,
                )
            )
            client = plane.client()
            self._introduce(client)
            for act in self._acts:
                self._perform(client, act)
        return self._judge(time.monotonic() - began)

    def _introduce(self, client: Client) -> None:
        printing.heading("Watcher's goals and strategies of this package")
        printing.table(
            ('goal', 'display name'), _own_rows(client.goals(), 'display_name')
        )
        printing.table(
            ('strategy', 'goal'), _own_rows(client.strategies(), 'goal_name')
        )

    def _perform(self, client: Client, act: Act) -> None:
        before = self._cloud.snapshot()
        given = act.parameters(before)
        printing.heading(f'{act.strategy} {given}')
        audit = client.create_audit(act.goal, act.strategy, given)
        audit = client.wait_audit(audit['uuid'])
        if audit['state'] != 'SUCCEEDED':
            said = audit.get('status_message') or 'see the log'
            self._fail(f'{act.strategy}: audit {audit["state"]}: {said}')
            return
        plan = client.plan_of(audit['uuid'])
        actions = client.actions(plan['uuid'])
        said = plan.get('status_message') or ''
        print(said)
        if said.startswith(NO_PLAN):
            self._fail(f'{act.strategy}: {said}')
        printing.indicators(plan)
        if not actions:
            print('Nothing to do.')
            return
        printing.plan(actions)
        self._approve(client, act, plan)
        printing.meters(before, self._cloud.snapshot())

    def _approve(self, client: Client, act: Act, plan: Record) -> None:
        printing.heading(f'Approved: action plan {plan["uuid"]}')
        client.start(plan['uuid'])
        actions = self._follow(client, plan['uuid'])
        ended = client.action_plan(plan['uuid'])
        print(f'\nAction plan {ended["state"]}\n')
        states = collections.Counter(action['state'] for action in actions)
        if set(states) != {'SUCCEEDED'}:
            for action in actions:
                if action['state'] != 'SUCCEEDED':
                    print(f'{action["state"]}: {action["status_message"]}')
            self._fail(f'{act.strategy}: actions {dict(states)}')
        self._compare(act, actions)

    def _follow(self, client: Client, plan: str) -> list[Record]:
        """Show how far a plan is until it has ended."""
        progress = printing.Progress()
        end_s = time.monotonic() + PLAN_TIMEOUT_S
        while time.monotonic() < end_s:
            ended = client.action_plan(plan)['state'] in PLAN_ENDS
            actions = client.actions(plan)
            progress(actions)
            if ended:
                return actions
            time.sleep(LOOK_S)
        raise TimeoutError(f'action plan {plan} takes too long')

    def _compare(self, act: Act, actions: list[Record]) -> None:
        """Whether every instance is where its last migration leads."""
        final = {}
        for action in sorted(
            actions, key=lambda a: a['input_parameters']['wave']
        ):
            given = action['input_parameters']
            if 'migration_type' in given:
                final[given['resource_id']] = given['destination_node']
        for uuid, host in final.items():
            if self._cloud.host_of(uuid) != host:
                self._fail(f'{act.strategy}: {uuid} is not on {host}')

    def _fail(self, problem: str) -> None:
        print(f'PROBLEM: {problem}')
        self._problems.append(problem)

    def _judge(self, seconds: float) -> int:
        printing.heading(f'Over after {seconds:.0f} s')
        for overload in self._cloud.overloads:
            self._fail(f'overloaded: {overload}')
        refusals = self._cloud.refusals
        for refusal in refusals:
            print(f'refusal: {refusal}')
        print(f'refused: {len(refusals)}')
        if self._problems or refusals:
            print(f"FAILED; Watcher's log: {self._log}")
            return 1
        if self._kept is None:
            shutil.rmtree(self._log.parent)
        return 0


def _own_rows(records: list[Record], key: str) -> list[tuple[str, str]]:
    return [
        (record['name'], record[key])
        for record in records
        if record['name'].startswith(OWN)
    ]
