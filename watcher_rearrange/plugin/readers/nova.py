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

"""What Nova says: who exists, where and in which state."""

from __future__ import annotations

import collections
import dataclasses
import datetime

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import field
from typing import Any
from urllib import parse

from oslo_config import cfg
from oslo_log import log
from watcher.common import nova_helper

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import aggregates
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import hypervisors
from watcher_rearrange.plugin.readers import server_groups


LOG = log.getLogger(__name__)
CONF = cfg.CONF

# From here on the services of a cell that does not answer are shown.
MICROVERSION = '2.69'
# With this one Nova also says which zone an instance is pinned to.
PINNED_SINCE = (2, 96)

EXTRA_SPECS_POLICY = 'os_compute_api:os-flavor-extra-specs:index'

UNKNOWN = 'UNKNOWN'
COMPUTE = 'nova-compute'

# In which a migration can hold room on both of its nodes, in the order in
# which it goes through them: one that is not seen in any of them, asked for
# in this order, is over when the last one has been asked for.
IN_PROGRESS = (
    'accepted',
    'queued',
    'preparing',
    'pre-migrating',
    'running',
    'running (post-copy)',
    'migrating',
    'post-migrating',
    'finished',
    'confirming',
    'reverting',
)


@dataclasses.dataclass(frozen=True)
class Server:
    """An instance as Nova has it; ``host`` is empty if it is nowhere.

    :ivar pinned_az: the zone it must stay in, empty if it may leave its own;
        None if Nova was not asked for it
    :ivar flavor: the name of its flavor, empty if Nova has lost it
    :ivar image: the UUID of its image, empty if it was booted from a volume
    :ivar image_properties: as when it was booted; None if Nova was not
        asked for them
    :ivar power_state: of its guest, by Nova's number; None if it says none
    :ivar is_connected: whether it has an address, and so a port
    """

    uuid: str
    name: str
    host: str
    vm_state: str
    task_state: str
    locked: bool
    project_id: str
    pinned_az: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    flavor: str = ''
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    image: str = ''
    image_properties: Mapping[str, str] | None = None
    power_state: int | None = None
    is_connected: bool = False


@dataclasses.dataclass(frozen=True)
class Migration:
    """A migration, or a resize, that is not over.

    :ivar uuid: also the consumer of its allocations
    """

    uuid: str
    instance: str
    source: str
    destination: str
    status: str


@dataclasses.dataclass(frozen=True)
class Service:
    """The compute service of a host."""

    status: str
    state: str
    disabled_reason: str | None
    zone: str


@dataclasses.dataclass(frozen=True)
class Cloud:
    """What Nova says at one moment.

    :ivar servers: by UUID
    :ivar migrations: oldest state first
    :ivar services: by host
    :ivar server_groups: with members in and out of the audit scope
    :ivar aggregates: with hosts in and out of the audit scope
    :ivar hypervisors: by host
    """

    servers: Mapping[str, Server]
    migrations: tuple[Migration, ...]
    services: Mapping[str, Service]
    server_groups: tuple[records.ServerGroup, ...] = ()
    aggregates: tuple[records.Aggregate, ...] = ()
    hypervisors: Mapping[str, hypervisors.Hypervisor] = field(
        default_factory=dict
    )


def read() -> Cloud:
    """Read all projects, page by page.

    :raises api.Unreadable: if any of it cannot be read
    """
    nova = connected(_microversion())
    _services(nova)
    migrations = tuple(_migrations(nova))
    servers = {
        server.uuid: server
        for server in map(_server, nova.pages(_SERVERS, 'servers', 'id'))
    }
    groups = server_groups.read(nova)
    found_aggregates = aggregates.read(nova)
    found_hypervisors = hypervisors.read(nova.at(MICROVERSION))
    # A cell may have gone meanwhile: Nova lists servers and migrations without
    # those of a cell that does not answer.
    services = {
        service['host']: _service(service) for service in _services(nova)
    }
    LOG.info(
        'Nova: %d instances, %d migrations in progress, %d compute services, '
        '%d server groups, %d aggregates, %d hypervisors, %d of which report '
        'processors',
        len(servers),
        len(migrations),
        len(services),
        len(groups),
        len(found_aggregates),
        len(found_hypervisors),
        sum(bool(one.cpu) for one in found_hypervisors.values()),
    )
    return Cloud(
        servers,
        migrations,
        services,
        groups,
        found_aggregates,
        found_hypervisors,
    )


