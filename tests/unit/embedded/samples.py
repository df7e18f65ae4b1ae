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

"""Small clouds for the tests of the embedded cloud."""

from __future__ import annotations

from typing import Any

from tests.embedded.cloud import Cloud


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def uuid_of(number: int) -> str:
    return f'00000000-0000-4000-8000-{number:012d}'


def node(hostname: str, **changes: Any) -> dict[str, Any]:
    """Return a node with room for 10 instances."""
    return {
        'hostname': hostname,
        'inventories': {
            'VCPU': {'total': 10, 'reserved': 0, 'allocation_ratio': 2.0},
            'MEMORY_MB': {'total': 11264, 'reserved': 1024},
            'DISK_GB': {'total': 100},
        },
        **changes,
    }


def instance(number: int, host: str, **changes: Any) -> dict[str, Any]:
    return {
        'uuid': uuid_of(number),
        'name': f'vm-{number}',
        'host': host,
        'allocations': {'VCPU': 2, 'MEMORY_MB': 1024, 'DISK_GB': 10},
        **changes,
    }


def snapshot(
    nodes: list[dict[str, Any]], instances: list[dict[str, Any]], **others: Any
) -> dict[str, Any]:
    return {
        'version': 1,
        'compute_nodes': nodes,
        'instances': instances,
        **others,
    }


def cloud(clock: Clock, **others: Any) -> Cloud:
    """Return a cloud of cmp1, cmp2 and cmp3; instance 1 is on cmp1."""
    document = snapshot(
        [node('cmp1'), node('cmp2'), node('cmp3')], [instance(1, 'cmp1')]
    )
    document.update(others)
    return Cloud(document, migration_s=10.0, clock=clock)
