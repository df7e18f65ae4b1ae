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

Where the whole is small enough, an integer programme finds the best placement
and proves it, from a greedy packing on. Where it is not, the nodes that are
cheapest to empty are packed at once, which is the best if it works; if it
does not, patterns of the nodes are generated.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.optimizer import assign
from watcher_rearrange.optimizer import fill
from watcher_rearrange.optimizer.consolidation import greedy
from watcher_rearrange.optimizer.consolidation import parts
from watcher_rearrange.optimizer.consolidation.program import Aim
from watcher_rearrange.optimizer.consolidation.program import (
    ConsolidationProgram,
)
from watcher_rearrange.optimizer.consolidation.task import Result
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.consolidation.task import emptiable
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.reductions.group import Group


# A programme with so many columns is solved as a whole.
PROVED_COLUMNS = 1600

# In very large clusters so much less, as a share of the nodes, is as good.
SHORT = 0.001

# Nodes that are tried in vain one by one.
MAX_REFUSED = 20


def improve(task: Task) -> Result:
    """Return a placement whose nodes in use cost less, or the start."""
    if task.value(task.start) <= task.bound:
        return Result(task.start, task.bound)
    columns = int((task.kinds.count > 0).sum() + task.kinds.allowed.sum())
    if columns <= PROVED_COLUMNS:
        return _whole(task, _packed(task))
    found = _large(task)
    return dataclasses.replace(found, placement=_worth(task, found.placement))


def _large(task: Task) -> Result:
    """Do what can be done where the whole is too much for one programme."""
    many = task.problem.cluster.n_nodes > parts.MOST_NODES
    packed = greedy.at_once(task, SHORT if many else 0.0)
    if packed is not None:
        return Result(packed, task.bound)
    return parts.improve(task) or Result(_packed(task), task.bound)


def _packed(task: Task) -> Placement:
    """Return the greedy packing, with further nodes emptied one by one."""
    best = greedy.improve(task)
    if task.value(best) <= task.bound:
        return best
    return min(best, _one_by_one(task, best), key=task.rank)


def _worth(task: Task, placement: Placement) -> Placement:
    """Nothing is moved for as good a result."""
    if task.rank(placement)[0] < task.rank(task.start)[0]:
        return placement
    return task.start


def _whole(task: Task, known: Placement) -> Result:
    """Solve the whole, first without telling groups apart."""
    result = Result(_worth(task, known), task.bound)
    for grouped in (False, True):
        kinds = task.kinds
        if grouped:
            kinds = Group().apply(task.problem, task.start)
        aim = Aim(task.cost, task.bound, most=task.most)
        program = ConsolidationProgram(task.problem, task.start, kinds, aim)
        effort = Effort(task.problem.deadline, seed=task.seed)
        found = program.solve(effort, known)
        cost, fewest = task.bound, None
        if task.is_relaxed:
            cost, fewest = max(cost, found.cost), found.migrations
        result = Result(result.placement, cost)
        if found.answer is None:
            return result
        answer = program.lighter(effort, found.answer)
        end = (
            program.counts.decoded(answer)
            if grouped
            else assign.decoded(program.counts, answer, task.seed)
        )
        if end is not None:
            best = min(known, end, key=task.rank)
            return Result(_worth(task, best), cost, fewest)
    return result


def _one_by_one(task: Task, placement: Placement) -> Placement:
    """Empty further nodes while that works, the cheapest first."""
    problem = task.problem
    placement = placement.copy()
    refused: set[int] = set()
    n_nodes = problem.cluster.n_nodes
    while not problem.out_of_time and len(refused) < MAX_REFUSED:
        candidates = emptiable(problem, placement) & (task.cost > 0)
        candidates[list(refused)] = False
        if not candidates.any() or task.value(placement) <= task.bound:
            break
        count = np.bincount(placement.node_of, minlength=n_nodes)
        price = count / np.maximum(task.cost, 1e-9)
        node = int(np.where(candidates, price, np.inf).argmin())
        filler = _filler(task, placement, node)
        instances = problem.movable_on(placement, node).tolist()
        if not filler.place_all(instances):
            refused.add(node)
        elif not task.is_within(placement):
            filler.undo()
            refused.add(node)
    return placement


def _filler(task: Task, placement: Placement, emptied: int) -> fill.Filler:
    """A filler into the nodes in use, but for the one to be emptied."""
    open_nodes = task.problem.open_nodes & occupied(placement)
    open_nodes[emptied] = False
    narrowed = dataclasses.replace(task.problem, open_nodes=open_nodes)
    return fill.Filler(narrowed, placement, fill.tightest(task.problem))
