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

"""Ports that keep an instance on its node: only Neutron knows them.

A port that is a device of the host, or that is promised bandwidth, needs
something of the next host as well. Nova asks its compute services and
Placement whether they have it; nobody else is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_log import log

from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import endpoints
from watcher_rearrange.plugin.readers import missed as misses


LOG = log.getLogger(__name__)

GROUP = 'neutron'
OPTIONS = endpoints.register(GROUP)

NORMAL = 'normal'
DEVICE = 'has a port of type {}, and which nodes have such a device is unknown'
PROMISED = 'has a port with guaranteed bandwidth or packet rate'

RESOURCE_REQUEST = 'resource_request'
EXTENSION = '/extensions/port-resource-request'

NOT_ALL = (
    'Neutron cannot be read: it shows the ports of all projects to '
    'administrators only'
)
NO_REQUESTS = (
    'Neutron cannot be read: it does not show what ports ask for '
    f'(policy get_port:{RESOURCE_REQUEST})'
)

# So many at once: Neutron takes a while for them.
LIMIT = 1000

# Neutron can filter neither by the type nor by what is promised: it refuses
# the one, or passes over it, and works out the other.
FIELDS = (
    'id',
    'device_id',
    'binding:vnic_type',
    # Only to see whether it shows the ports of all projects.
    'binding:host_id',
    RESOURCE_REQUEST,
)
_PATH = f'/ports?limit={LIMIT}&' + '&'.join(f'fields={x}' for x in FIELDS)

# How often a port that a page ends with may be deleted.
TRIES = 3


def read(missed: misses.Missed, are_some: bool = False) -> dict[str, str]:
    """Read the ports of all projects.

    :param are_some: whether there is one, as Nova says
    :returns: by the UUID of the instance: why it must not move
    :raises api.Unreadable: if there is a Neutron that cannot be read, and
        has to be
    """
    try:
        return _read(missed, are_some)
    except api.Unreadable as error:
        missed.accept(misses.NEUTRON, error)
        return {}


def _read(missed: misses.Missed, are_some: bool) -> dict[str, str]:
    neutron = api.Api('Neutron', None, lambda: endpoints.connect(GROUP))
    if not neutron.exists():
        LOG.info('Neutron: not in the service catalogue, no ports are read')
        return {}
    ports = _all(neutron)
    if are_some and not ports:
        # Of a user who sees its own project only, and that has none.
        missed.accept(misses.NEUTRON, api.Unreadable(NOT_ALL))
    _require_all(neutron, ports, missed)
    found: dict[str, str] = {}
    for port in ports:
        try:
            with api.understood('Neutron cannot be read: ports '):
                reason = _reason(port)
                if reason and port['device_id']:
                    found[port['device_id']] = reason
        except api.Unreadable as error:
            missed.accept(misses.NEUTRON, error)
    LOG.info(
        'Neutron: %d ports, %d instances or others with one that keeps them '
        'where they are',
        len(ports),
        len(found),
    )
    return found


def _all(neutron: api.Api) -> list[dict[str, Any]]:
    for _number in range(TRIES - 1):
        try:
            return list(neutron.pages(_PATH, 'ports', 'id'))
        except api.Gone as error:
            LOG.warning('%s; ports change, reading them again', error)
    return list(neutron.pages(_PATH, 'ports', 'id'))


def _reason(port: Mapping[str, Any]) -> str:
    kind = port['binding:vnic_type']
    if kind != NORMAL:
        return DEVICE.format(kind)
    return PROMISED if port.get(RESOURCE_REQUEST) else ''


def _require_all(
    neutron: api.Api, ports: list[dict[str, Any]], missed: misses.Missed
) -> None:
    """Note ports, or what is promised to them, that are not shown."""
    # What is no port at all is noted by who reads it.
    ports = [port for port in ports if isinstance(port, dict)]
    if any('binding:host_id' not in port for port in ports):
        missed.accept(misses.NEUTRON, api.Unreadable(NOT_ALL))
    hidden = any(RESOURCE_REQUEST not in port for port in ports)
    if hidden and neutron.find(EXTENSION) is not None:
        missed.accept(misses.NEUTRON, api.Unreadable(NO_REQUESTS))
