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

"""Relations of a policy, over parts of the nodes such as zones.

- at_most: for all parts p: members in p <= most;
- together: all members in one part; one may only go where another is;
- exclusive: for all parts p: no member in p, or none of the others.

One that is broken may not get worse. Who moves within a part changes
nothing there; one that migrates already is on both ends.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Violation


# Of a host that a relation does not mean.
NO_PART = -1


@dataclasses.dataclass(frozen=True, eq=False)
class Relation:
    """A relation with its members as instance indices.

    :ivar part_of: int64[n_nodes], or NO_PART
    :ivar n_parts: how many there are
    """

    record: records.Relation
    members: Ints
    others: Ints
    part_of: Ints
    n_parts: int

    def part(self, node_idx: int) -> int:
        """Return the part of a node."""
        return int(self.part_of[node_idx])


class Relations:
    """All relations of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.relations = tuple(
            _relation(cluster, record) for record in cluster.snapshot.relations
        )
        self._of: dict[int, list[Relation]] = {}
        for relation in self.relations:
            for one in np.concatenate([relation.members, relation.others]):
                self._of.setdefault(int(one), []).append(relation)
        self._is_member = {
            id(relation): frozenset(relation.members.tolist())
            for relation in self.relations
        }

    def of(self, instance_idx: int) -> list[Relation]:
        """Return the relations of an instance, on either side."""
        return self._of.get(instance_idx, [])

    def is_member(self, relation: Relation, instance_idx: int) -> bool:
        """Whether an instance is a member, not one of the others."""
        return instance_idx in self._is_member[id(relation)]

    def permitted(self, placement: Placement, instance_idx: int) -> Bools:
        """Return bool[n_nodes]: where it would make nothing worse."""
        permitted = np.ones(self._cluster.n_nodes, dtype=np.bool_)
        here = int(placement.node_of[instance_idx])
        for relation in self.of(instance_idx):
            fine = self._parts(placement, relation, instance_idx)
            allowed = fine[relation.part_of] | (relation.part_of == NO_PART)
            if here >= 0 and relation.part(here) != NO_PART:
                allowed |= relation.part_of == relation.part(here)
            permitted &= allowed
        return permitted

    def violations(self, placement: Placement) -> list[Violation]:
        """Return the relations that do not hold, with the counts."""
        found = []
        for relation in self.relations:
            excess = self.excess(placement, relation)
            if excess:
                record = relation.record
                current, needed, unit = _told(record.kind, excess, record.most)
                must = record.weight is None
                rule = plan.POLICY if must else plan.POLICY_SHOULD
                things = (record.name,)
                found.append(Violation(rule, things, current, needed, unit))
        return found

    def excess(self, placement: Placement, relation: Relation) -> int:
        """Return by how much a relation is broken; 0 if it holds."""
        counts = self.counts(placement, relation, relation.members)
        record = relation.record
        if record.kind == records.AT_MOST:
            return int(np.maximum(counts - record.most, 0).sum())
        if record.kind == records.TOGETHER:
            return max(0, int((counts > 0).sum()) - 1)
        others = self.counts(placement, relation, relation.others)
        return int(np.minimum(counts, others).sum())

    def counts(
        self,
        placement: Placement,
        relation: Relation,
        whom: Ints,
        but: int = -1,
    ) -> Ints:
        """Return int64[n_parts]: how many of some are in each part.

        :param whom: int64[n], members or others
        :param but: one that is not counted
        """
        whom = whom[whom != but]
        counts = self._there(placement, relation, whom)
        for moving, node_idx in self._cluster.other_ends:
            part = relation.part(node_idx)
            here = int(placement.node_of[moving])
            if moving != but and moving in whom and part != NO_PART:
                counts[part] += here < 0 or relation.part(here) != part
        return counts

    def _there(
        self, placement: Placement, relation: Relation, whom: Ints
    ) -> Ints:
        """int64[n_parts]: how many of some are on a node of each part."""
        nodes = placement.node_of[whom]
        parts = relation.part_of[nodes[nodes >= 0]]
        counts: Ints = np.bincount(
            parts[parts != NO_PART], minlength=relation.n_parts
        )
        return counts

    def _parts(
        self, placement: Placement, relation: Relation, idx: int
    ) -> Bools:
        """bool[n_parts + 1]: where one may arrive; the last is no part."""
        record = relation.record
        mine = self.is_member(relation, idx)
        if record.kind == records.EXCLUSIVE:
            away = relation.others if mine else relation.members
            fine = self.counts(placement, relation, away) == 0
        else:
            members = relation.members
            counts = self.counts(placement, relation, members, idx)
            if record.kind == records.AT_MOST:
                fine = counts < record.most
            else:
                # Who has not arrived yet is no company.
                counts = self._there(
                    placement, relation, members[members != idx]
                )
                fine = (counts > 0) | (not counts.any())
        return np.append(fine, True)


def _relation(cluster: Cluster, record: records.Relation) -> Relation:
    labels: dict[str, int] = {}
    part_of = [
        labels.setdefault(record.part_of[node.hostname], len(labels))
        if node.hostname in record.part_of
        else NO_PART
        for node in cluster.snapshot.compute_nodes
    ]
    return Relation(
        record,
        _indices(cluster, record.members),
        _indices(cluster, record.others),
        np.array(part_of, dtype=np.int64),
        len(labels),
    )


def _indices(cluster: Cluster, uuids: frozenset[str]) -> Ints:
    index = cluster.instance_index
    return np.array(
        sorted(index[uuid] for uuid in uuids if uuid in index), dtype=np.int64
    )


def _told(kind: str, excess: int, most: int) -> tuple[int, int, str]:
    if kind == records.AT_MOST:
        return excess, 0, f'instances more than {most} in a part'
    if kind == records.TOGETHER:
        return excess + 1, 1, 'parts with instances'
    return excess, 0, 'instances beside those they are kept from'
