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

"""A placement on its way to the target, with a way back."""

from __future__ import annotations

import collections

from collections.abc import Iterable

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path


class Walk:
    """Moves made so far, and who is not yet where it should be.

    :ivar target: the node of each instance at the end
    :ivar pending: who is elsewhere, by the node that they should be on
    :ivar weight: what one migration of each costs; 1 unless given
    :ivar due: what it costs at least until nobody is pending
    :ivar on: the instances on each node
    :ivar work: moves made and taken back
    """

    def __init__(
        self,
        rules: Rules,
        placement: Placement,
        target: Ints,
        weight: Ints | None = None,
    ) -> None:
        self.rules = rules
        self.placement = placement
        self.target: list[int] = target.tolist()
        self.memory_mb: list[int] = rules.cluster.memory_mb.tolist()
        self.pending: dict[int, set[int]] = {}
        self.n_pending = 0
        self.weight: list[int] = (
            [1] * rules.cluster.n_instances
            if weight is None
            else weight.tolist()
        )
        self.due = 0
        self.on: list[set[int]] = [set() for _ in range(rules.cluster.n_nodes)]
        for idx, node in enumerate(placement.node_of.tolist()):
            if node >= 0:
                self.on[node].add(idx)
        for idx in np.flatnonzero(placement.node_of != target).tolist():
            self._wait(idx)
        self._trail: list[tuple[int, int, int]] = []
        self.work = 0

    def __len__(self) -> int:
        """How many moves were made."""
        return len(self._trail)

    def allows(self, instance_idx: int, node_idx: int) -> bool:
        """Whether an instance may move to a node now.

        What it runs on is that of the node that it has got to.
        """
        here = int(self.placement.node_of[instance_idx])
        return self.rules.allows(
            self.placement, instance_idx, node_idx
        ) and self.rules.hypervisors.lets(instance_idx, here, node_idx)

    def move(self, instance_idx: int, node_idx: int) -> int:
        """Move an instance; return the node that it left."""
        source = self._put(instance_idx, node_idx)
        self._trail.append((instance_idx, source, node_idx))
        return source

    def undo(self, mark: int) -> None:
        """Take back all moves but the first ones."""
        while len(self._trail) > mark:
            instance_idx, source, _ = self._trail.pop()
            self._put(instance_idx, source)

    def spent(self, mark: int) -> int:
        """Return what the moves cost, but for the first ones."""
        return sum(self.weight[idx] for idx, _, _ in self._trail[mark:])

    def settle(self, nodes: Iterable[int]) -> set[int]:
        """Make every direct move that is possible, in all orders.

        After an arrival, the node that it left may take somebody in.

        :param nodes: where somebody may have got room
        :returns: the nodes whose instances have changed
        """
        touched: set[int] = set()
        queue = collections.deque(nodes)
        queued = set(queue)
        while queue:
            node = queue.popleft()
            queued.discard(node)
            for source in self._arrive(node):
                touched.update((source, node))
                if source in self.pending and source not in queued:
                    queue.append(source)
                    queued.add(source)
        return touched

    def path(self) -> Path:
        """Return the moves so far."""
        moves = [
            Move(idx, source, node, node != self.target[idx])
            for idx, source, node in self._trail
        ]
        blocked = sorted(i for group in self.pending.values() for i in group)
        return Path(tuple(moves), tuple(blocked))

    def _arrive(self, node: int) -> list[int]:
        """Move in who fits, the largest first; return the nodes left."""
        left = []
        for idx in sorted(
            self.pending.get(node, ()), key=lambda i: (-self.memory_mb[i], i)
        ):
            if self.allows(idx, node):
                left.append(self.move(idx, node))
        return left

    def _put(self, idx: int, node: int) -> int:
        self.work += 1
        source = self.placement.move(idx, node)
        self.on[source].discard(idx)
        self.on[node].add(idx)
        if source == self.target[idx]:
            self._wait(idx)
        if node == self.target[idx]:
            self._arrived(idx)
        return source

    def _wait(self, idx: int) -> None:
        self.pending.setdefault(self.target[idx], set()).add(idx)
        self.n_pending += 1
        self.due += self.weight[idx]

    def _arrived(self, idx: int) -> None:
        home = self.target[idx]
        self.pending[home].discard(idx)
        self.n_pending -= 1
        self.due -= self.weight[idx]
        if not self.pending[home]:
            del self.pending[home]
