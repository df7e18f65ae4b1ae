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
from dataclasses import field
from typing import Any

from oslo_log import log
from watcher.common import placement_helper

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import trees


LOG = log.getLogger(__name__)

# From here on providers can be listed by their traits (Rocky).
MICROVERSION = '1.18'

Amounts = Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Provider:
    """The resource provider of a compute node.

    :ivar inventories: by resource class
    :ivar allocations: what each consumer holds, by its UUID
    """

    inventories: Mapping[str, records.Inventory]
    allocations: Mapping[str, Amounts]
    traits: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Found:
    """What Placement says.

    :ivar nodes: the providers of compute nodes, by UUID
    """

    nodes: Mapping[str, Provider]
    elsewhere: trees.Elsewhere = field(default_factory=trees.Elsewhere)


def read(uuids: Iterable[str]) -> Found:
    """Read resource providers, some at a time.

    :param uuids: those of the compute nodes; those that Placement does not
        have are left out
    :raises api.Unreadable: if any of it cannot be read
    """
    placement = api.Api('Placement', MICROVERSION, _connect)
    # One at first: all others find the token and the endpoint.
    placement.get('/')
    wanted = list(uuids)
    found = api.each(lambda uuid: _provider(placement, uuid), wanted)
    providers = {
        uuid: provider
        for uuid, provider in zip(wanted, found, strict=True)
        if provider is not None
    }
    elsewhere = trees.read(placement, wanted)
    LOG.info(
        'Placement: %d of %d resource providers, %d allocations, %d traits, '
        '%d nested and %d sharing providers',
        len(providers),
        len(wanted),
        sum(len(provider.allocations) for provider in providers.values()),
        len({t for provider in providers.values() for t in provider.traits}),
        elsewhere.n_nested,
        len(elsewhere.sharing),
    )
    return Found(providers, elsewhere)


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
    inventories = trees.inventories(placement, uuid)
    allocations = trees.allocations(placement, uuid)
    traits = placement.find(f'/resource_providers/{uuid}/traits')
    if inventories is None or allocations is None or traits is None:
        return None
    with api.understood(f'Placement cannot be read: {uuid} '):
        return Provider(
            inventories, allocations, tuple(sorted(traits['traits']))
        )
