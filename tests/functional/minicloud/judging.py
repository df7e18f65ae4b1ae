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

"""What can be judged of a cloud without asking it."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any


Amounts = dict[str, int]


def differences(
    servers: Iterable[Any],
    held: Mapping[str, Mapping[str, Amounts]],
    unconfirmed: int,
) -> list[str]:
    """Return who does not hold just what it should; see misallocated."""
    others = dict(held)
    found = []
    for server in servers:
        wanted = {server.compute_host: wants(server.flavor)}
        has = others.pop(server.id, {})
        if has != wanted:
            found.append(f'{server.name} holds {has}, not {wanted}')
    if len(others) != unconfirmed:
        found.append(
            f'{len(others)} consumers that are no instances, not '
            f'{unconfirmed}: {others}'
        )
    return found


def wants(flavor: Any) -> Amounts:
    """Return what an instance of a flavor holds; of nothing it holds none."""
    sizes = {
        'VCPU': flavor.vcpus,
        'MEMORY_MB': flavor.ram,
        'DISK_GB': flavor.disk,
    }
    return {name: size for name, size in sizes.items() if size}


def sort(actions: Collection[Any]) -> list[Any]:
    """Return actions so that each comes after its parents.

    :raises ValueError: if that cannot be
    """
    found: dict[str, Any] = {}
    while len(found) < len(actions):
        ready = {
            action.uuid: action
            for action in actions
            if action.uuid not in found and found.keys() >= set(action.parents)
        }
        if not ready:
            raise ValueError(f'after {list(found)} no action can begin')
        found |= ready
    return list(found.values())
