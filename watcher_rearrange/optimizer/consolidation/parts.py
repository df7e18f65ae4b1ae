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


"""Very large clusters in parts, one after the other.

What a linear programme takes grows faster than the cluster, and what it loses
in whole numbers is the same for any size. With thousands of nodes, several
programmes are as good and faster than one.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.consolidation import generation
from watcher_rearrange.optimizer.consolidation import lagrange
from watcher_rearrange.optimizer.consolidation.master import Prices
from watcher_rearrange.optimizer.consolidation.task import Result
from watcher_rearrange.optimizer.consolidation.task import Task


# Nodes that are planned for together.
MOST_NODES = 2500


def improve(task: Task) -> Result | None:
    """Return a placement whose nodes in use cost less, if one is found.

    Where migrations are limited, they are where they do most good only if
    all nodes are looked at together.
    """
    n_nodes = task.problem.cluster.n_nodes
    count = -(-n_nodes // MOST_NODES)
    found: generation.Found | None
    if count == 1 or task.problem.max_migrations is not None:
        found = generation.improve(task)
        return None if found is None else _proved(task, task, found)
    placement, best = task.start, None
    for number in range(count):
        # Nodes with names in a row are often alike.
        nodes = np.arange(n_nodes) % count == number
        share = 1.0 / (count - number)
        part = _part(task, placement, nodes, share)
        found = generation.improve(part)
        if found is not None:
            best = part, found
            placement = found.placement
    if best is None:
        return None
    part, found = best
    return _proved(task, part, dataclasses.replace(found, placement=placement))


def _part(
    task: Task, placement: Placement, nodes: Bools, share: float
) -> Task:
    """Everything as it is, but for some nodes.

    :param share: of the time, that this part may take
    """
    problem = task.problem
    outside = placement.node_of < 0
    outside |= ~nodes[placement.node_of]
    narrowed = dataclasses.replace(
        problem,
        open_nodes=problem.open_nodes & nodes,
        frozen=problem.frozen | outside,
        deadline=problem.until(share),
    )
    return dataclasses.replace(task, problem=narrowed, start=placement)


def _proved(task: Task, part: Task, found: generation.Found) -> Result:
    """Add how many migrations it takes at least, at the prices of a part."""
    fewest = None
    if task.is_relaxed:
        kind = np.zeros(task.kinds.n_kinds)
        known = (task.kinds.of >= 0) & (part.kinds.of >= 0)
        prices = found.prices
        kind[task.kinds.of[known]] = prices.kind[part.kinds.of[known]]
        saved = task.value(task.start) - task.value(found.placement)
        fewest = lagrange.fewest_migrations(
            task,
            generation.emptied(task),
            Prices(prices.node, kind, prices.saved),
            saved,
        )
    return Result(found.placement, task.bound, fewest)
