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

"""Relations that keep everybody else away from the nodes of some.

Everybody is bound by all of them, so that they are looked at together. Their
parts are the nodes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.constraints.related import Relation
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


class Lonely:
    """All of them of a cluster."""

    def __init__(self, relations: Sequence[Relation], n_nodes: int) -> None:
        self._relations = relations
        self._n_nodes = n_nodes
        self._of: dict[int, list[Relation]] = {}
        self._members: Ints = np.concatenate(
            [np.zeros(0, np.int64), *(one.members.whom for one in relations)]
        )
        self._elsewhere: Ints = np.zeros(n_nodes, dtype=np.int64)
        for relation in relations:
            self._elsewhere += _elsewhere(relation)
            for member in relation.members.whom.tolist():
                self._of.setdefault(member, []).append(relation)

    def __bool__(self) -> bool:
        """Whether there is one: then everybody is bound."""
        return bool(self._relations)

    def of(self, instance_idx: int) -> list[Relation]:
        """Return those that keep an instance away."""
        mine = self._of.get(instance_idx, [])
        return [one for one in self._relations if one not in mine]

    def permitted(self, placement: Placement, instance_idx: int) -> Bools:
        """Return bool[n_nodes]: where no others want to be alone."""
        nodes = placement.node_of[self._members]
        taken = self._elsewhere + np.bincount(
            nodes[nodes >= 0], minlength=self._n_nodes
        )
        for relation in self._of.get(instance_idx, ()):
            taken -= relation.members.counts(placement)
        permitted: Bools = taken == 0
        here = int(placement.node_of[instance_idx])
        if here >= 0:
            permitted[here] = True
        return permitted


def _elsewhere(relation: Relation) -> Ints:
    """int64[n_nodes]: members but for those who simply are there."""
    counts = relation.members.outside.copy()
    for _moving, part in relation.members.moving:
        counts[part] += 1
    return counts
