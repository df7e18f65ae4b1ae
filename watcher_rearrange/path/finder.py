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

"""Find a path: direct moves first, then displacement, then search.

Departures make room for arrivals, so most moves only have to be put in
order. Where the rest blocks itself, an instance is moved to a temporary
host; in a small cluster, what that cannot solve is searched exhaustively.
"""

from __future__ import annotations

import collections
import time

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import displacement
from watcher_rearrange.path import exact
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path


def find(
    rules: Rules, start: Placement, target: Ints, deadline: float
) -> Path:
    """Return a path from a placement to a target.

    The path is complete, or proved impossible, or as far as was found.

    :param target: int64[n_instances], the node of each instance; the
        instances that move are movable
    :param deadline: on the clock of ``time.monotonic``
    """
    walk = Walk(rules, start.copy(), target)
    walk.settle()
    while walk.pending and time.monotonic() < deadline:
        step = displacement.cheapest(walk)
        if step is None:
            break
        walk.displace(*step)
        walk.settle()
    path = walk.path()
    misplaced = int((start.node_of != target).sum())
    if path.complete and len(path.moves) == misplaced:
        return Path(path.moves, proved=True)
    return exact.shorter(rules, start, target, path, deadline)


class Walk:
    """A placement on its way to the target.

    :ivar pending: the instances not yet where they should be, by the node
        that they should be on
    :ivar displaced: how often an instance was moved to a temporary host
    """

    def __init__(
        self, rules: Rules, placement: Placement, target: Ints
    ) -> None:
        self.rules = rules
        self.placement = placement
        self.target = target
        self.moves: list[Move] = []
        self.pending: dict[int, list[int]] = {}
        self.displaced: collections.Counter[int] = collections.Counter()
        for idx in np.flatnonzero(placement.node_of != target).tolist():
            self.pending.setdefault(int(target[idx]), []).append(idx)

    def settle(self) -> None:
        """Make every direct move that is possible, in all orders.

        After an arrival the node it left may take somebody in.
        """
        open_nodes = collections.deque(self.pending)
        waiting = set(open_nodes)
        while open_nodes:
            node = open_nodes.popleft()
            waiting.discard(node)
            for left in self._arrive(node):
                if left in self.pending and left not in waiting:
                    open_nodes.append(left)
                    waiting.add(left)

    def displace(self, instance_idx: int, node_idx: int) -> None:
        """Move an instance to a temporary host."""
        home = int(self.target[instance_idx])
        if int(self.placement.node_of[instance_idx]) == home:
            self.pending.setdefault(home, []).append(instance_idx)
        self.displaced[instance_idx] += 1
        self._move(instance_idx, node_idx)

    def path(self) -> Path:
        """Return the moves so far."""
        blocked = sorted(i for group in self.pending.values() for i in group)
        return Path(tuple(self.moves), tuple(blocked))

    def _arrive(self, node_idx: int) -> set[int]:
        """Move in who fits, the largest first; return the nodes left."""
        left = set()
        memory = self.rules.cluster.memory_mb
        group = sorted(
            self.pending.get(node_idx, ()), key=lambda i: (-memory[i], i)
        )
        for idx in group:
            if self.rules.allows(self.placement, idx, node_idx):
                left.add(int(self.placement.node_of[idx]))
                self._move(idx, node_idx)
                self.pending[node_idx].remove(idx)
        if node_idx in self.pending and not self.pending[node_idx]:
            del self.pending[node_idx]
        return left

    def _move(self, instance_idx: int, node_idx: int) -> None:
        source = self.placement.move(instance_idx, node_idx)
        final = node_idx == int(self.target[instance_idx])
        self.moves.append(Move(instance_idx, source, node_idx, not final))
