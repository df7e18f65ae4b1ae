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

"""Free the named nodes and spread what was on them.

If not everything fits, whole nodes come first, the cheapest to free before
the others; what room is left is used for single instances.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.optimizer import fill
from watcher_rearrange.optimizer.evacuation import spread
from watcher_rearrange.optimizer.problem import Problem


def improve(
    problem: Problem,
    placement: Placement,
    nodes: Sequence[int],
    imbalance: Imbalance,
) -> Placement:
    """Return a placement with as much moved off the nodes as fits.

    :param nodes: node indices; none of them is open
    """
    filler = fill.Filler(
        problem, placement.copy(), spreading(imbalance, placement), deep=True
    )
    leaving = {
        node: problem.movable_on(placement, node).tolist() for node in nodes
    }
    everybody = _largest_first(
        problem, [i for group in leaving.values() for i in group]
    )
    if not filler.place_all(everybody):
        for node in sorted(nodes, key=lambda n: _effort(problem, leaving[n])):
            filler.place_all(leaving[node])
        for instance_idx in reversed(everybody):
            if int(filler.placement.node_of[instance_idx]) in leaving:
                filler.place(instance_idx)
    return spread.spread(problem, placement, filler.placement, imbalance)


def spreading(imbalance: Imbalance, placement: Placement) -> fill.Cost:
    """Return the cost that keeps the utilisation even."""
    load = imbalance.load(placement)
    seen = placement.node_of.copy()
    demand = imbalance.dimensions.demand

    def cost(now: Placement, instance_idx: int) -> Floats:
        # The load follows the placement, undone moves included.
        changed = np.flatnonzero(seen != now.node_of)
        np.subtract.at(load, seen[changed], demand[changed])
        np.add.at(load, now.node_of[changed], demand[changed])
        seen[changed] = now.node_of[changed]
        node = int(now.node_of[instance_idx])
        return imbalance.shift_deltas(load, instance_idx, node)

    return cost


def _largest_first(problem: Problem, instances: list[int]) -> list[int]:
    size = problem.size
    return sorted(instances, key=lambda i: (-size[i], i))


def _effort(problem: Problem, instances: list[int]) -> tuple[float, int]:
    return float(problem.size[instances].sum()), len(instances)
