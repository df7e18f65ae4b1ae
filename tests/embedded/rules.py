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

"""What Nova and Placement would refuse, and in which words."""

from __future__ import annotations

from tests.embedded.state import LIVE
from tests.embedded.state import Group
from tests.embedded.state import Host
from tests.embedded.state import Refused
from tests.embedded.state import Server
from tests.embedded.state import State


NO_VALID_HOST = (
    'No valid host was found. There are not enough hosts available.'
)

_ACTION = {True: 'os-migrateLive', False: 'migrate'}
_MOVABLE = {
    True: frozenset({'active', 'paused'}),
    False: frozenset({'active', 'stopped'}),
}


def check_movable(state: State, server: Server, kind: str) -> None:
    """Check all that does not depend on the destination.

    :raises Refused: 409 for a state in which nothing may move, 400 if the
        compute service of the source does not answer
    """
    live = kind == LIVE
    if server.task_state is not None:
        raise _wrong_state(server, live, 'task_state', server.task_state)
    if server.state not in _MOVABLE[live]:
        raise _wrong_state(server, live, 'vm_state', server.state)
    if state.hosts[server.host].state != 'up':
        raise Refused(
            400 if live else 409,
            f'Compute service of {server.host} is unavailable at this time.',
        )


def check_destination(
    state: State, server: Server, name: str, kind: str
) -> None:
    """Check a destination that somebody asked for.

    :raises Refused: 400
    """
    host = state.hosts.get(name)
    if host is None:
        raise Refused(400, f'Compute host {name} could not be found.')
    if name == server.host and kind != LIVE:
        raise Refused(
            400, 'Cannot migrate to the host where the server exists.'
        )
    reason = why_not(state, server, host)
    if reason is not None:
        raise Refused(400, NO_VALID_HOST, reason)
    if kind == LIVE:
        _check_hypervisor(state.hosts[server.host], host)


def _check_hypervisor(source: Host, host: Host) -> None:
    before, after = source.hypervisor, host.hypervisor
    if before[0] != after[0]:
        raise Refused(400, 'The supplied hypervisor type is invalid.')
    if before[1] > after[1]:
        raise Refused(
            400,
            'The instance requires a newer hypervisor version than has been '
            'provided.',
        )


def choose_destination(state: State, server: Server) -> str:
    """Choose as the scheduler does when nobody names a destination.

    :raises Refused: 400 if no host will do
    """
    for host in state.hosts.values():
        if why_not(state, server, host) is None:
            return host.name
    raise Refused(400, NO_VALID_HOST, 'no host will do')


def why_not(state: State, server: Server, host: Host) -> str | None:
    """Say why a host cannot receive a server; None if it can."""
    return (
        _why_not_available(server, host)
        or _why_not_traits(server, host)
        or _why_not_groups(state, server, host)
        or state.ledger.shortage(host.name, server.allocations)
    )


def _why_not_available(server: Server, host: Host) -> str | None:
    if host.name == server.host:
        return f'the instance is on {host.name} already'
    if host.status != 'enabled':
        return f'the compute service of {host.name} is {host.status}'
    if host.state != 'up':
        return f'the compute service of {host.name} is {host.state}'
    if server.pinned_az and server.pinned_az != host.availability_zone:
        return (
            f'{host.name} is in zone {host.availability_zone}, the instance '
            f'is pinned to {server.pinned_az}'
        )
    return None


def _why_not_traits(server: Server, host: Host) -> str | None:
    missing = server.required_traits - host.traits
    if missing:
        return f'{host.name} lacks trait {min(missing)}'
    forbidden = server.forbidden_traits & host.traits
    if forbidden:
        return f'{host.name} has the forbidden trait {min(forbidden)}'
    return None


def _why_not_groups(state: State, server: Server, host: Host) -> str | None:
    for group in state.groups_of.get(server.uuid, ()):
        others = [
            uuid
            for uuid in group.members
            if uuid != server.uuid and uuid in state.servers
        ]
        if group.policy == 'anti-affinity':
            reason = _why_not_apart(state, group, others, host)
        elif group.policy == 'affinity':
            reason = _why_not_together(state, group, others, host)
        else:
            reason = None
        if reason is not None:
            return reason
    return None


def _why_not_apart(
    state: State, group: Group, others: list[str], host: Host
) -> str | None:
    # The host checks again before it lets a guest in, and counts those who
    # are on their way to it.
    count = sum(
        host.name in (state.servers[uuid].host, _bound_for(state, uuid))
        for uuid in others
    )
    if count < group.max_server_per_host:
        return None
    return f'{host.name} has {count} of the anti-affinity group {group.name}'


def _why_not_together(
    state: State, group: Group, others: list[str], host: Host
) -> str | None:
    hosts = {state.servers[uuid].host for uuid in others}
    if not hosts or host.name in hosts:
        return None
    return f'{host.name} has none of the affinity group {group.name}'


def _bound_for(state: State, uuid: str) -> str | None:
    migration = state.running(uuid)
    return migration.destination if migration else None


def _wrong_state(server: Server, live: bool, kind: str, value: str) -> Refused:
    return Refused(
        409,
        f"Cannot '{_ACTION[live]}' instance {server.uuid} while it is in "
        f'{kind} {value}',
    )
