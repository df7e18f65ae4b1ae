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

"""A relation of a policy, with indices in place of names."""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


# Of a host that a relation does not mean.
NO_PART = -1

# Of more it is followed who moves, in place of counting all.
MOST_COUNTED = 200


class Side:
    """The members of a relation, or the others.

    :ivar whom: int64[n], instance indices, ascending
    :ivar outside: int64[n_parts], those that are not in the cluster
    :ivar moving: with the part at the other end of its migration, for those
        that migrate from part to part
    """

    def __init__(
        self,
        whom: Ints,
        part_of: Ints,
        outside: Ints,
        moving: tuple[tuple[int, int], ...] = (),
    ) -> None:
        self.whom = whom
        self.outside = outside
        self.moving = moving
        # With nowhere, and nodes that are in no part, at the end.
        n_parts = len(outside)
        part_of = np.append(part_of, NO_PART)
        self._part_of = np.where(part_of == NO_PART, n_parts, part_of)
        self._seen: Ints | None = None
        self._followed: Ints = np.zeros(n_parts + 1, dtype=np.int64)

    def counts(self, placement: Placement, but: int = -1) -> Ints:
        """Return int64[n_parts]: how many are in each part.

        One that migrates between parts is in both.

        :param but: one that is not counted
        """
        if len(self.whom) > MOST_COUNTED:
            counts = self._follow(placement.node_of)
        else:
            parts = self._part_of[placement.node_of[self.whom]]
            counts = np.bincount(parts, minlength=len(self.outside) + 1)
        if but >= 0 and self._holds(but):
            counts[self._part_of[placement.node_of[but]]] -= 1
        found: Ints = counts[:-1] + self.outside
        for moving, part in self.moving:
            here = int(self._part_of[placement.node_of[moving]])
            if moving != but:
                found[part] += here != part
        return found

    def _holds(self, instance_idx: int) -> bool:
        position = int(np.searchsorted(self.whom, instance_idx))
        return (
            position < len(self.whom)
            and int(self.whom[position]) == instance_idx
        )

    def _follow(self, node_of: Ints) -> Ints:
        """int64[n_parts + 1]: what it was, but for those who moved since."""
        if self._seen is None:
            self._seen = np.full(len(node_of), -1, dtype=np.int64)
            self._followed[-1] = len(self.whom)
        changed = np.flatnonzero(self._seen != node_of)
        mine = changed[self._is_one[changed]]
        before, now = self._seen[mine], node_of[mine]
        np.subtract.at(self._followed, self._part_of[before], 1)
        np.add.at(self._followed, self._part_of[now], 1)
        self._seen[changed] = node_of[changed]
        return self._followed.copy()

    @cached_property
    def _is_one(self) -> Bools:
        assert self._seen is not None
        found = np.zeros(len(self._seen), dtype=np.bool_)
        found[self.whom] = True
        return found


@dataclasses.dataclass(frozen=True, eq=False)
class Relation:
    """A relation with its members as instance indices.

    :ivar part_of: int64[n_nodes], or NO_PART
    :ivar leaving: int64[n], members that migrate as the cluster does not show
    :ivar settled_outside: int64[n_parts], members that are not in the
        cluster and sure to be in the part they are in
    """

    record: records.Relation
    part_of: Ints
    members: Side
    others: Side
    leaving: Ints
    settled_outside: Ints

    @cached_property
    def settled(self) -> Side:
        """The members that are sure to be in the part they are in."""
        moving = [idx for idx, _part in self.members.moving]
        whom = np.setdiff1d(self.members.whom, [*moving, *self.leaving])
        return Side(whom, self.part_of, self.settled_outside)

    @cached_property
    def is_member(self) -> frozenset[int]:
        """The members."""
        return frozenset(self.members.whom.tolist())

    def part(self, node_idx: int) -> int:
        """Return the part of a node."""
        return int(self.part_of[node_idx])


def related(cluster: Cluster, record: records.Relation) -> Relation:
    """Return a relation of a cluster."""
    labels: dict[str, int] = {}
    part_of = [
        labels.setdefault(record.part_of[node.hostname], len(labels))
        if node.hostname in record.part_of
        else NO_PART
        for node in cluster.snapshot.compute_nodes
    ]
    if record.kind == records.TOGETHER:
        # Nobody can go there, but it matters that somebody is there.
        for part in record.outside:
            labels.setdefault(part, len(labels))
    sides = _Sides(cluster, np.array(part_of, dtype=np.int64), labels)
    members = _indices(cluster, record.members)
    if record.others is None:
        others = np.setdiff1d(np.arange(cluster.n_instances), members)
    else:
        others = _indices(cluster, record.others)
    return Relation(
        record,
        sides.part_of,
        sides.side(members, record.outside),
        sides.side(others, record.others_outside),
        _indices(cluster, record.leaving),
        sides.counts(record.settled_outside),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Sides:
    """What the two sides of a relation have in common.

    :ivar labels: the parts by name
    """

    cluster: Cluster
    part_of: Ints
    labels: Mapping[str, int]

    def side(self, whom: Ints, outside: Mapping[str, int]) -> Side:
        ends = self.cluster.other_ends
        known = frozenset(whom.tolist()) if ends else frozenset()
        moving = tuple(
            (idx, int(self.part_of[node]))
            for idx, node in ends
            if idx in known and self._is_elsewhere(idx, node)
        )
        return Side(whom, self.part_of, self.counts(outside), moving)

    def counts(self, outside: Mapping[str, int]) -> Ints:
        counts = np.zeros(len(self.labels), dtype=np.int64)
        for part in outside.keys() & self.labels.keys():
            counts[self.labels[part]] += outside[part]
        return counts

    def _is_elsewhere(self, idx: int, node: int) -> bool:
        part = int(self.part_of[node])
        here = int(self.part_of[self.cluster.node_of[idx]])
        return part not in (NO_PART, here)


def _indices(cluster: Cluster, uuids: Collection[str]) -> Ints:
    index = cluster.instance_index
    return np.array(
        sorted(index[uuid] for uuid in uuids if uuid in index), dtype=np.int64
    )
