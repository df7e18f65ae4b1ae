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

"""Limits on how many of some are on a node, as resource classes.

Each of those takes one unit of a class of which a node has so many. Limits of
the same instances share a class, however many nodes they are about.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from collections.abc import Sequence

from watcher_rearrange.model import records as model


@dataclasses.dataclass
class Ceiling:
    """How many of some may be on each node.

    :ivar name: of a rule
    :ivar most: by hostname; of others there is no limit
    """

    name: str
    members: frozenset[str]
    most: dict[str, int]

    @classmethod
    def of(cls, relation: model.Relation) -> Ceiling:
        """Return what a relation allows those who are in the snapshot."""
        most = {
            host: max(0, relation.most - relation.outside.get(host, 0))
            for host in relation.part_of
        }
        return cls(relation.name, relation.members, most)

    def add(self, other: Ceiling) -> None:
        """Add another one of the same instances."""
        for host, count in other.most.items():
            self.most[host] = min(count, self.most.get(host, count))


def applied(
    snapshot: model.Snapshot, ceilings: Sequence[Ceiling]
) -> model.Snapshot:
    """Return the snapshot with a resource class for each of them."""
    if not ceilings:
        return snapshot
    limits = {f'{model.LIMIT}{one.name}': one for one in ceilings}
    # More than that nobody takes.
    plenty = len(snapshot.instances) + len(snapshot.migrations) + 1
    return dataclasses.replace(
        snapshot,
        compute_nodes=tuple(
            _limited(node, limits, plenty) for node in snapshot.compute_nodes
        ),
        instances=tuple(
            _taking(instance, limits) for instance in snapshot.instances
        ),
    )


def _limited(
    node: model.ComputeNode, limits: Mapping[str, Ceiling], plenty: int
) -> model.ComputeNode:
    inventories = dict(node.inventories)
    for name, limit in limits.items():
        total = limit.most.get(node.hostname, plenty)
        inventories[name] = model.Inventory(total)
    return dataclasses.replace(node, inventories=inventories)


def _taking(
    instance: model.Instance, limits: Mapping[str, Ceiling]
) -> model.Instance:
    mine = [
        name for name, one in limits.items() if instance.uuid in one.members
    ]
    if not mine:
        return instance
    allocations = {**instance.allocations, **dict.fromkeys(mine, 1)}
    return dataclasses.replace(instance, allocations=allocations)
