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

"""The bodies that Nova's API shows."""

from __future__ import annotations

import hashlib

from collections.abc import Mapping
from typing import Any

from tests.embedded.documents import uuid_of
from tests.embedded.state import Group
from tests.embedded.state import Host
from tests.embedded.state import Migration
from tests.embedded.state import Server
from tests.embedded.state import State


Body = dict[str, Any]

_TIME = '2025-01-01T00:00:00Z'
_PROJECT = uuid_of('project').replace('-', '')
_STATUS = {
    'active': 'ACTIVE',
    'building': 'BUILD',
    'deleted': 'DELETED',
    'error': 'ERROR',
    'paused': 'PAUSED',
    'rescued': 'RESCUE',
    'resized': 'VERIFY_RESIZE',
    'shelved': 'SHELVED',
    'shelved_offloaded': 'SHELVED_OFFLOADED',
    'soft-delete': 'SOFT_DELETED',
    'stopped': 'SHUTOFF',
    'suspended': 'SUSPENDED',
}
_TASK_STATUS = {'migrating': 'MIGRATING', 'resize_migrating': 'RESIZE'}
_POWER_STATE = {'active': 1, 'paused': 3, 'stopped': 4, 'suspended': 4}


def status_of(server: Server) -> str:
    if server.task_state is not None:
        return _TASK_STATUS[server.task_state]
    return _STATUS.get(server.state, 'UNKNOWN')


def flavor_of(server: Server) -> Body:
    """Return the flavor that is embedded in a server.

    Its vcpus are all its CPUs, dedicated ones too, as in Nova.
    """
    held = server.allocations
    specs = dict(server.document.get('flavor_extra_specs', {}))
    specs.update({f'trait:{t}': 'required' for t in server.required_traits})
    specs.update({f'trait:{t}': 'forbidden' for t in server.forbidden_traits})
    body: Body = {
        'vcpus': held.get('VCPU', 0) + held.get('PCPU', 0),
        'ram': held.get('MEMORY_MB', 0),
        'disk': held.get('DISK_GB', 0),
        'ephemeral': 0,
        'swap': 0,
        'extra_specs': specs,
    }
    return {'original_name': f'flavor-{flavor_id(body)}', **body}


