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
- together: all members in one part; one may only go where another is that is
  not migrating out of its part already: that one may leave, and may not
  arrive;
- exclusive: for all parts p: no member in p, or none of the others.

One that is broken may not get worse. Who moves within a part changes
nothing there; one that migrates already is on both ends.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.constraints.lonely import Lonely
from watcher_rearrange.constraints.related import NO_PART
from watcher_rearrange.constraints.related import Relation
from watcher_rearrange.constraints.related import related
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Violation


class Relations:
    """All relations of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.relations = tuple(
            related(cluster, record) for record in cluster.snapshot.relations
        )
        self._of: dict[int, list[Relation]] = {}
        for relation in self.relations:
            sides = [relation.members.whom]
            if relation.record.others is not None:
                sides.append(relation.others.whom)
            for one in np.concatenate(sides).tolist():
                self._of.setdefault(one, []).append(relation)
        self._lonely = Lonely(
            [one for one in self.relations if one.record.others is None],
            cluster.n_nodes,
        )

    def binds(self, instance_idx: int) -> bool:
        """Whether an instance has any."""
        return instance_idx in self._of or bool(self._lonely)

    def of(self, instance_idx: int) -> list[Relation]:
        """Return the relations of an instance, on either side."""
        mine = self._of.get(instance_idx, [])
        return mine + self._lonely.of(instance_idx)

    def permitted(self, placement: Placement, instance_idx: int) -> Bools:
        """Return bool[n_nodes]: where it would make nothing worse."""
        permitted = np.ones(self._cluster.n_nodes, dtype=np.bool_)
        here = int(placement.node_of[instance_idx])
        for relation in self._of.get(instance_idx, ()):
            fine = self._parts(placement, relation, instance_idx)
            allowed = fine[relation.part_of] | (relation.part_of == NO_PART)
            if here >= 0 and relation.part(here) != NO_PART:
                allowed |= relation.part_of == relation.part(here)
            permitted &= allowed
        return permitted & self._lonely.permitted(placement, instance_idx)

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
        counts = relation.members.counts(placement)
        record = relation.record
        if record.kind == records.AT_MOST:
            return int(np.maximum(counts - record.most, 0).sum())
        if record.kind == records.TOGETHER:
            return max(0, int((counts > 0).sum()) - 1)
        others = relation.others.counts(placement)
        return int(np.minimum(counts, others).sum())

    def _parts(
        self, placement: Placement, relation: Relation, idx: int
    ) -> Bools:
        """bool[n_parts + 1]: where one may arrive; the last is no part."""
        record, members = relation.record, relation.members
        if record.kind == records.EXCLUSIVE:
            mine = idx in relation.is_member
            away = relation.others if mine else members
            fine = away.counts(placement) == 0
        elif record.kind == records.AT_MOST:
            fine = members.counts(placement, idx) < record.most
        else:
            fine = relation.settled.counts(placement, idx) > 0
            if not members.counts(placement, idx).any():
                fine[:] = True
        return np.append(fine, True)


def _told(kind: str, excess: int, most: int) -> tuple[int, int, str]:
    if kind == records.AT_MOST:
        return excess, 0, f'instances more than {most} in a part'
    if kind == records.TOGETHER:
        return excess + 1, 1, 'parts with instances'
    return excess, 0, 'instances beside those they are kept from'
