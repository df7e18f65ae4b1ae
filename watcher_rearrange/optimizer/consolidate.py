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

"""Empty as many nodes as possible, those that are cheapest to empty.

The nodes are ordered by what emptying them costs; the instances on the k
cheapest ones are packed into the others, for the largest k that works,
starting from the bound. What that leaves is tried node by node.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.optimizer import fill
from watcher_rearrange.optimizer.problem import Problem


# Sizes k that are tried in one go before single nodes are.
MAX_TRIES = 40


def improve(problem: Problem, placement: Placement, bound: int) -> Placement:
    """Return a placement with fewer active nodes, or the same one.

    :param bound: no placement has fewer active nodes than this
    """
    best = placement
    for order in _orders(problem, placement):
        found = _one_by_one(
            problem, _at_once(problem, placement, order, bound), placement
        )
        if _rank(found, placement) < _rank(best, placement):
            best = found
    return best


def emptiable(problem: Problem, placement: Placement) -> Bools:
    """Return bool[n_nodes]: in use, and everything on it can be moved."""
    stuck = np.zeros(problem.cluster.n_nodes, dtype=np.bool_)
    stuck[placement.node_of[~problem.movable]] = True
    stuck |= problem.cluster.held.any(axis=1)
    return occupied(placement) & ~stuck


def _rank(placement: Placement, start: Placement) -> tuple[int, int, int]:
    moved = placement.node_of != start.node_of
    return (
        int(occupied(placement).sum()),
        int(moved.sum()),
        int(placement.cluster.memory_mb[moved].sum()),
    )


def _orders(problem: Problem, placement: Placement) -> list[Ints]:
    """The nodes that can be emptied, in two orders of cost."""
    nodes = np.flatnonzero(emptiable(problem, placement))
    n_nodes = problem.cluster.n_nodes
    count = np.bincount(placement.node_of, minlength=n_nodes)[nodes]
    memory = np.bincount(
        placement.node_of, weights=problem.cluster.memory_mb, minlength=n_nodes
    )[nodes]
    room = problem.limit[nodes] / np.maximum(
        problem.limit.max(axis=0, initial=0), 1
    )
    by_count = nodes[np.lexsort((nodes, memory, count))]
    by_room = nodes[np.lexsort((nodes, memory, count, room.sum(axis=1)))]
    if (by_count == by_room).all():
        return [by_count]
    return [by_count, by_room]


def _at_once(
    problem: Problem, placement: Placement, order: Ints, bound: int
) -> Placement:
    """Empty the first k nodes of an order, for the largest k that works."""
    count = np.bincount(placement.node_of, minlength=problem.cluster.n_nodes)[
        order
    ]
    most = min(len(order), int(occupied(placement).sum()) - bound)
    if problem.max_migrations is not None:
        within = np.cumsum(count) <= problem.max_migrations
        most = min(most, int(within.sum()))
    for k in range(most, max(0, most - MAX_TRIES), -1):
        filler = _filler(problem, placement.copy(), order[:k])
        instances = [
            i for n in order[:k] for i in problem.movable_on(placement, n)
        ]
        size = problem.size
        if filler.place_all(sorted(instances, key=lambda i: (-size[i], i))):
            if _within(problem, filler.placement, placement):
                return filler.placement
    return placement


def _one_by_one(
    problem: Problem, placement: Placement, start: Placement
) -> Placement:
    """Empty further nodes while that works, the cheapest first."""
    placement = placement.copy()
    refused: set[int] = set()
    while not problem.out_of_time:
        candidates = emptiable(problem, placement)
        candidates[list(refused)] = False
        if not candidates.any():
            break
        count = np.bincount(
            placement.node_of, minlength=problem.cluster.n_nodes
        )
        node = int(np.where(candidates, count, np.inf).argmin())
        refused.add(node)
        filler = _filler(problem, placement, np.array([node]))
        if filler.place_all(problem.movable_on(placement, node).tolist()):
            if not _within(problem, placement, start):
                filler.undo()
    return placement


def _within(problem: Problem, placement: Placement, start: Placement) -> bool:
    if problem.max_migrations is None:
        return True
    moved = int((placement.node_of != start.node_of).sum())
    return moved <= problem.max_migrations


def _filler(
    problem: Problem, placement: Placement, emptied: Ints
) -> fill.Filler:
    """A filler into the nodes in use, but for those to be emptied."""
    open_nodes = problem.open_nodes & occupied(placement)
    open_nodes[emptied] = False
    narrowed = dataclasses.replace(problem, open_nodes=open_nodes)
    return fill.Filler(narrowed, placement, fill.tightest(problem))
