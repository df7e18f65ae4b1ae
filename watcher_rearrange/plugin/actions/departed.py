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

"""Members of a server group whom Nova's scheduler still sees on a node.

Each nova-compute tells the scheduler which instances it has. Of most that
leave it does not tell: the scheduler finds that out at the next ``[DEFAULT]
scheduler_instance_sync_interval``, by default 120 s. Until then
ServerGroupAntiAffinityFilter refuses the node to another member
(``nova/scheduler/host_manager.py`` of Nova 34).

What the status of a migration says of that, in ``nova/compute/manager.py``,
and as it was seen with ``completed``, ``finished``, ``confirmed`` and
``reverted``:

``completed``, ``done``
    The instance has left the source, by a live migration or an evacuation;
    nobody tells (``_post_live_migration``).
``finished``, ``confirming``, and others before them
    A cold migration or a resize waits to be confirmed, or is under way. If the
    instance is on the destination already, nobody has told of the source.
``confirmed``
    The source has told (``confirm_resize``).
``reverting``, ``reverted``
    If the instance is back on the source, it has left the destination, and
    nobody tells (``revert_resize``).
``error``, ``failed``, ``cancelled``
    It has left nothing, or the source after all: where it is now decides. The
    scheduler was not told that it would be on the destination.
"""

from __future__ import annotations

import datetime

from collections.abc import Collection
from typing import Any
from urllib import parse

from oslo_log import log

from watcher_rearrange.model import records
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import nova as readers
from watcher_rearrange.plugin.readers import scheduler


LOG = log.getLogger(__name__)

# Statuses of which the scheduler hears, and by which an instance returns.
TOLD = 'confirmed'
BACK = frozenset(('reverting', 'reverted'))

# From here on Nova names the server groups of an instance.
MICROVERSION = '2.71'


def wait_s(instance_uuid: str, host: str) -> float:
    """Return for how long Nova would refuse a node to an instance.

    :returns: seconds, 0 if it would not
    :raises api.Unreadable: if that cannot be found out
    """
    sync_s = options.value(scheduler.SYNC_S)
    if not sync_s:
        return 0.0
    nova = readers.connected(MICROVERSION)
    apart = _apart(nova, instance_uuid)
    if not apart:
        return 0.0
    # Nova notes its own time.
    now = nova.now()
    others = {uuid for group in apart for uuid in group['members']}
    others.discard(instance_uuid)
    since = now - datetime.timedelta(seconds=sync_s)
    departed = _departed(nova, host, since, others)
    if not departed:
        return 0.0
    present = _there(nova, host) & others
    gone = departed.keys() - present
    waits = [
        sync_s - (now - departed[uuid]).total_seconds()
        for group in apart
        if _is_full(group, present | gone)
        for uuid in gone & {*group['members']}
    ]
    return min(max(0.0, *waits), sync_s) if waits else 0.0


def _apart(nova: api.Api, instance_uuid: str) -> list[dict[str, Any]]:
    """The hard anti-affinity groups of an instance."""
    found = nova.find(f'/servers/{instance_uuid}') or {'server': {}}
    with api.understood('Nova cannot be read: server groups '):
        answers = [
            nova.find(f'/os-server-groups/{uuid}')
            for uuid in found['server'].get('server_groups', ())
        ]
        groups = [answer['server_group'] for answer in answers if answer]
        return [g for g in groups if g['policy'] == records.ANTI_AFFINITY]


def _departed(
    nova: api.Api, host: str, since: datetime.datetime, uuids: Collection[str]
) -> dict[str, datetime.datetime]:
    """Who has left a host, if they are not there, and when.

    Those are left out whom the scheduler knows to have left.

    :param uuids: of the instances that matter
    """
    found: dict[str, datetime.datetime] = {}
    for data in readers.changed_migrations(nova, since, host):
        with api.understood('Nova cannot be read: migrations '):
            uuid = data['instance_uuid']
            if uuid in uuids and _was_there(data, host) and data['updated_at']:
                left = datetime.datetime.fromisoformat(
                    data['updated_at'].removesuffix('Z')
                ).replace(tzinfo=datetime.timezone.utc)
                found[uuid] = max(left, found.get(uuid, left))
    return found


def _was_there(data: dict[str, Any], host: str) -> bool:
    """Whether an instance that is elsewhere now may have left a host.

    :param data: a migration from the host or to it
    """
    status = data['status']
    if data['source_compute'] == host:
        return bool(status != TOLD)
    return status in BACK


def _there(nova: api.Api, host: str) -> set[str]:
    path = f'/servers/detail?all_tenants=1&host={parse.quote(host)}'
    with api.understood('Nova cannot be read: servers '):
        return {data['id'] for data in nova.pages(path, 'servers', 'id')}


def _is_full(group: dict[str, Any], there: set[str]) -> bool:
    """Whether one more is too many as long as all of those count."""
    most = int((group.get('rules') or {}).get('max_server_per_host', 1))
    return len(there & {*group['members']}) >= most