def migrated(
    since: datetime.datetime, statuses: Collection[str]
) -> dict[str, int]:
    """Return how often each instance was migrated or resized, by UUID.

    Nova tells nothing of instances that were deleted since.

    :param statuses: of the migrations that count
    :raises api.Unreadable: if that cannot be read
    """
    nova = connected(_microversion())
    found: collections.Counter[str] = collections.Counter()
    for data in changed_migrations(nova, since):
        with api.understood('Nova cannot be read: migrations '):
            if data['status'] in statuses:
                found[data['instance_uuid']] += 1
    return dict(found)


def connected(microversion: str) -> api.Api:
    """Return Nova's API, with Watcher's credentials."""
    return api.Api('Nova', microversion, _connect)


def changed_migrations(
    nova: api.Api, since: datetime.datetime, host: str = ''
) -> Iterator[dict[str, Any]]:
    """Give the migrations and resizes that changed, in whatever status.

    :param nova: with microversion 2.59 or later
    :param host: only those from there or to there
    :raises api.Unreadable: if that cannot be read
    """
    moment = since.astimezone(datetime.timezone.utc)
    path = f'/os-migrations?changes-since={moment:%Y-%m-%dT%H:%M:%SZ}'
    if host:
        path += f'&host={parse.quote(host)}'
    yield from nova.pages(path, 'migrations', 'uuid')


# The soft-deleted have their room still.
_SERVERS = '/servers/detail?all_tenants=1&soft_deleted=true'


def _microversion() -> str:
    """The lowest, unless Watcher is told that Nova has a later one.

    Later ones are of use: from 2.96 on Nova shows pinned zones, from 2.98 on
    properties of images.
    """
    configured = str(CONF.nova.api_version)
    major, _dot, minor = configured.partition('.')
    pinned = (int(major), int(minor or 0)) >= PINNED_SINCE
    return configured if pinned else MICROVERSION


def _connect() -> Any:
    return nova_helper.NovaHelper().connection


def _services(nova: api.Api) -> list[dict[str, Any]]:
    answer = nova.get('/os-services')
    with api.understood('Nova cannot be read: services '):
        found = [s for s in answer['services'] if s['binary'] == COMPUTE]
        silent = [s['host'] for s in found if s['status'] == UNKNOWN]
    if silent:
        raise api.Unreadable(
            'Nova cannot be read: a cell does not answer, that of '
            f'{", ".join(sorted(silent)[:3])}'
        )
    return found


def _service(data: Mapping[str, Any]) -> Service:
    with api.understood('Nova cannot be read: services '):
        state = 'down' if data.get('forced_down') else data['state']
        return Service(
            data['status'], state, data['disabled_reason'], data['zone']
        )


def _migrations(nova: api.Api) -> list[Migration]:
    found: dict[str, Migration] = {}
    for status in IN_PROGRESS:
        path = f'/os-migrations?status={status.replace(" ", "%20")}'
        for data in nova.pages(path, 'migrations', 'uuid'):
            with api.understood('Nova cannot be read: migrations '):
                found[data['uuid']] = Migration(
                    uuid=data['uuid'],
                    instance=data['instance_uuid'],
                    source=data['source_compute'] or '',
                    destination=data['dest_compute'] or '',
                    status=data['status'],
                )
    return list(found.values())


def _server(data: Mapping[str, Any]) -> Server:
    with api.understood('Nova cannot be read: servers '):
        return Server(
            uuid=data['id'],
            name=data['name'],
            host=data['OS-EXT-SRV-ATTR:host'] or '',
            vm_state=data['OS-EXT-STS:vm_state'] or '',
            task_state=data['OS-EXT-STS:task_state'] or '',
            locked=data['locked'],
            project_id=data['tenant_id'],
            pinned_az=_pinned_az(data),
            metadata=_strings(data['metadata']),
            flavor=data['flavor'].get('original_name', ''),
            extra_specs=_extra_specs(data['flavor']),
            # An empty string in place of an object says that there is none.
            image=data['image']['id'] if data['image'] else '',
            image_properties=_image_properties(data['image']),
            power_state=data.get('OS-EXT-STS:power_state'),
            is_connected=bool(data.get('addresses')),
        )


def _pinned_az(data: Mapping[str, Any]) -> str | None:
    if 'pinned_availability_zone' not in data:
        return None
    return data['pinned_availability_zone'] or ''


def _extra_specs(flavor: Mapping[str, Any]) -> dict[str, str]:
    if flavor and 'extra_specs' not in flavor:
        raise api.Unreadable(
            'Nova cannot be read: it does not show the extra specs of '
            f'flavors (policy {EXTRA_SPECS_POLICY})'
        )
    return _strings(flavor.get('extra_specs', {}))


def _image_properties(image: Any) -> dict[str, str] | None:
    if not image or 'properties' not in image:
        return None
    return _strings(image['properties'])


def _strings(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in values.items()}
