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
"""Host aggregates of Nova, with their metadata."""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Iterable
from typing import Any

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import api


def read(nova: api.Api) -> tuple[records.Aggregate, ...]:
    """Read all aggregates; their names are unique in Nova.

    Nova gives them in one answer, without pages.

    :raises api.Unreadable: if they cannot be read completely
    """
    answer = nova.get('/os-aggregates')
    with api.understood('Nova cannot be read: aggregates '):
        return tuple(map(_aggregate, answer['aggregates']))


def in_scope(
    aggregates: Iterable[records.Aggregate], hostnames: Collection[str]
) -> tuple[records.Aggregate, ...]:
    """Return those with a host in the audit scope, without other hosts."""
    found = (
        dataclasses.replace(
            aggregate,
            hosts=tuple(h for h in aggregate.hosts if h in hostnames),
        )
        for aggregate in aggregates
    )
    return tuple(aggregate for aggregate in found if aggregate.hosts)


def _aggregate(data: dict[str, Any]) -> records.Aggregate:
    # Nova gives hosts in the order in which they were added.
    return records.Aggregate(
        name=data['name'],
        hosts=tuple(sorted(data['hosts'])),
        metadata={str(k): str(v) for k, v in data['metadata'].items()},
    )
