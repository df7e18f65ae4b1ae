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

"""Where each instance can be at all on a way to the target.

Everything here is wider than what is possible, so that what it rules out is
proved: room that somebody leaves counts as free from then on, and who
arrives takes none. The same from the target backwards. What both leave open
is all that a search has to look at; who can only stay takes its room for
good, and that may rule out others, until nothing changes any more.

Source: planning by delete relaxation, Bonet and Geffner, Planning as
heuristic search, Artificial Intelligence 129 (2001).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


# Kinds of instances, times nodes, times columns: beyond that, the last
# columns, those of anti-affinity, are left to the search.
MAX_SIZE = 20_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Field:
    """What can be moved and what is limited per node, as arrays.

    The columns are the resource classes, and for each anti-affinity group
    the count of its members.

    :ivar movable: int64[n], the instances
    :ivar start: int64[n], the node of each
    :ivar goal: int64[n], where it should be
    :ivar demand: int64[n, n_columns]
    :ivar room: int64[n_nodes, n_columns], when none of them is there
    :ivar eligible: bool[n, n_nodes], where each may arrive
    :ivar class_of: int64[n], equal for those that are eligible alike
    """

    movable: Ints
    start: Ints
    goal: Ints
    demand: Ints
    room: Ints
    eligible: Bools
    class_of: Ints

    @classmethod
    def of(cls, rules: Rules, start: Placement, target: Ints) -> Field:
        """Return the field of a cluster, without columns that never bind."""
        placed = rules.movability.movable & (start.node_of >= 0)
        index = np.flatnonzero(placed)
        demand, room = _columns(rules, start, index)
        ends = start.node_of[index], target[index]
        eligible, class_of = _eligible(rules, index, *ends)
        return cls(index, *ends, demand, room, eligible, class_of)

    def free(self, node_of: Ints) -> Ints:
        """Return int64[n_nodes, n_columns]: what is left in a placement.

        :param node_of: int64[n]
        """
        free = self.room.copy()
        np.subtract.at(free, node_of, self.demand)
        return free


class Reach:
    """The nodes that each instance can be on, at most.

    :ivar nodes: bool[n, n_nodes]
    :ivar fixed: bool[n], who can only stay where it is
    :ivar possible: whether a path to the target is not ruled out
    """

    def __init__(self, field: Field) -> None:
        self._field = field
        self._kinds()
        self.fixed: Bools = np.zeros(len(field.movable), dtype=np.bool_)
        self.nodes: Bools = np.ones_like(field.eligible)
        self.possible = self._narrow()
        while self.possible:
            before = (self.fixed.sum(), self._hole.sum())
            self._fix()
            if before == (self.fixed.sum(), self._hole.sum()):
                break
            self.possible = self._narrow()

    def _kinds(self) -> None:
        """Who is alike: the same demand, and may be on the same nodes.

        A start that it cannot come back to makes an instance special: a
        node that receives nobody, or one that is overcommitted.
        """
        field = self._field
        free = field.free(field.start)
        rank = np.arange(len(field.movable))
        odd = ~field.eligible[rank, field.start]
        odd |= (free[field.start] < 0).any(axis=1)
        self._odd_start = np.where(odd, field.start, -1)
        keys = np.column_stack((field.class_of, self._odd_start, field.demand))
        _, self._first, kind_of = np.unique(
            keys, axis=0, return_index=True, return_inverse=True
        )
        self._kind_of: Ints = kind_of.reshape(-1)
        size = max(1, len(self._first) * len(field.room))
        self._n_columns = min(field.demand.shape[1], MAX_SIZE // size)
        # Who arrives somewhere while it still holds room where it was needs
        # that much free room in all, which moves only take from here to
        # there.
        self._hole: Ints = np.maximum(free, 0).sum(axis=0)

    def _narrow(self) -> bool:
        field = self._field
        rank = np.arange(len(field.movable))
        self.nodes = self._reached(backwards=False)
        self.nodes &= self._reached(backwards=True)
        ends = self.nodes[rank, field.start] & self.nodes[rank, field.goal]
        return bool(ends.all())

    def _fix(self) -> None:
        field = self._field
        self.fixed = self.nodes.sum(axis=1) <= 1
        arrivals = self.nodes & field.eligible
        open_to = arrivals[~self.fixed].any(axis=0)
        free = np.maximum(field.free(field.start), 0)
        self._hole = free[open_to].sum(axis=0)

    def _reached(self, backwards: bool) -> Bools:
        """bool[n, n_nodes]: from the start, or from the goal backwards."""
        field = self._field
        rank = np.arange(len(field.movable))
        origin = field.goal if backwards else field.start
        may_leave = ~self.fixed
        if backwards:
            # It came there only if it may arrive there.
            may_leave &= field.eligible[rank, origin]
        room = field.free(origin)
        gone = np.zeros_like(self.fixed)
        while True:
            fits = self._fits(room, backwards)[self._kind_of]
            elsewhere = fits.sum(axis=1) > fits[rank, origin]
            leaving = elsewhere & may_leave & ~gone
            if not leaving.any():
                break
            np.add.at(room, origin[leaving], field.demand[leaving])
            gone |= leaving
        reached: Bools = fits & gone[:, np.newaxis]
        reached[rank, origin] = True
        return reached

    def _fits(self, room: Ints, backwards: bool) -> Bools:
        """bool[n_kinds, n_nodes]: where one of a kind could be."""
        field = self._field
        demand = field.demand[self._first]
        fits = field.eligible[self._first].copy()
        for column in range(self._n_columns):
            need = demand[:, column, np.newaxis]
            fits &= (need <= room[np.newaxis, :, column]) | (need == 0)
        within = (demand <= self._hole) | (demand == 0)
        fits &= within.all(axis=1)[:, np.newaxis]
        if backwards:
            odd_start = self._odd_start[self._first]
            odd = np.flatnonzero(odd_start >= 0)
            fits[odd, odd_start[odd]] = True
        return fits


def _eligible(
    rules: Rules, index: Ints, start: Ints, goal: Ints
) -> tuple[Bools, Ints]:
    """Where each may arrive on its way, and equal numbers for equal ones."""
    eligible = rules.eligible[rules.class_of[index]]
    ways = rules.hypervisors.ways(index, start, goal)
    for k in np.flatnonzero(ways).tolist():
        eligible[k] &= rules.hypervisors.between(
            int(index[k]), int(start[k]), int(goal[k])
        )
    keys = np.column_stack((rules.class_of[index], ways))
    class_of = np.unique(keys, axis=0, return_inverse=True)[1]
    return eligible, class_of.reshape(-1)


def _columns(rules: Rules, start: Placement, index: Ints) -> tuple[Ints, Ints]:
    """What each movable takes, and the room for all of them, per node."""
    cluster = rules.cluster
    demand = [cluster.demand]
    room = [cluster.capacity - start.used]
    for group in rules.groups.groups:
        if not group.apart:
            continue
        member = np.zeros((cluster.n_instances, 1), dtype=np.int64)
        member[group.members] = 1
        demand.append(member)
        counts = rules.groups.counts(start, group)
        room.append((group.record.max_server_per_host - counts)[:, np.newaxis])
    needs = np.hstack(demand)[index]
    free = np.hstack(room)
    np.add.at(free, start.node_of[index], needs)
    total = needs.sum(axis=0)
    binding = (total > 0) & (free.min(axis=0) < total)
    return needs[:, binding], free[:, binding]