def flavor_id(flavor: Mapping[str, Any]) -> str:
    parts = [flavor['vcpus'], flavor['ram'], flavor['disk']]
    parts.extend(sorted(flavor['extra_specs'].items()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def flavor_view(flavor: Mapping[str, Any]) -> Body:
    return {
        'id': flavor_id(flavor),
        'name': flavor['original_name'],
        'vcpus': flavor['vcpus'],
        'ram': flavor['ram'],
        'disk': flavor['disk'],
        'swap': flavor['swap'],
        'OS-FLV-EXT-DATA:ephemeral': flavor['ephemeral'],
        'OS-FLV-DISABLED:disabled': False,
        'os-flavor-access:is_public': True,
        'rxtx_factor': 1.0,
        'description': None,
        'extra_specs': flavor['extra_specs'],
        'links': [],
    }


def server_view(state: State, server: Server) -> Body:
    document = server.document
    project = document.get('project_id') or _PROJECT
    seed = (project + server.host).encode()
    flavor = flavor_of(server)
    return {
        'id': server.uuid,
        'name': server.name,
        'status': status_of(server),
        'tenant_id': project,
        'user_id': project,
        'metadata': document.get('metadata', {}),
        'hostId': hashlib.sha224(seed).hexdigest(),
        # A server without a disk of its own was booted from a volume.
        'image': {'id': uuid_of('image'), 'links': []}
        if flavor['disk']
        else '',
        'flavor': flavor,
        'created': _TIME,
        'updated': _TIME,
        'addresses': {},
        'accessIPv4': '',
        'accessIPv6': '',
        'links': [],
        'tags': [],
        'description': None,
        'locked': document.get('locked', False),
        'locked_reason': None,
        'config_drive': '',
        'key_name': None,
        'host_status': state.hosts[server.host].state.upper(),
        'security_groups': [],
        'pinned_availability_zone': server.pinned_az or None,
        'trusted_image_certificates': None,
        'OS-DCF:diskConfig': 'MANUAL',
        **_extended_view(state, server),
    }


def _extended_view(state: State, server: Server) -> Body:
    host = state.hosts[server.host]
    return {
        'OS-EXT-AZ:availability_zone': host.availability_zone,
        'OS-EXT-SRV-ATTR:host': host.name,
        'OS-EXT-SRV-ATTR:hypervisor_hostname': host.name,
        'OS-EXT-SRV-ATTR:instance_name': server.name,
        'OS-EXT-SRV-ATTR:hostname': server.name,
        'OS-EXT-STS:power_state': _POWER_STATE.get(server.state, 0),
        'OS-EXT-STS:task_state': server.task_state,
        'OS-EXT-STS:vm_state': server.state,
        'os-extended-volumes:volumes_attached': [],
    }


def hypervisor_view(state: State, host: Host, old: bool, full: bool) -> Body:
    """Return a hypervisor.

    :param old: with the sizes, that microversion 2.88 drops
    :param full: with its servers
    """
    body: Body = {
        'id': host.uuid,
        'hypervisor_hostname': host.name,
        'hypervisor_type': host.hypervisor[0],
        'hypervisor_version': host.hypervisor[1],
        'host_ip': '127.0.0.1',
        'state': host.state,
        'status': host.status,
        'uptime': None,
        'service': {
            'id': uuid_of('service', host.name),
            'host': host.name,
            'disabled_reason': host.disabled_reason,
        },
    }
    if full:
        body['servers'] = [
            {'uuid': uuid, 'name': state.servers[uuid].name}
            for uuid in state.on_host[host.name]
        ]
    if old:
        body.update(_sizes(state, host))
    return body


def _sizes(state: State, host: Host) -> Body:
    used = state.ledger.used(host.name)
    total = {name: item.total for name, item in host.inventories.items()}
    return {
        'vcpus': total.get('VCPU', 0),
        'vcpus_used': used.get('VCPU', 0),
        'memory_mb': total.get('MEMORY_MB', 0),
        'memory_mb_used': used.get('MEMORY_MB', 0),
        'local_gb': total.get('DISK_GB', 0),
        'local_gb_used': used.get('DISK_GB', 0),
        'running_vms': len(state.on_host[host.name]),
        'cpu_info': host.document.get('cpu') or {},
    }


def service_view(host: Host) -> Body:
    return {
        'id': uuid_of('service', host.name),
        'binary': 'nova-compute',
        'host': host.name,
        'zone': host.availability_zone,
        'status': host.status,
        'state': host.state,
        'disabled_reason': host.disabled_reason,
        'updated_at': _TIME,
        'forced_down': False,
    }


def controller_view(binary: str) -> Body:
    """Return a service that is no compute service; clouds have them too."""
    return {
        'id': uuid_of('service', binary),
        'binary': binary,
        'host': 'controller',
        'zone': 'internal',
        'status': 'enabled',
        'state': 'up',
        'disabled_reason': None,
        'updated_at': _TIME,
        'forced_down': False,
    }


def aggregate_view(number: int, aggregate: Mapping[str, Any]) -> Body:
    metadata = aggregate.get('metadata', {})
    return {
        'id': number,
        'uuid': uuid_of('aggregate', aggregate['name']),
        'name': aggregate['name'],
        'hosts': list(aggregate.get('hosts', ())),
        'metadata': metadata,
        'availability_zone': metadata.get('availability_zone'),
        'created_at': _TIME,
        'updated_at': None,
        'deleted': False,
        'deleted_at': None,
    }


def group_view(state: State, group: Group, old: bool) -> Body:
    """Return a server group.

    :param old: in the form before microversion 2.64
    """
    body: Body = {
        'id': group.uuid,
        'name': group.name,
        'members': [uuid for uuid in group.members if uuid in state.servers],
        'project_id': _PROJECT,
        'user_id': _PROJECT,
    }
    if old:
        return {**body, 'policies': [group.policy], 'metadata': {}}
    rules = {}
    if group.policy == 'anti-affinity':
        rules['max_server_per_host'] = group.max_server_per_host
    return {**body, 'policy': group.policy, 'rules': rules}


def migration_view(migration: Migration) -> Body:
    return {
        'id': migration.number,
        'uuid': migration.uuid,
        'instance_uuid': migration.server,
        'server_uuid': migration.server,
        'source_compute': migration.source,
        'source_node': migration.source,
        'dest_compute': migration.destination,
        'dest_node': migration.destination,
        'dest_host': '127.0.0.1',
        'migration_type': migration.kind,
        'status': migration.status,
        'old_instance_type_id': 1,
        'new_instance_type_id': 1,
        'memory_total_bytes': None,
        'memory_processed_bytes': None,
        'memory_remaining_bytes': None,
        'disk_total_bytes': None,
        'disk_processed_bytes': None,
        'disk_remaining_bytes': None,
        'project_id': _PROJECT,
        'user_id': _PROJECT,
        'created_at': _TIME,
        'updated_at': _TIME,
    }
