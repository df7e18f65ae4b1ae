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

"""A moment of a plan of which not everything is known.

Migrations that do not wait for each other may be done, under way or not
begun. An instance then may be on any of some nodes, and holds room on all of
them at worst. So does one that was migrating already when the snapshot was
taken: nobody knows when that ends, nor how, so that it never gets room back.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from functools import cached_property

from watcher_rearrange.constraints.server_groups import Group
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.placement import Placement


@dataclasses.dataclass(frozen=True)
class Doubt:
    """Where an instance may be.

    :ivar hosts: its nodes, in the order in which it gets there
    :ivar held: nodes that it goes to, and holds room on, but is not yet on
    """

    hosts: tuple[int, ...]
    held: tuple[int, ...] = ()

    @cached_property
    def nodes(self) -> frozenset[int]:
        """All nodes on which it may hold room."""
        return frozenset((*self.hosts, *self.held))

    def given_back(self, failed: Collection[int]) -> list[int]:
        """Return nodes where it holds nothing once it is on a failed one.

        Those that it has left by then, in whatever order.
        """
        first = min(k for k, node in enumerate(self.hosts) if node in failed)
        later = {*self.hosts[first:], *self.held}
        return [node for node in self.hosts[:first] if node not in later]


class Whereabouts:
    """What may be where, as seen by those who look for room.

    :ivar used: int64[n_nodes, n_rc], the most that may be held
    :ivar receives: bool[n_nodes], up and enabled
    :ivar doubts: of the instances that are not just on one node, those that
        are migrating already included
    """

    def __init__(
        self,
        placement: Placement,
        receives: Bools,
        doubts: Mapping[int, Doubt],
    ) -> None:
        """Take note of a moment.

        :param placement: every instance where it is, or is first
        :param doubts: of those that a plan moves, so of none that is
            migrating already
        """
        self._cluster = placement.cluster
        self._node_of = placement.node_of.copy()
        self.receives = receives.copy()
        # What these hold on both ends is in use already.
        self.doubts = {**_under_way(placement), **doubts}
        self.used = placement.used.copy()
        for idx, doubt in doubts.items():
            self._node_of[idx] = doubt.hosts[0]
            for node in doubt.nodes - {int(placement.node_of[idx])}:
                self.used[node] += self._cluster.demand[idx]

    def hosts(self, idx: int) -> tuple[int, ...]:
        """Return the nodes on which an instance may be; none if it is gone."""
        if idx in self.doubts:
            return self.doubts[idx].hosts
        node = int(self._node_of[idx])
        return (node,) if node >= 0 else ()

    def of_nodes(self) -> dict[int, list[int]]:
        """Return for each node who may be there, by their index."""
        found: dict[int, list[int]] = {}
        for idx, node in enumerate(self._node_of.tolist()):
            if idx in self.doubts:
                for other in dict.fromkeys(self.doubts[idx].hosts):
                    found.setdefault(other, []).append(idx)
            elif node >= 0:
                found.setdefault(node, []).append(idx)
        return found

    def members(self, group: Group) -> Iterator[tuple[int, frozenset[int]]]:
        """Yield each member of a group with the nodes that it may be on.

        One that must be apart from others counts wherever it holds room.
        """
        for member in group.members.tolist():
            nodes = frozenset(self.hosts(member))
            if group.apart and member in self.doubts:
                nodes = self.doubts[member].nodes
            yield member, nodes


def _under_way(placement: Placement) -> dict[int, Doubt]:
    """Where those may be that were migrating already."""
    ends: dict[int, list[int]] = {}
    for idx, node in placement.cluster.other_ends:
        here = int(placement.node_of[idx])
        if here >= 0:
            ends.setdefault(idx, [here]).append(node)
    return {idx: Doubt(tuple(e), tuple(e)) for idx, e in ends.items()}
