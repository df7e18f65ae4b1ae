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
"""What instances hold elsewhere than at the provider of their node.

A nested provider is a part of a node, such as a physical GPU or a network
card. A sharing provider, such as a pool of storage, serves all nodes that are
in one of its aggregates in Placement.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from watcher_rearrange.model import inventory
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import api


SHARING_TRAIT = 'MISC_SHARES_VIA_AGGREGATE'

Amounts = Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Sharing:
    """A sharing provider.

    :ivar nodes: UUIDs of the providers that it serves
    :ivar allocations: what each consumer holds there, by its UUID
    :ivar free: by resource class
    """

    name: str
    nodes: frozenset[str]
    allocations: Mapping[str, Amounts]
    free: Amounts


@dataclasses.dataclass(frozen=True)
class Elsewhere:
    """See the module.

    :ivar nested: the resource classes that a consumer holds at providers
        below those of nodes, by its UUID
    :ivar n_nested: how many such providers there are
    """

    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sharing: tuple[Sharing, ...] = ()
    n_nested: int = 0

    def stays(self, nodes: Collection[str]) -> dict[str, str]:
        """Return why consumers stay, by UUID.

        During a migration Nova allocates at a sharing provider a second
        time.

        :param nodes: UUIDs of the providers of the nodes in the audit scope
        """
        found = {}
        for provider in self.sharing:
            everywhere = provider.nodes.issuperset(nodes)
            for consumer, amounts in provider.allocations.items():
                classes = ', '.join(sorted(amounts))
                if not everywhere:
                    found[consumer] = (
                        f'has {classes} of {provider.name}, which does not '
                        'serve all nodes of the audit scope'
                    )
                elif any(provider.free[rc] < n for rc, n in amounts.items()):
                    found[consumer] = (
                        f'has {classes} of {provider.name}, which has not '
                        'as much free'
                    )
        for consumer, names in self.nested.items():
            found[consumer] = f'has {", ".join(names)} of a nested provider'
        return found


def read(placement: api.Api, nodes: Collection[str]) -> Elsewhere:
    """Read the nested providers of nodes, and all that are shared.

    :param placement: with microversion 1.18 or later
    :param nodes: UUIDs of the providers of compute nodes
    :raises api.Unreadable: if any of it cannot be read
    """
    wanted = frozenset(nodes)
    with api.understood('Placement cannot be read: resource providers '):
        nested = [
            provider['uuid']
            for provider in _providers(placement, '')
            if provider['root_provider_uuid'] in wanted
            and provider['uuid'] not in wanted
        ]
        shared = {
            provider['uuid']: provider['name']
            for provider in _providers(placement, f'?required={SHARING_TRAIT}')
        }
    held: dict[str, set[str]] = {}
    for found in api.each(lambda u: allocations(placement, u), nested):
        for consumer, amounts in (found or {}).items():
            held.setdefault(consumer, set()).update(amounts)
    return Elsewhere(
        {consumer: tuple(sorted(names)) for consumer, names in held.items()},
        tuple(_sharing(placement, u, name) for u, name in shared.items()),
        len(nested),
    )


def allocations(placement: api.Api, uuid: str) -> dict[str, Amounts] | None:
    """Return what consumers hold at a provider, None if there is none.

    :raises api.Unreadable: if that is not to be known
    """
    answer = placement.find(f'/resource_providers/{uuid}/allocations')
    if answer is None:
        return None
    with api.understood(f'Placement cannot be read: {uuid} '):
        return {
            consumer: {
                name: int(amount)
                for name, amount in data['resources'].items()
                if amount
            }
            for consumer, data in answer['allocations'].items()
        }


def inventories(
    placement: api.Api, uuid: str
) -> dict[str, records.Inventory] | None:
    """Return the inventories of a provider, None if there is none.

    :raises api.Unreadable: if that is not to be known
    """
    answer = placement.find(f'/resource_providers/{uuid}/inventories')
    if answer is None:
        return None
    with api.understood(f'Placement cannot be read: {uuid} '):
        return {
            name: _inventory(data)
            for name, data in answer['inventories'].items()
        }


def _sharing(placement: api.Api, uuid: str, name: str) -> Sharing:
    held = allocations(placement, uuid) or {}
    amounts = {
        rc: inventory.capacity(record)
        for rc, record in (inventories(placement, uuid) or {}).items()
    }
    for taken in held.values():
        for rc, amount in taken.items():
            amounts[rc] = amounts.get(rc, 0) - amount
    return Sharing(name, _served(placement, uuid), held, amounts)


def _served(placement: api.Api, uuid: str) -> frozenset[str]:
    answer = placement.get(f'/resource_providers/{uuid}/aggregates')
    with api.understood(f'Placement cannot be read: {uuid} '):
        aggregates = ','.join(answer['aggregates'])
        if not aggregates:
            return frozenset()
        query = f'?member_of=in:{aggregates}'
        return frozenset(p['uuid'] for p in _providers(placement, query))


def _providers(placement: api.Api, query: str) -> list[dict[str, Any]]:
    answer = placement.get(f'/resource_providers{query}')
    return list(answer['resource_providers'])


def _inventory(data: Mapping[str, Any]) -> records.Inventory:
    return records.Inventory(
        int(data['total']),
        int(data['reserved']),
        float(data['allocation_ratio']),
        int(data['max_unit']),
    )
