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

"""An order in which the halves of an instance move at once."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.numa_cluster import NumaCluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import finder


# The instances that move at once, each with its NUMA node.
Step = tuple[tuple[int, int], ...]


class Walk:
    """Moves made on the way to a target.

    :ivar steps: one a migration
    :ivar blocked: int64[n], who did not get there
    """

    def __init__(self, numa: NumaCluster, target: Ints, seed: int) -> None:
        self.steps: list[Step] = []
        self._numa = numa
        self._target = target
        self._seed = seed
        self._placement = Placement(numa.cluster)
        self._second = set(numa.other_half.values())

    @property
    def blocked(self) -> Ints:
        """The instances that are not where they should be."""
        return np.flatnonzero(self._placement.node_of != self._target)

    def run(self, deadline: float) -> None:
        """Move directly; where that is blocked, let the path finder help.

        It knows nothing of halves, so these stay where they are meanwhile.
        """
        while True:
            self._direct()
            if not len(self.blocked) or time.monotonic() >= deadline:
                return
            target = self._target.copy()
            halves = self._numa.halves()
            target[halves] = self._placement.node_of[halves]
            path = finder.find(
                self._numa.rules, self._placement, target, deadline, self._seed
            )
            for move in path.moves:
                self._make(((move.instance, move.destination),))
            if not path.moves:
                return

    def _direct(self) -> None:
        pending = [i for i in self.blocked.tolist() if i not in self._second]
        moved = True
        while moved:
            moved = False
            for first in list(pending):
                step = self._step(first)
                if all(self._fits(*half) for half in step):
                    self._make(step)
                    pending.remove(first)
                    moved = True

    def _step(self, first: int) -> Step:
        who = [first]
        if first in self._numa.other_half:
            who.append(self._numa.other_half[first])
        return tuple((i, int(self._target[i])) for i in who)

    def _fits(self, instance: int, node: int) -> bool:
        rules = self._numa.rules
        return rules.allows(self._placement, instance, node)

    def _make(self, step: Step) -> None:
        for instance, node in step:
            self._placement.move(instance, node)
        self.steps.append(step)
