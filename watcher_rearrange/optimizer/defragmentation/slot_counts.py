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

"""Slots of a placement, and how many there can be at most."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.defragmentation import slot_bound
from watcher_rearrange.optimizer.defragmentation.slots import SlotProgram
from watcher_rearrange.optimizer.defragmentation.slots import Wanted
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.reductions.group import Group


# Seconds that slots on a cluster as it stands may take to count; that is
# easy, and no plan can be judged without.
COUNT_S = 20.0


def counted(problem: Problem, placement: Placement, wanted: Wanted) -> Ints:
    """Return int64[n_flavors, n_nodes]: the slots of a placement.

    Together, they are of the most worth that is possible.
    """
    free = problem.limit - placement.used
    slots = wanted.flavors.slots(free)
    if not wanted.together:
        return slots
    flavors = wanted.flavors
    if flavors.n_flavors == 1:
        before = np.cumsum(slots, axis=1) - slots
        return np.clip(flavors.count[:, None] - before, 0, slots)
    still = dataclasses.replace(
        problem, frozen=np.ones_like(problem.frozen), max_migrations=None
    )
    kinds = Group().apply(still, placement)
    programme = SlotProgram(still, placement, kinds, wanted)
    programme.ask_most()
    answer = programme.program.solve(Effort(time.monotonic() + COUNT_S))
    if not answer.found:
        return np.zeros_like(slots)
    return programme.slots_at(answer)


def worth_of(problem: Problem, placement: Placement, wanted: Wanted) -> float:
    """Return what the slots of a placement are worth."""
    slots = counted(problem, placement, wanted).sum(axis=1)
    return float(slots @ wanted.flavors.weight)


def volume_bound(
    problem: Problem, placement: Placement, wanted: Wanted
) -> float:
    """Return what all slots would be worth if free room were one piece.

    What is free on nodes that receive can only become less: an instance
    that moves takes as much there as it leaves, and what a node has beyond
    its limit is room for nobody.
    """
    flavors = wanted.flavors
    free = problem.limit - placement.used
    most = flavors.most(free[problem.open_nodes])
    empty = problem.limit - problem.cluster.held
    most = np.minimum(most, flavors.slots(empty).sum(axis=1))
    if wanted.together:
        most = np.minimum(most, flavors.count)
    return float(most @ flavors.weight)


def budget_bound(
    problem: Problem, placement: Placement, wanted: Wanted
) -> float:
    """A bound from the limit of migrations."""
    flavors = wanted.flavors
    gain = slot_bound.most_gained(problem, placement, flavors)
    if not np.isfinite(gain):
        return np.inf
    worth = worth_of(problem, placement, wanted)
    return worth + gain * float(flavors.weight[0])
