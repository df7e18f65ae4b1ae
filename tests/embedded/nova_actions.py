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

"""The part of Nova's compute API that changes the cloud."""

from __future__ import annotations

from typing import Any

from tests.embedded import nova_views
from tests.embedded.service import Request
from tests.embedded.service import Service
from tests.embedded.state import COLD
from tests.embedded.state import LIVE
from tests.embedded.state import Refused


Answer = tuple[int, Any]


def register(nova: Service) -> None:
    """Add the routes."""
    nova.route('POST', '/v2.1/servers/*/action', _act)
    nova.route('DELETE', '/v2.1/servers/*', _delete)
    nova.route('DELETE', '/v2.1/servers/*/migrations/*', _abort)
    nova.route('PUT', '/v2.1/os-services/*', _update_service)


def _act(request: Request, uuid: str) -> Answer:
    if not isinstance(request.body, dict) or len(request.body) != 1:
        raise Refused(400, 'Malformed request body')
    name, parameters = next(iter(request.body.items()))
    action = _ACTIONS.get(name)
    if action is None:
        raise Refused(400, f'There is no such action: {name}')
    return action(request, uuid, parameters), None


def _live_migrate(request: Request, uuid: str, parameters: Any) -> int:
    _check_keys(
        request,
        parameters,
        {'host': (2, 1), 'block_migration': (2, 1), 'force': (2, 30)},
    )
    request.cloud.migrate(uuid, parameters.get('host'), LIVE)
    return 202


def _cold_migrate(request: Request, uuid: str, parameters: Any) -> int:
    _check_keys(request, parameters or {}, {'host': (2, 56)})
    request.cloud.migrate(uuid, (parameters or {}).get('host'), COLD)
    return 202


def _check_keys(
    request: Request, parameters: Any, since: dict[str, tuple[int, int]]
) -> None:
    """:raises Refused: 400 for a key that this microversion does not know"""
    if not isinstance(parameters, dict):
        raise Refused(400, 'Invalid input for field/attribute')
    for name in parameters:
        if request.microversion < since.get(name, (9, 9)):
            raise Refused(
                400, f"Additional properties are not allowed ('{name}')"
            )


def _confirm(request: Request, uuid: str, _parameters: Any) -> int:
    request.cloud.confirm(uuid)
    return 204


def _stop(request: Request, uuid: str, _parameters: Any) -> int:
    request.cloud.stop(uuid)
    return 202


def _start(request: Request, uuid: str, _parameters: Any) -> int:
    request.cloud.start(uuid)
    return 202


_ACTIONS = {
    'os-migrateLive': _live_migrate,
    'migrate': _cold_migrate,
    'confirmResize': _confirm,
    'os-stop': _stop,
    'os-start': _start,
}


def _delete(request: Request, uuid: str) -> Answer:
    request.cloud.delete(uuid)
    return 204, None


def _abort(request: Request, uuid: str, number: str) -> Answer:
    request.cloud.abort(uuid, int(number) if number.isdigit() else 0)
    return 202, None


def _update_service(request: Request, uuid: str) -> Answer:
    body = request.body or {}
    with request.cloud.present() as state:
        names = {
            nova_views.service_view(host)['id']: host.name
            for host in state.hosts.values()
        }
        if uuid not in names:
            raise Refused(404, f'Service {uuid} could not be found.')
        status, reason = body.get('status'), body.get('disabled_reason')
        if status not in ('enabled', 'disabled'):
            raise Refused(400, f'Invalid status: {status}')
        if reason is not None and status != 'disabled':
            raise Refused(
                400,
                "Specifying disabled_reason requires that status is "
                "'disabled'.",
            )
        host = state.hosts[names[uuid]]
        request.cloud.set_service(host.name, status, reason)
        return 200, {'service': nova_views.service_view(host)}
