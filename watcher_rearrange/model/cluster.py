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

"""A snapshot as arrays: names become indices, amounts become integers."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from numpy.typing import NDArray

from watcher_rearrange.model import inventory
from watcher_rearrange.model import records


Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False)
class Cluster:
    """A frozen cluster; every array is indexed as the snapshot's lists.

    :ivar snapshot: the records that the arrays come from
    :ivar resource_classes: names of the columns, sorted
    :ivar capacity: int64[n_nodes, n_rc], in Placement's units
    :ivar demand: int64[n_instances, n_rc]
    :ivar node_of: int64[n_instances], the node each instance is on
    :ivar held: int64[n_nodes, n_rc], what in-progress migrations hold on
        the other end of their instance, and others than instances
    :ivar other_ends: these instances with that node, as (instance, node)
    """

    snapshot: records.Snapshot
    resource_classes: tuple[str, ...]
    capacity: Ints
    demand: Ints
    node_of: Ints
    held: Ints
    other_ends: tuple[tuple[int, int], ...] = ()

    @classmethod
    def from_snapshot(cls, snapshot: records.Snapshot) -> Cluster:
        """Build the arrays of a snapshot whose references are sound."""
        classes = sorted(
            {rc for n in snapshot.compute_nodes for rc in n.inventories}
            | {rc for n in snapshot.compute_nodes for rc in n.held}
            | {rc for i in snapshot.instances for rc in i.allocations}
        )
        nodes = {n.hostname: k for k, n in enumerate(snapshot.compute_nodes)}
        demand = _table([i.allocations for i in snapshot.instances], classes)
        node_of = np.array(
            [nodes[i.host] for i in snapshot.instances], dtype=np.int64
        )
        capacity = _table(
            [
                {rc: inventory.capacity(v) for rc, v in n.inventories.items()}
                for n in snapshot.compute_nodes
            ],
            classes,
        )
        index = {i.uuid: k for k, i in enumerate(snapshot.instances)}
        ends = {
            (index[move.instance], nodes[hostname])
            for move in snapshot.migrations
            if move.in_progress
            for hostname in (move.source, move.destination)
            if nodes[hostname] != node_of[index[move.instance]]
        }
        other_ends = tuple(sorted(ends))
        held = _table([n.held for n in snapshot.compute_nodes], classes)
        for moving, node_idx in other_ends:
            held[node_idx] += demand[moving]
        return cls(
            snapshot,
            tuple(classes),
            capacity,
            demand,
            node_of,
            held,
            other_ends,
        )

    @property
    def n_nodes(self) -> int:
        """How many compute nodes there are."""
        return len(self.snapshot.compute_nodes)

    @property
    def n_instances(self) -> int:
        """How many instances there are."""
        return len(self.snapshot.instances)

    @property
    def real_classes(self) -> tuple[str, ...]:
        """The resource classes without those that stand for a limit."""
        return tuple(
            name
            for name in self.resource_classes
            if not name.startswith(records.LIMIT)
        )

    @cached_property
    def node_index(self) -> dict[str, int]:
        """The index of each hostname."""
        return {
            node.hostname: idx
            for idx, node in enumerate(self.snapshot.compute_nodes)
        }

    @cached_property
    def instance_index(self) -> dict[str, int]:
        """The index of each instance's UUID."""
        return {
            instance.uuid: idx
            for idx, instance in enumerate(self.snapshot.instances)
        }

    @cached_property
    def receives(self) -> Bools:
        """bool[n_nodes]: up and enabled."""
        return np.array(
            [node.receives for node in self.snapshot.compute_nodes],
            dtype=np.bool_,
        )

    @cached_property
    def memory_mb(self) -> Ints:
        """int64[n_instances]: what a migration has to copy, in MiB."""
        if 'MEMORY_MB' not in self.resource_classes:
            return np.zeros(self.n_instances, dtype=np.int64)
        return self.demand[:, self.resource_classes.index('MEMORY_MB')]

    @cached_property
    def migrating(self) -> frozenset[int]:
        """Indices of the instances in a migration that is under way."""
        return frozenset(
            self.instance_index[move.instance]
            for move in self.snapshot.migrations
            if move.in_progress
        )

    def hostname(self, node_idx: int) -> str:
        """The hostname of a node."""
        return self.snapshot.compute_nodes[node_idx].hostname


def _table(rows: Sequence[Mapping[str, int]], columns: list[str]) -> Ints:
    table = np.zeros((len(rows), len(columns)), dtype=np.int64)
    position = {name: k for k, name in enumerate(columns)}
    for k, row in enumerate(rows):
        for name, amount in row.items():
            table[k, position[name]] = amount
    return table
