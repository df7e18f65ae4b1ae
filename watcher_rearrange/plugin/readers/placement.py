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

"""What Placement says: what compute nodes have, and who holds it."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from collections.abc import Mapping
from concurrent import futures
from typing import Any

from oslo_log import log
from watcher.common import placement_helper

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import api


LOG = log.getLogger(__name__)

MICROVERSION = '1.12'

# Requests at a time: each waits for Placement's database most of its time.
WORKERS = 8

Amounts = Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Provider:
    """The resource provider of a compute node.

    :ivar inventories: by resource class
    :ivar allocations: what each consumer holds, by its UUID
    """

    inventories: Mapping[str, records.Inventory]
    allocations: Mapping[str, Amounts]


def read(uuids: Iterable[str]) -> dict[str, Provider]:
    """Read resource providers, some at a time.

    :param uuids: those of the compute nodes
    :returns: by UUID, those that there are
    :raises api.Unreadable: if any of it cannot be read
    """
    placement = api.Api('Placement', MICROVERSION, _connect)
    # One at first: all others find the token and the endpoint.
    placement.get('/')
    wanted = list(uuids)
    pool = futures.ThreadPoolExecutor(WORKERS, 'read-placement')
    try:
        found = list(pool.map(lambda uuid: _provider(placement, uuid), wanted))
    finally:
        # After an error nobody waits for the others.
        pool.shutdown(cancel_futures=True)
    providers = {
        uuid: provider
        for uuid, provider in zip(wanted, found, strict=True)
        if provider is not None
    }
    LOG.info(
        'Placement: %d of %d resource providers, %d allocations',
        len(providers),
        len(wanted),
        sum(len(provider.allocations) for provider in providers.values()),
    )
    return providers


def require_answer(consumer: str) -> None:
    """Ask what somebody holds, which Nova does first when it migrates.

    :param consumer: UUID of an instance
    :raises api.Unreadable: if Placement does not say it
    """
    api.Api('Placement', MICROVERSION, _connect).get(
        f'/allocations/{consumer}'
    )


def _connect() -> Any:
    return placement_helper.PlacementHelper().connection


def _provider(placement: api.Api, uuid: str) -> Provider | None:
    path = f'/resource_providers/{uuid}'
    inventories = placement.find(f'{path}/inventories')
    allocations = placement.find(f'{path}/allocations')
    if inventories is None or allocations is None:
        return None
    with api.understood(f'Placement cannot be read: {uuid} '):
        return Provider(
            {
                name: _inventory(data)
                for name, data in inventories['inventories'].items()
            },
            {
                consumer: {
                    name: int(amount)
                    for name, amount in data['resources'].items()
                    if amount
                }
                for consumer, data in allocations['allocations'].items()
            },
        )


def _inventory(data: Mapping[str, Any]) -> records.Inventory:
    return records.Inventory(
        int(data['total']),
        int(data['reserved']),
        float(data['allocation_ratio']),
        int(data['max_unit']),
    )
