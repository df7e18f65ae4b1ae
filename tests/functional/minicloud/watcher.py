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

"""What an operator does with Watcher, through its official client."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from watcherclient.common.apiclient import exceptions

from tests.functional.minicloud import processes as proc


AUDIT_ENDS = frozenset({'SUCCEEDED', 'FAILED', 'CANCELLED', 'SUSPENDED'})
PLAN_ENDS = frozenset({'SUCCEEDED', 'FAILED', 'CANCELLED', 'SUPERSEDED'})
LOOK_S = 0.3
# No cancellation of a test takes so long, unless its applier was killed.
STUCK_S = 20.0


class Operator:
    """See the module.

    :param client: of python-watcherclient
    """

    def __init__(self, client: Any) -> None:
        """Keep the client."""
        self.client = client

    def audit(
        self,
        strategy: str,
        parameters: Mapping[str, Any] | None = None,
        seconds: float = 300.0,
        **fields: Any,
    ) -> Any:
        """Run a one-shot audit to its end.

        :param fields: others of the API, as name, scope or force
        """
        audit = self.client.audit.create(
            audit_type='ONESHOT',
            goal=self.goal(strategy),
            strategy=strategy,
            parameters=dict(parameters or {}),
            **fields,
        )
        return self.wait_audit(audit.uuid, seconds=seconds)

    def goal(self, strategy: str) -> str:
        """Return the name of a strategy's goal."""
        found: str = self.client.strategy.get(strategy).goal_name
        return found

    def wait_audit(
        self,
        uuid: str,
        states: Collection[str] = AUDIT_ENDS,
        seconds: float = 300.0,
    ) -> Any:
        """Wait until an audit is in one of some states and return it."""
        return _wait(lambda: self.client.audit.get(uuid), states, seconds)

    def plans(self, audit: str) -> list[Any]:
        """Return the action plans of an audit, oldest first."""
        found = self.client.action_plan.list(audit=audit, detail=True)
        return sorted(found, key=lambda plan: plan.created_at)

    def plan(self, audit: str) -> Any:
        """Return the latest plan of an audit, with its indicators.

        :raises proc.CloudError: if there is none
        """
        plans = self.plans(audit)
        if not plans:
            raise proc.CloudError(f'audit {audit} has no action plan')
        return self.client.action_plan.get(plans[-1].uuid)

    def actions(self, plan: str) -> list[Any]:
        """Return all the actions of a plan."""
        found: list[Any] = self.client.action.list(
            action_plan=plan, detail=True, limit=0
        )
        return found

    def start(self, plan: str) -> None:
        """Approve a plan."""
        self.client.action_plan.start(plan)

    def cancel(self, plan: str) -> None:
        """Cancel a plan, or stop one that is under way."""
        for state in ('CANCELLED', 'CANCELLING'):
            patch = [{'op': 'replace', 'path': '/state', 'value': state}]
            try:
                self.client.action_plan.update(plan, patch)
                return
            except exceptions.BadRequest:
                # It started in between, or has ended.
                if state == 'CANCELLING':
                    raise

    def wait_plan(
        self,
        uuid: str,
        states: Collection[str] = PLAN_ENDS,
        seconds: float = 900.0,
    ) -> Any:
        """Wait until a plan is in one of some states and return it."""
        return _wait(
            lambda: self.client.action_plan.get(uuid), states, seconds
        )

    def apply(self, plan: str, seconds: float = 900.0) -> Any:
        """Approve a plan and wait for its end."""
        self.start(plan)
        return self.wait_plan(plan, seconds=seconds)

    def stuck(self) -> list[str]:
        """Return the plans that are being cancelled for a while."""
        plans = [
            plan.uuid
            for plan in self.client.action_plan.list(detail=True, limit=0)
            if plan.state == 'CANCELLING'
        ]
        found = []
        for plan in plans:
            try:
                self.wait_plan(plan, seconds=STUCK_S)
            except proc.CloudError:
                found.append(plan)
        return found

    def clear(self) -> None:
        """Cancel what runs, and delete all audits, plans and templates."""
        for audit in self.client.audit.list(detail=True, limit=0):
            if audit.state in ('PENDING', 'ONGOING', 'SUSPENDED'):
                patch = [
                    {'op': 'replace', 'path': '/state', 'value': 'CANCELLED'}
                ]
                self.client.audit.update(audit.uuid, patch)
        for plan in self.client.action_plan.list(detail=True, limit=0):
            if plan.state not in PLAN_ENDS:
                if plan.state not in ('CANCELLING',):
                    self.cancel(plan.uuid)
                self.wait_plan(plan.uuid)
            self.client.action_plan.delete(plan.uuid)
        for audit in self.client.audit.list(detail=True, limit=0):
            self.client.audit.delete(audit.uuid)
        for template in self.client.audit_template.list(limit=0):
            self.client.audit_template.delete(template.uuid)


def _wait(
    look: Callable[[], Any], states: Collection[str], seconds: float
) -> Any:
    return proc.look_until(
        look,
        lambda found: found.state in states,
        lambda found: f'{found.uuid}, which is still {found.state}',
        seconds,
        LOOK_S,
    )
