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
from watcher_rearrange.plugin.readers import api


LOG = log.getLogger(__name__)
CONF = cfg.CONF

GROUP = 'watcher_actions.guarded_migrate'
OPTIONS = [
    cfg.IntOpt(
        'scheduler_sync_s',
        default=130,
        min=0,
        help="How many seconds after a migration Nova's scheduler is sure to "
        'know that the instance has left: a little more than [DEFAULT] '
        'scheduler_instance_sync_interval of Nova. For so long no member of '
        'its anti-affinity group goes to the node that it left. 0 if Nova has '
        'track_instance_changes switched off.',
    )
]
CONF.register_opts(OPTIONS, group=GROUP)

# From here on Nova names the server groups of an instance.
MICROVERSION = '2.71'

# Of migrations that have taken their instance away.
DONE = ('completed', 'confirmed', 'done', 'finished')


def wait_s(instance_uuid: str, host: str, now: datetime.datetime) -> float:
    """Return for how long Nova would refuse a node to an instance.

    :returns: seconds, 0 if it would not
    :raises api.Unreadable: if that cannot be found out
    """
    sync_s = CONF[GROUP].scheduler_sync_s
    if not sync_s:
        return 0.0
    nova = api.Api('Nova', MICROVERSION, _connect)
    server = nova.find(f'/servers/{instance_uuid}')
    with api.understood('Nova cannot be read: server groups '):
        groups = [
            nova.get(f'/os-server-groups/{uuid}')['server_group']
            for uuid in (server or {'server': {}})['server'].get(
                'server_groups', ()
            )
        ]
    apart = [g for g in groups if g['policy'] == records.ANTI_AFFINITY]
    if not apart:
        return 0.0
    since = now - datetime.timedelta(seconds=sync_s)
    departed = _departed(nova, host, since)
    waits = [
        sync_s - (now - departed[uuid]).total_seconds()
        for group in apart
        if _is_full(nova, group, instance_uuid, host, set(departed))
        for uuid in departed.keys() & {*group['members']}
    ]
    return max(0.0, *waits) if waits else 0.0


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
            if data['status'] in DONE and data['dest_compute'] != host:
                left = datetime.datetime.fromisoformat(
                    data['updated_at'].removesuffix('Z')
                ).replace(tzinfo=datetime.timezone.utc)
                uuid = data['instance_uuid']
                found[uuid] = max(left, found.get(uuid, left))
    return found


def _is_full(
    nova: api.Api,
    group: dict[str, Any],
    instance_uuid: str,
    host: str,
    departed: set[str],
) -> bool:
    """Whether one more is too many as long as the departed count."""
    members = {*group['members']} - {instance_uuid}
    path = f'/servers/detail?all_tenants=1&host={host}'
    with api.understood('Nova cannot be read: servers '):
        there = {data['id'] for data in nova.pages(path, 'servers', 'id')}
        most = int((group['rules'] or {}).get('max_server_per_host', 1))
    return len(members & (there | departed)) >= most
