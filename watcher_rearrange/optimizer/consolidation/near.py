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

"""Consolidation by neighbourhoods: some nodes at a time, exactly.

Of a placement, the nodes that are cheapest to empty and those with the
most room are taken out and solved as an integer programme; the rest stays
as it is. Large neighbourhood task.

Source: Shaw, Using constraint programming and local search methods to solve
vehicle routing problems, CP 1998.
"""

from __future__ import annotations

import random

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.optimizer import assign
from watcher_rearrange.optimizer.consolidation.program import Aim
from watcher_rearrange.optimizer.consolidation.program import (
    ConsolidationProgram,
)
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.consolidation.task import emptiable
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.reductions.fix import Fix
from watcher_rearrange.optimizer.reductions.group import Group


# Nodes of a neighbourhood, and how many of them are to be emptied.
BLOCK = 24
CANDIDATES = 6

# Neighbourhoods looked at, and of these without a gain in a row.
MAX_BLOCKS = 12
MAX_IDLE = 4

# Of the search tree of one neighbourhood.
TREE_NODES = 5

# Of the migrations of one neighbourhood to their bound.
GAP = 0.1


def improve(task: Task, placement: Placement) -> Placement:
    """Return a placement whose nodes in use cost less, or the same one."""
    dice = random.Random(f'{task.seed} near')
    idle = 0
    for _ in range(MAX_BLOCKS):
        if idle >= MAX_IDLE or task.problem.out_of_time:
            break
        if task.value(placement) <= task.bound:
            break
        block = _block(task, placement, dice, idle)
        found = _solved(task, placement, block)
        if found is None or task.rank(found) >= task.rank(placement):
            idle += 1
            continue
        # Fewer migrations alone are no reason to look at as many again.
        gains = task.value(found) < task.value(placement)
        placement, idle = found, 0 if gains else idle + 1
    return placement


def _block(
    task: Task, placement: Placement, dice: random.Random, idle: int
) -> Bools:
    """bool[n_nodes]: the cheapest to empty, and those with room.

    The first time those with most room, then others too.
    """
    problem = task.problem
    used = occupied(placement)
    count = np.bincount(placement.node_of, minlength=len(used))
    cheapest = np.flatnonzero(emptiable(problem, placement) & (task.cost > 0))
    price = count[cheapest] / np.maximum(task.cost[cheapest], 1e-9)
    cheapest = cheapest[np.lexsort((cheapest, price))]
    chosen = _drawn(cheapest, CANDIDATES, dice, idle)
    others = np.flatnonzero(used & problem.open_nodes)
    others = others[~np.isin(others, chosen)]
    block = np.zeros(len(used), dtype=np.bool_)
    block[chosen] = True
    for ordered, share in _roomy(task, placement, others):
        wanted = max(1, round(share * (BLOCK - CANDIDATES)))
        left = ordered[~block[ordered]]
        block[_drawn(left, wanted, dice, idle)] = True
    return block


def _roomy(
    task: Task, placement: Placement, nodes: Ints
) -> list[tuple[Ints, float]]:
    """Nodes by room, by resource class, with the share to take of each.

    One class is left over where another one is full: what helps are nodes
    with room of either, most of them with what the cluster is short of.
    """
    limit = task.problem.limit
    total = np.maximum(limit[nodes].sum(axis=0), 1)
    short = (placement.used[nodes].sum(axis=0) / total) ** 4
    weight = short / max(1e-9, short.sum())
    free = np.maximum(limit - placement.used, 0)[nodes]
    found = []
    for rc_idx in np.argsort(-weight, kind='stable').tolist():
        order = np.lexsort((nodes, -free[:, rc_idx]))
        found.append((nodes[order], float(weight[rc_idx])))
    return found


def _drawn(ordered: Ints, count: int, dice: random.Random, idle: int) -> Ints:
    """The first ones, or some of twice as many for each idle time."""
    wide = ordered[: count * (idle + 1)].tolist()
    if idle:
        wide = dice.sample(wide, min(count, len(wide)))
    return np.array(wide, dtype=np.int64)


def _solved(
    task: Task, placement: Placement, block: Bools
) -> Placement | None:
    problem = task.problem
    used = occupied(placement)
    away = placement.node_of != task.start.node_of
    nobody = np.zeros_like(problem.frozen)
    within = Fix(block, nobody, int(away.sum())).apply(problem, placement)
    group = Group(keys=away.tolist(), grouped=False)
    kinds = group.apply(within, placement)
    program = ConsolidationProgram(
        within,
        placement,
        kinds,
        Aim(
            np.where(block, task.cost, 0.0),
            task.bound - float(task.cost[~block & used].sum()),
            np.where(away[kinds.example], 0.01, 1.0),
        ),
    )
    effort = Effort(problem.deadline, seed=task.seed, nodes=TREE_NODES)
    found = program.solve(effort, placement, GAP)
    if found.answer is None:
        return None
    return assign.decoded(program.counts, found.answer, task.seed)
