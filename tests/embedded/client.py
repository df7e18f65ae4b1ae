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

"""A client of Watcher's REST API, for what an operator does with it."""

from __future__ import annotations

import json
import time

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

import requests


Record = dict[str, Any]

#: Seconds that a wait may take, and between two looks.
_TIMEOUT_S = 120.0
_INTERVAL_S = 0.1

AUDIT_ENDS = frozenset({'SUCCEEDED', 'FAILED', 'CANCELLED', 'SUSPENDED'})
PLAN_ENDS = frozenset({'SUCCEEDED', 'FAILED', 'CANCELLED', 'SUPERSEDED'})


class ClientError(Exception):
    """The API answered with an error, in its words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f'{code}: {message}')
        self.code = code
        self.message = message


class Client:
    """See the module.

    :param url: of the API, without /v1
    """

    def __init__(self, url: str) -> None:
        self._url = f'{url}/v1'
        self._session = requests.Session()
        # The environment's proxies are not for the loopback device.
        self._session.trust_env = False
        self._session.headers.update(
            {
                'Accept': 'application/json',
                'OpenStack-API-Version': 'infra-optim latest',
                'X-Roles': 'admin',
                'X-User-Id': '0' * 32,
                'X-Project-Id': '0' * 32,
            }
        )

    def goals(self) -> list[Record]:
        return self._list('goals')

    def strategies(self) -> list[Record]:
        return self._list('strategies')

    def strategy(self, name: str) -> Record:
        """Return one strategy with its parameters' schema."""
        return self._call('GET', f'strategies/{name}')

    def create_audit(
        self,
        goal: str,
        strategy: str,
        parameters: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Record:
        """Create an audit.

        :param fields: others of the API, as name, interval or force;
            audit_type is ONESHOT without
        """
        body = {
            'audit_type': 'ONESHOT',
            'goal': goal,
            'strategy': strategy,
            'parameters': dict(parameters or {}),
            **fields,
        }
        return self._call('POST', 'audits', json=body)

    def create_template(
        self, name: str, goal: str, strategy: str, scope: list[Any]
    ) -> Record:
        """Create an audit template; its scope limits the audits made of it."""
        body = {
            'name': name,
            'goal': goal,
            'strategy': strategy,
            'scope': scope,
        }
        return self._call('POST', 'audit_templates', json=body)

    def create_audit_from(self, template: str, **fields: Any) -> Record:
        """Create an audit of a template, given by its uuid."""
        body = {
            'audit_type': 'ONESHOT',
            'audit_template_uuid': template,
            **fields,
        }
        return self._call('POST', 'audits', json=body)

    def audit(self, uuid: str) -> Record:
        return self._call('GET', f'audits/{uuid}')

    def cancel_audit(self, uuid: str) -> Record:
        """Cancel an audit; a continuous one stops running."""
        return self._replace('audits', uuid, state='CANCELLED')

    def wait_audit(
        self,
        uuid: str,
        states: Collection[str] = AUDIT_ENDS,
        timeout_s: float = _TIMEOUT_S,
    ) -> Record:
        """Wait until an audit is in one of some states.

        :raises TimeoutError: if it takes too long
        """
        return self._wait(lambda: self.audit(uuid), states, timeout_s)

    def action_plans(self, audit: str | None = None) -> list[Record]:
        """Return the action plans, of one audit or all, oldest first."""
        query = {'audit_uuid': audit} if audit else {}
        return self._list('action_plans', 'action_plans/detail', **query)

    def action_plan(self, uuid: str) -> Record:
        """Return a plan with its efficacy indicators."""
        return self._call('GET', f'action_plans/{uuid}')

    def plan_of(self, audit: str) -> Record:
        """Return the latest plan of an audit; :raises LookupError: none."""
        plans = self.action_plans(audit)
        if not plans:
            raise LookupError(f'audit {audit} has no action plan')
        return self.action_plan(plans[-1]['uuid'])

    def actions(self, plan: str) -> list[Record]:
        """Return all the actions of a plan, with everything."""
        return self._list('actions', 'actions/detail', action_plan_uuid=plan)

    def skip_action(self, uuid: str, reason: str | None = None) -> Record:
        """Skip an action of a plan that has not started."""
        fields = {'state': 'SKIPPED'}
        if reason is not None:
            fields['status_message'] = reason
        return self._replace('actions', uuid, **fields)

    def start(self, plan: str) -> Record:
        """Approve a plan."""
        return self._call('POST', f'action_plans/{plan}/start')

    def cancel(self, plan: str) -> Record:
        """Cancel a plan, or stop one that is under way."""
        try:
            return self._replace('action_plans', plan, state='CANCELLED')
        except ClientError as error:
            # It has started, or does so at this moment.
            if error.code != 400:
                raise
        return self._replace('action_plans', plan, state='CANCELLING')

    def wait_plan(
        self,
        uuid: str,
        progress: Callable[[list[Record]], None] | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> Record:
        """Wait until a plan has ended.

        :param progress: called with the actions at each look
        :raises TimeoutError: if it takes too long
        """

        def look() -> Record:
            plan = self.action_plan(uuid)
            if progress is not None:
                progress(self.actions(uuid))
            return plan

        return self._wait(look, PLAN_ENDS, timeout_s)

    def data_model(self) -> list[Record]:
        """Return the decision engine's model.

        It has a row for each instance, and one for each empty node.
        """
        return self._call('GET', 'data_model?data_model_type=compute')[
            'context'
        ]

    def _wait(
        self,
        look: Callable[[], Record],
        states: Collection[str],
        timeout_s: float,
    ) -> Record:
        end_s = time.monotonic() + timeout_s
        while True:
            record = look()
            if record['state'] in states:
                return record
            if time.monotonic() > end_s:
                raise TimeoutError(
                    f'{record["uuid"]} is still {record["state"]} after '
                    f'{timeout_s:g} s'
                )
            time.sleep(_INTERVAL_S)

    def _list(
        self, key: str, path: str | None = None, **query: str
    ) -> list[Record]:
        """Return all pages."""
        found: list[Record] = []
        parameters = {'sort_key': 'id', **query}
        while True:
            page = self._call('GET', path or key, params=parameters)
            found.extend(page[key])
            if not page.get('next'):
                return found
            parameters['marker'] = page[key][-1]['uuid']

    def _replace(self, kind: str, uuid: str, **fields: str) -> Record:
        patch = [
            {'op': 'replace', 'path': f'/{name}', 'value': value}
            for name, value in fields.items()
        ]
        return self._call('PATCH', f'{kind}/{uuid}', json=patch)

    def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        response = self._session.request(
            method, f'{self._url}/{path}', timeout=_TIMEOUT_S, **kwargs
        )
        if response.status_code >= 400:
            raise ClientError(response.status_code, _message(response))
        return response.json() if response.content else {}


def _message(response: requests.Response) -> str:
    """Return the server's words, which come wrapped more than once."""
    try:
        body: Any = response.json()
        while isinstance(body, dict):
            body = body.get('error_message') or body.get('faultstring')
            if isinstance(body, str) and body.startswith('{'):
                body = json.loads(body)
    except ValueError:
        body = None
    return str(body or response.text or response.reason)
