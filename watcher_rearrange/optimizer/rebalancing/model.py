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

"""What rebalancing decides: how many of each kind are on each node.

Everything is relative to a start: what kinds of instances there are, what
each adds to the load and to what is in use, and how much more of that a
node may get.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.group import Group


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """The start and what may change.

    Server groups do not count for what a kind is: an answer may be one that
    no choice of instances can bring about, but none that exists is missed.

    :ivar of: int64[n_instances], the kind; -1 for who stays
    :ivar count: int64[n_kinds, n_nodes], where those of a kind are
    :ivar allowed: bool[n_kinds, n_nodes], where some may arrive
    :ivar demand: float64[n_kinds, n_dims], what one adds to the load
    :ivar load: float64[n_nodes, n_dims]
    :ivar need: float64[n_kinds, n_resources], what one adds to what is
        bounded: the resource classes, and the load, for the peak
    :ivar room: float64[n_nodes, n_resources], how much more there may be
    :ivar exact: whether no placement that could be reached is missing
    """

    problem: Problem
    placement: Placement
    imbalance: Imbalance
    of: Ints
    count: Ints
    allowed: Bools
    demand: Floats
    load: Floats
    need: Floats
    room: Floats
    exact: bool

    @classmethod
    def build(
        cls,
        problem: Problem,
        placement: Placement,
        imbalance: Imbalance,
        groups_stay: bool = False,
    ) -> Model:
        """Sort the instances into kinds and see what there is room for.

        :param groups_stay: members of server groups are not moved
        """
        every = imbalance.dimensions.demand
        group = Group(keys=[row.tobytes() for row in every])
        kinds = group.apply(problem, placement)
        load = imbalance.load(placement)
        need = np.concatenate([kinds.demand, every[kinds.example]], axis=1)
        # What is judged changes only on nodes that are judged.
        judged = imbalance.judged[np.newaxis]
        there = (judged | (every[kinds.example][:, np.newaxis] == 0)).all(2)
        allowed = kinds.allowed & there & judged.any(axis=2)
        keys = np.concatenate([need, allowed], axis=1)
        _, first, merged = np.unique(
            keys, axis=0, return_index=True, return_inverse=True
        )
        of = np.append(merged.reshape(-1), -1)[kinds.of]
        if groups_stay:
            of[_members(problem)] = -1
        count = np.zeros((len(first), len(load)), dtype=np.int64)
        who = np.flatnonzero(of >= 0)
        who = who[there[kinds.of[who], placement.node_of[who]]]
        np.add.at(count, (of[who], placement.node_of[who]), 1)
        overfull = (placement.used > problem.limit).any(axis=1)
        return cls(
            problem,
            placement,
            imbalance,
            of,
            count,
            allowed[first],
            every[kinds.example][first],
            load,
            need[first],
            _room(problem, placement, imbalance, load),
            exact=not groups_stay
            and not (overfull & problem.open_nodes).any(),
        )

    @property
    def n_kinds(self) -> int:
        """How many kinds there are."""
        return len(self.count)

    def change(self, placement: Placement) -> Ints:
        """Return int64[n_kinds, n_nodes]: what a placement changes."""
        change = np.zeros_like(self.count)
        moved = placement.node_of != self.placement.node_of
        for i in np.flatnonzero(moved & (self.of >= 0)).tolist():
            change[self.of[i], self.placement.node_of[i]] -= 1
            change[self.of[i], placement.node_of[i]] += 1
        return change

    def decoded(self, change: Ints) -> Placement | None:
        """Return a placement with other counts, or None if there is none.

        Instances in no group are moved first. Whoever is in one goes where
        no other member is or was, which is more than the rule asks for.

        :param change: int64[n_kinds, n_nodes]
        """
        result = self.placement.copy()
        members = _members(self.problem)
        for kind in np.flatnonzero(change.any(axis=1)).tolist():
            homes = np.repeat(
                np.arange(change.shape[1]), np.maximum(change[kind], 0)
            ).tolist()
            leaving: list[int] = []
            for node in np.flatnonzero(change[kind] < 0).tolist():
                there = np.flatnonzero(
                    (self.of == kind) & (self.placement.node_of == node)
                )
                there = there[np.argsort(members[there], kind='stable')]
                leaving += there[: -change[kind, node]].tolist()
            for i in sorted(leaving, key=lambda i: (not members[i], i)):
                home = self._home(result, i, homes)
                if home is None:
                    return None
                homes.remove(home)
                result.move(i, home)
        return result

    def _home(
        self, now: Placement, instance: int, homes: list[int]
    ) -> int | None:
        groups = self.problem.rules.groups
        if not groups.of(instance):
            return homes[0]
        before = groups.permitted(self.placement, instance)
        free = before & groups.permitted(now, instance)
        return next((node for node in homes if free[node]), None)


def _members(problem: Problem) -> Bools:
    """bool[n_instances]: who is in a server group."""
    mask = np.zeros(problem.cluster.n_instances, dtype=np.bool_)
    for group in problem.rules.groups.groups:
        mask[group.members] = True
    return mask


def _room(
    problem: Problem, placement: Placement, imbalance: Imbalance, load: Floats
) -> Floats:
    """How much more a node may get; nowhere may a peak get higher."""
    share = np.where(imbalance.judged, load / imbalance.capacity, 0.0)
    peak = share.max(axis=0, initial=0.0) * imbalance.dimensions.capacity
    free = np.concatenate(
        [problem.limit - placement.used, peak - load], axis=1
    )
    room: Floats = np.maximum(free, 0.0) + 1e-9
    return room
