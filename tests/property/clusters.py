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

"""Random clusters as they are found: mixed, overloaded, half broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st


CLASSES = ('VCPU', 'MEMORY_MB', 'DISK_GB')
FLAVORS = ((1, 1024, 10), (2, 2048, 20), (2, 6144, 0), (4, 4096, 40))
STATES = ('active',) * 6 + ('stopped', 'paused', 'error')
ZONES = ('az1', 'az2')
TRAITS = ('HW_CPU_X86_AVX2', 'CUSTOM_GOLD')
REASONS = (None, 'maintenance', 'watcher_rearrange: freed by consolidation')


@st.composite
def snapshots(draw: st.DrawFn, most_nodes: int = 6) -> dict[str, Any]:
    """Draw a snapshot document of up to some nodes and 14 instances."""
    nodes = [draw(_node(k)) for k in range(draw(st.integers(1, most_nodes)))]
    hosts = [node['hostname'] for node in nodes]
    instances = [
        draw(_instance(k, hosts)) for k in range(draw(st.integers(0, 14)))
    ]
    uuids = [instance['uuid'] for instance in instances]
    return {
        'version': 1,
        'compute_nodes': nodes,
        'instances': instances,
        'server_groups': draw(_groups(uuids)),
        'migrations': draw(_migrations(instances, hosts)),
    }


def pinned(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """Pin most instances to the zones they are in."""
    zone_of = {
        node['hostname']: node['availability_zone']
        for node in document['compute_nodes']
    }
    for instance in document['instances']:
        if draw(st.integers(0, 4)):
            instance['pinned_az'] = zone_of[instance['host']]
    return document


def hypervisors(
    types: Sequence[str],
    versions: Sequence[int | None],
    **more: st.SearchStrategy[Any],
) -> st.SearchStrategy[dict[str, Any]]:
    """Return what a node has for a hypervisor: drawn of these.

    :param more: other keys of the node
    """
    return st.fixed_dictionaries(
        {
            'hypervisor_type': st.sampled_from(types),
            'hypervisor_version': st.sampled_from(versions),
            **more,
        }
    )


@st.composite
def _node(draw: st.DrawFn, number: int) -> dict[str, Any]:
    size = draw(st.sampled_from((8, 12, 16)))
    document = {
        'hostname': f'cmp{number}',
        'uuid': f'00000000-0000-4000-8000-{number:012d}',
        'inventories': {
            'VCPU': {
                **_inventory(size, 0, draw(st.sampled_from((1.0, 2.0)))),
                'max_unit': draw(st.sampled_from((None, size, 3))),
            },
            'MEMORY_MB': _inventory(
                size * 1024, draw(st.sampled_from((0, 512))), 1.0
            ),
            'DISK_GB': _inventory(size * 15, 0, 1.0),
        },
        'availability_zone': draw(st.sampled_from(ZONES)),
        'traits': draw(st.sampled_from(([], [TRAITS[0]], list(TRAITS)))),
    }
    fate = draw(st.integers(0, 9))
    if fate == 0:
        document['state'] = 'down'
    elif fate == 2:
        document['held'] = {'MEMORY_MB': 1536}
    elif fate == 1:
        document['status'] = 'disabled'
        document['disabled_reason'] = draw(st.sampled_from(REASONS))
    return document


def _inventory(total: int, reserved: int, ratio: float) -> dict[str, Any]:
    return {'total': total, 'reserved': reserved, 'allocation_ratio': ratio}


@st.composite
def _instance(
    draw: st.DrawFn, number: int, hosts: list[str]
) -> dict[str, Any]:
    amounts = draw(st.sampled_from(FLAVORS))
    document = {
        'uuid': f'00000000-0000-4000-9000-{number:012d}',
        'name': f'vm{number}',
        # Nothing keeps a node from being overloaded.
        'host': draw(st.sampled_from(hosts)),
        'state': draw(st.sampled_from(STATES)),
        'allocations': {
            rc: n for rc, n in zip(CLASSES, amounts, strict=True) if n
        },
    }
    special = draw(st.integers(0, 15))
    if special == 0:
        document['locked'] = True
    elif special == 1:
        document['excluded'] = True
    elif special == 2:
        document['pinned_az'] = draw(st.sampled_from(ZONES))
    elif special == 3:
        document['required_traits'] = [draw(st.sampled_from(TRAITS))]
    elif special == 4:
        document['forbidden_traits'] = [TRAITS[1]]
    elif special == 5:
        document['stays'] = 'in task rebuilding'
    return document


@st.composite
def _groups(draw: st.DrawFn, uuids: list[str]) -> list[dict[str, Any]]:
    groups = []
    free = list(uuids)
    for number in range(draw(st.integers(0, 2))):
        size = min(len(free), draw(st.integers(2, 3)))
        members, free = free[:size], free[size:]
        groups.append(
            {
                'uuid': f'00000000-0000-4000-a000-{number:012d}',
                'name': f'group{number}',
                'policy': draw(
                    st.sampled_from(
                        ('anti-affinity', 'affinity', 'soft-anti-affinity')
                    )
                ),
                'max_server_per_host': draw(st.sampled_from((1, 1, 2))),
                'members': members,
            }
        )
    return groups


@st.composite
def _migrations(
    draw: st.DrawFn, instances: list[dict[str, Any]], hosts: list[str]
) -> list[dict[str, Any]]:
    if not instances or len(hosts) < 2 or draw(st.integers(0, 3)):
        return []
    moving = draw(st.sampled_from(instances))
    others = [host for host in hosts if host != moving['host']]
    return [
        {
            'instance': moving['uuid'],
            'source': moving['host'],
            'destination': draw(st.sampled_from(others)),
            'status': draw(st.sampled_from(('running', 'completed'))),
        }
    ]
