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

"""Small documents that the tests of this package start from."""

from __future__ import annotations

from typing import Any


def snapshot() -> dict[str, Any]:
    """Two nodes, two instances."""
    return {
        'version': 1,
        'compute_nodes': [
            {'hostname': 'cmp01', 'inventories': {'VCPU': {'total': 8}}},
            {'hostname': 'cmp02', 'inventories': {'VCPU': {'total': 8}}},
        ],
        'instances': [
            {'uuid': 'a', 'host': 'cmp01', 'allocations': {'VCPU': 2}},
            {'uuid': 'b', 'host': 'cmp02', 'allocations': {'VCPU': 1}},
        ],
    }


def full_snapshot() -> dict[str, Any]:
    """Every key there is, none of them at its default."""
    document = snapshot()
    document['compute_nodes'][0] = _node()
    document['instances'][0] = _instance()
    document['server_groups'] = [
        {
            'uuid': 'g',
            'name': 'db',
            'policy': 'anti-affinity',
            'max_server_per_host': 2,
            'members': ['a', 'b'],
        }
    ]
    document['aggregates'] = [
        {'name': 'gold', 'hosts': ['cmp01'], 'metadata': {'ssd': 'true'}}
    ]
    document['migrations'] = [
        {
            'instance': 'a',
            'source': 'cmp01',
            'destination': 'cmp02',
            'status': 'queued',
        }
    ]
    document['flavors'] = [_flavor()]
    document['scheduler_filters'] = ['ComputeFilter']
    document['skip_hypervisor_version_check_on_lm'] = True
    document['scheduler_sync_s'] = 60
    return document


def _node() -> dict[str, Any]:
    return {
        'hostname': 'cmp01',
        'uuid': 'n1',
        'status': 'disabled',
        'state': 'down',
        'disabled_reason': 'broken fan',
        'availability_zone': 'az1',
        'traits': ['HW_CPU_X86_AVX2'],
        'inventories': {
            'VCPU': dict(total=8, reserved=1, allocation_ratio=2.5, max_unit=8)
        },
        'load': {'cpu_pct': 61.5, 'inlet_temp_c': 24},
        'migration_link_mbps': 10000,
        'held': {'VCPU': 3},
        'cpu': {
            'arch': 'x86_64',
            'vendor': 'Intel',
            'model': 'Skylake',
            'features': ['avx2'],
        },
        'hypervisor_type': 'QEMU',
        'hypervisor_version': 8002000,
    }


def _instance() -> dict[str, Any]:
    return {
        'uuid': 'a',
        'name': 'web-1',
        'host': 'cmp01',
        'state': 'paused',
        'locked': True,
        'excluded': True,
        'project_id': 'p',
        'metadata': {'k': 'v'},
        'flavor_extra_specs': {'hw:cpu_policy': 'dedicated'},
        'pinned_az': 'az1',
        'required_traits': ['HW_CPU_X86_AVX2'],
        'forbidden_traits': ['CUSTOM_OLD'],
        'allocations': {'VCPU': 2},
        'load': {'cpu_pct': 12.0},
        'block_migration': True,
        'stays': 'in task rebuilding',
        'flavor': 'm1.small',
        'image': 'debian',
        'image_properties': {'hw_disk_bus': 'virtio'},
        'not_live': 'has a PCI device',
    }


def _flavor() -> dict[str, Any]:
    return {
        'name': 'm1.xlarge',
        'allocations': {'VCPU': 8, 'MEMORY_MB': 16384},
        'required_traits': ['HW_CPU_X86_AVX2'],
        'forbidden_traits': ['CUSTOM_OLD'],
    }


def target() -> dict[str, Any]:
    """One instance moves, one leaves, one is to come."""
    return {
        'version': 1,
        'placement': {'a': 'cmp02'},
        'release': ['b'],
        'provision': [
            {
                'uuid': 'c',
                'name': 'new',
                'host': 'cmp01',
                'allocations': {'VCPU': 1},
            }
        ],
    }


def _actions() -> list[dict[str, Any]]:
    return [
        {
            'id': '1',
            'type': 'disable_service',
            'node': 'cmp01',
            'parents': [],
            'after': [],
            'reason': 'evacuated',
            'estimated_s': 1.0,
            'starts_s': 0.0,
            'starts_bound_s': 0.0,
        },
        {
            'id': '2',
            'type': 'live_migrate',
            'instance': 'a',
            'source': 'cmp01',
            'destination': 'cmp02',
            'displacement': False,
            'parents': ['1'],
            'after': [],
            'reason': 'empties cmp01',
            'estimated_s': 14.0,
            'starts_s': 1.0,
            'starts_bound_s': 1.0,
        },
    ]


def plan() -> dict[str, Any]:
    """A service is disabled, then one instance moves."""
    return {
        'version': 1,
        'status': 'FEASIBLE',
        'actions': _actions(),
        'objectives': [
            {
                'name': 'active_nodes',
                'before': 2,
                'after': 1,
                'bound': None,
                'unit': 'nodes',
                'weight': 1.0,
            }
        ],
        'path': {
            'migrations': 1,
            'displacements': 0,
            'bound': 1,
            'migrated_mb': 0,
            'makespan_s': 15.0,
            'makespan_bound_s': 14.0,
        },
        'violations_before': [
            {
                'rule': 'capacity',
                'things': ['cmp01', 'VCPU'],
                'current': 9,
                'needed': 8,
                'unit': 'VCPU',
            }
        ],
        'violations_after': [],
        'messages': ['all said'],
        'alternatives': [],
        'limits': {'max_outgoing': 1},
    }
