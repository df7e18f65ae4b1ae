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

Each nova-compute tells the scheduler which instances it has. After a
migration away it does not tell that one has left: the scheduler finds that
out at the next ``[DEFAULT] scheduler_instance_sync_interval``, by default 120
s. Until then ServerGroupAntiAffinityFilter refuses the node to another member
(``_post_live_migration`` in ``nova/compute/manager.py`` and
``nova/scheduler/host_manager.py`` of Nova 34).
"""

from __future__ import annotations

import datetime

from typing import Any

from oslo_config import cfg
from oslo_log import log
from watcher.common import nova_helper

from watcher_rearrange.model import records
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import business


LOG = log.getLogger(__name__)

OPTIONS = options.register(
    cfg.IntOpt(
        'scheduler_sync_s',
        default=records.SCHEDULER_SYNC_S,
        min=0,
        deprecated_group='watcher_actions.guarded_migrate',
        help="How many seconds after a migration Nova's scheduler is sure to "
        'know that the instance has left: a little more than [DEFAULT] '
        'scheduler_instance_sync_interval of Nova. For so long no member of '
        'its anti-affinity group goes to the node that it left. 0 if Nova has '
        'track_instance_changes switched off.',
    )
)

# From here on Nova names the server groups of an instance.
MICROVERSION = '2.71'


def wait_s(instance_uuid: str, host: str) -> float:
    """Return for how long Nova would refuse a node to an instance.

    :returns: seconds, 0 if it would not
    :raises api.Unreadable: if that cannot be found out
    """
    seen_s = options.value('scheduler_sync_s')
    if not seen_s:
        return 0.0
    nova = api.Api('Nova', MICROVERSION, _connect)
    apart = _apart(nova, instance_uuid)
    if not apart:
        return 0.0
    # Nova notes its own time.
    now = nova.now()
    departed = _departed(nova, host, now - datetime.timedelta(seconds=seen_s))
    concerned = [
        group for group in apart if departed.keys() & {*group['members']}
    ]
    if not concerned:
        return 0.0
    there = _there(nova, host) | departed.keys()
    waits = [
        seen_s - (now - departed[uuid]).total_seconds()
        for group in concerned
        if _is_full(group, there - {instance_uuid})
        for uuid in departed.keys() & {*group['members']}
    ]
    return min(max(0.0, *waits), seen_s) if waits else 0.0


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


def _connect() -> Any:
    return nova_helper.NovaHelper().connection


def _departed(
    nova: api.Api, host: str, since: datetime.datetime
) -> dict[str, datetime.datetime]:
    """Who has left a host, and when."""
    path = (
        f'/os-migrations?source_compute={host}'
        f'&changes-since={since:%Y-%m-%dT%H:%M:%SZ}'
    )
    found: dict[str, datetime.datetime] = {}
    for data in nova.pages(path, 'migrations', 'uuid'):
        with api.understood('Nova cannot be read: migrations '):
            moved = data['status'] in business.MOVED
            if moved and data['dest_compute'] != host and data['updated_at']:
                left = datetime.datetime.fromisoformat(
                    data['updated_at'].removesuffix('Z')
                ).replace(tzinfo=datetime.timezone.utc)
                uuid = data['instance_uuid']
                found[uuid] = max(left, found.get(uuid, left))
    return found


def _there(nova: api.Api, host: str) -> set[str]:
    path = f'/servers/detail?all_tenants=1&host={host}'
    with api.understood('Nova cannot be read: servers '):
        return {data['id'] for data in nova.pages(path, 'servers', 'id')}


def _is_full(group: dict[str, Any], there: set[str]) -> bool:
    """Whether one more is too many as long as all of those count."""
    most = int((group.get('rules') or {}).get('max_server_per_host', 1))
    return len(there & {*group['members']}) >= most
