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

"""Who finds a place once some nodes have failed.

Most nodes that have room at a moment have it still when a few others fail. So
which ones do is found out once for all failures of that moment, for each kind
of instance, and a failure keeps only what it changes.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Collection

import numpy as np

from watcher_rearrange.constraints.doubt import Whereabouts
from watcher_rearrange.constraints.server_groups import Group
from watcher_rearrange.constraints.server_groups import ServerGroups
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster


# Resource classes, as columns, with the amounts of an instance.
Asked = tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True)
class Kinds:
    """What instances ask for.

    :ivar class_of: by instance, a number for ``suits``
    :ivar suits: by that number bool[n_nodes], where they may start anew
    :ivar asked: by instance
    """

    class_of: list[int]
    suits: list[Bools]
    asked: list[Asked]


class Room:
    """What is free at a moment.

    :ivar where: who may be where then
    :ivar free: int64[n_nodes, n_rc]
    """

    def __init__(
        self, cluster: Cluster, kinds: Kinds, where: Whereabouts
    ) -> None:
        self.where = where
        self.free = cluster.capacity - where.used
        self._kinds = kinds
        self._demand = cluster.demand
        self._own = np.where(where.receives[:, None], self.free.clip(min=0), 0)
        self._all = self._own.sum(axis=0)
        self._nodes: dict[tuple[int, Asked], list[int]] = {}

    def is_enough(self, fallen: list[int], failed: Collection[int]) -> bool:
        """Whether there is as much in all as instances ask for.

        :param fallen: without those that have room already
        :param failed: nodes of which nothing is left
        """
        left = self._all - self._own[list(failed)].sum(axis=0)
        return bool((self._demand[fallen].sum(axis=0) <= left).all())

    def nodes(self, idx: int) -> list[int]:
        """Return where an instance may start and has room, ascending."""
        kinds = self._kinds
        kind, asked = self.kind(idx)
        if (kind, asked) not in self._nodes:
            fits = self.where.receives & kinds.suits[kind]
            for rc, amount in asked:
                fits &= self.free[:, rc] >= amount
            self._nodes[kind, asked] = np.flatnonzero(fits).tolist()
        return self._nodes[kind, asked]

    def kind(self, idx: int) -> tuple[int, Asked]:
        """Return what is the same for all who find the same nodes."""
        return self._kinds.class_of[idx], self._kinds.asked[idx]

    def suits(self, idx: int, node: int) -> bool:
        """Whether an instance may start on a node, if there is room."""
        suits = self._kinds.suits[self._kinds.class_of[idx]]
        return bool(self.where.receives[node] and suits[node])


class Restart:
    """What is held once some nodes have failed, and who is back."""

    def __init__(
        self, room: Room, groups: ServerGroups, failed: frozenset[int]
    ) -> None:
        self._room = room
        self._where = room.where
        self._groups = groups
        self._failed = failed
        # What is free on nodes where somebody is back, by column.
        self._free: dict[int, list[int]] = {}
        # Where to look for somebody like others: those before are full.
        self._next: dict[tuple[int, Asked], int] = {}
        # Who is back, with the node.
        self._back: dict[int, int] = {}

    def takes(self, fallen: list[int]) -> bool:
        """Whether instances find places, one after the other."""
        doubts = self._where.doubts
        anew = [
            idx
            for idx in fallen
            if idx not in doubts or not doubts[idx].given_back(self._failed)
        ]
        if not self._room.is_enough(anew, self._failed):
            return False
        return all(self._place(idx) for idx in fallen)

    def _place(self, idx: int) -> bool:
        """Let an instance start anew; return whether there is a node."""
        groups = self._groups.of(idx)
        bars = [self._barred(group, idx) for group in groups if group.apart]
        barred = self._failed.union(*bars)
        company = self._permitted(groups, idx)
        doubt = self._where.doubts.get(idx)
        if doubt is not None:
            for node in doubt.given_back(self._failed):
                is_good = company is None or node in company
                if is_good and node not in barred:
                    if self._room.suits(idx, node):
                        # It counts there already.
                        return True
        return self._found(idx, barred, company, bool(groups))

    def _found(
        self,
        idx: int,
        barred: Collection[int],
        company: set[int] | None,
        grouped: bool,
    ) -> bool:
        nodes = self._room.nodes(idx)
        kind = self._room.kind(idx)
        asked = kind[1]
        first = 0 if grouped else self._next.get(kind, 0)
        for number in range(first, len(nodes)):
            node = nodes[number]
            if node in barred or company is not None and node not in company:
                continue
            free = self._free.get(node)
            if free is None:
                free = self._free[node] = self._room.free[node].tolist()
            elif any(free[rc] < amount for rc, amount in asked):
                continue
            for rc, amount in asked:
                free[rc] -= amount
            self._back[idx] = node
            if not grouped:
                self._next[kind] = number
            return True
        return False

    def _barred(self, group: Group, idx: int) -> set[int]:
        """Nodes where there may be too many others of a group."""
        counts: dict[int, int] = {}
        for member, nodes in self._where.members(group):
            if member == idx:
                continue
            for node in nodes:
                counts[node] = counts.get(node, 0) + 1
            if member in self._back:
                node = self._back[member]
                counts[node] = counts.get(node, 0) + 1
        most = group.record.max_server_per_host
        return {node for node, count in counts.items() if count >= most}

    def _permitted(self, groups: list[Group], idx: int) -> set[int] | None:
        """Nodes with company for an instance; None if it needs none."""
        permitted = None
        for group in groups:
            if not group.apart:
                company = self._company(group, idx)
                if company is not None:
                    permitted = (
                        company if permitted is None else permitted & company
                    )
        return permitted

    def _company(self, group: Group, idx: int) -> set[int] | None:
        """Nodes where others surely are; None if there is nobody at all."""
        found: set[int] = set()
        nobody = True
        for member, nodes in self._where.members(group):
            if member == idx:
                continue
            standing = nodes - self._failed
            if standing:
                nobody = False
                if len(nodes) == 1:
                    found |= standing
            elif member in self._back:
                nobody = False
                found.add(self._back[member])
        return None if nobody else found
