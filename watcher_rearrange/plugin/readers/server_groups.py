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
"""Server groups of Nova, and what their members out of the scope mean."""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from oslo_log import log

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import api


LOG = log.getLogger(__name__)

# The most that Nova gives at once unless it is told otherwise.
LIMIT = 1000

UNDER_WAY = 'a member of its affinity group is migrating'
LEFT_BEHIND = 'its affinity group has members outside the audit scope'
CROSSING = (
    'a member of its anti-affinity group migrates across the audit scope'
)

# How often the list may change while its pages are read.
TRIES = 3


def read(nova: api.Api) -> tuple[records.ServerGroup, ...]:
    """Read the groups of all projects, with the members that exist.

    :param nova: with microversion 2.64 or later
    :raises api.Unreadable: if they cannot be read completely
    """
    for _number in range(TRIES):
        found = _pages(nova)
        if found is not None:
            break
    else:
        raise api.Unreadable(
            'Nova cannot be read: server groups change all the time'
        )
    with api.understood('Nova cannot be read: server groups '):
        return tuple(
            _group(data)
            for data in found.values()
            if _is_known(data['policy'])
        )


def in_scope(
    groups: Iterable[records.ServerGroup], uuids: Collection[str]
) -> tuple[records.ServerGroup, ...]:
    """Return those with a member in the audit scope, without the others.

    :param uuids: of the instances in the audit scope
    """
    found = (
        dataclasses.replace(
            group, members=tuple(m for m in group.members if m in uuids)
        )
        for group in groups
    )
    return tuple(group for group in found if group.members)


def stays(
    groups: Iterable[records.ServerGroup],
    uuids: Collection[str],
    hosts: Mapping[str, str],
    crossing: Collection[str],
) -> dict[str, str]:
    """Return which instances stay because of members out of the scope.

    An instance of an affinity group may only go where another member is, and
    where one will be that is migrating, perhaps out of the scope, is not
    known. A member out of the scope is on no node in it, so that it is in the
    way of an anti-affinity group only while it migrates.

    :param uuids: of the instances in the audit scope
    :param hosts: where each instance is, empty if it is nowhere
    :param crossing: instances that migrate into the scope or out of it
    """
    found: dict[str, str] = {}
    for group in groups:
        inside = [member for member in group.members if member in uuids]
        outside = [
            member
            for member in group.members
            if member not in uuids and hosts.get(member)
        ]
        if group.policy == records.AFFINITY:
            if outside and len(inside) == 1:
                found[inside[0]] = LEFT_BEHIND
            elif not set(crossing).isdisjoint(inside):
                found.update(dict.fromkeys(inside, UNDER_WAY))
        elif group.policy == records.ANTI_AFFINITY:
            if not set(crossing).isdisjoint(outside):
                found.update(dict.fromkeys(inside, CROSSING))
    return found


def _pages(nova: api.Api) -> dict[str, Any] | None:
    """Return the groups by UUID; None if they changed meanwhile.

    Pages are counted, not marked: one that was deleted would make the next
    page begin too late. So each begins with the last of the one before.
    """
    found: dict[str, Any] = {}
    while True:
        offset = max(len(found) - 1, 0)
        answer = nova.get(
            f'/os-server-groups?all_projects=true&limit={LIMIT}'
            f'&offset={offset}'
        )
        with api.understood('Nova cannot be read: server groups '):
            page = {data['id']: data for data in answer['server_groups']}
        known = [uuid for uuid in page if uuid in found]
        if known != list(found)[-1:]:
            return None
        if len(page) == len(known):
            return found
        found.update(page)


def _is_known(policy: Any) -> bool:
    if policy in records.GROUP_POLICIES:
        return True
    # Nova's filters know only these, too.
    LOG.warning('A server group with policy %s is left out', policy)
    return False


def _group(data: Mapping[str, Any]) -> records.ServerGroup:
    rules = data['rules'] or {}
    return records.ServerGroup(
        uuid=data['id'],
        policy=data['policy'],
        # Nova gives them in no order.
        members=tuple(sorted(data['members'])),
        name=data['name'],
        max_server_per_host=int(rules.get('max_server_per_host', 1)),
    )
