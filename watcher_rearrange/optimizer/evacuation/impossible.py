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

"""Proofs that not everybody who must leave can.

A proof looks at less than the whole, so that it is quick: an instance by
itself, the room of an independent part, a server group with everybody else
out of its way. Where a part is small, all of it is one programme.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.counts import Counts
from watcher_rearrange.optimizer.counts import are_exact
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Outcome
from watcher_rearrange.optimizer.reductions.group import Group
from watcher_rearrange.optimizer.reductions.split import Split


# A programme with more columns is not tried.
MAX_COLUMNS = 10_000

# Nodes of its search tree, at most.
TREE_NODES = 200


def is_proved(
    problem: Problem, start: Placement, leaving: Bools, staying: Bools
) -> bool:
    """Whether in every placement somebody is where nobody may be.

    :param problem: with no limit of migrations
    :param leaving: bool[n_instances], who must leave; no node that one of
        them is on is open
    :param staying: bool[n_instances], those for whom no place was found
    """
    if not all(
        _may_be_somewhere(problem, start, idx)
        for idx in np.flatnonzero(staying).tolist()
    ):
        return True
    split = Split(problem, start)
    return any(
        _is_proved(
            own, begin, leaving[part.instances], staying[part.instances]
        )
        for part, (own, begin) in zip(
            split.parts, split.apply(problem, start), strict=True
        )
        if staying[part.instances].any()
    )


def _is_proved(
    problem: Problem, start: Placement, leaving: Bools, staying: Bools
) -> bool:
    """Of one part."""
    if _is_too_much(problem, start, leaving):
        return True
    for group in problem.rules.groups.groups:
        members = np.zeros_like(leaving)
        members[group.members] = True
        if group.apart and (staying & members).any():
            if _is_infeasible(problem, start, leaving, members):
                return True
    return _is_infeasible(problem, start, leaving, np.ones_like(leaving))


def _may_be_somewhere(problem: Problem, start: Placement, idx: int) -> bool:
    """Whether any node is left for one, with all others out of its way.

    Of an affinity group, it only goes where another member is, and these
    are on the nodes that they are on, or follow each other there.
    """
    rules = problem.rules
    nodes = problem.open_nodes & rules.eligible[rules.class_of[idx]]
    demand = problem.cluster.demand[idx]
    nodes &= (problem.limit >= demand).all(axis=1, where=demand > 0)
    for group in rules.groups.of(idx):
        if not group.apart and len(group.members) > 1:
            nodes &= rules.groups.counts(start, group) > 0
    return bool(problem.movable[idx] and nodes.any())


def _is_too_much(problem: Problem, start: Placement, leaving: Bools) -> bool:
    """Whether it is more than all that is free."""
    needed = problem.cluster.demand[leaving].sum(axis=0)
    free = np.maximum(problem.limit - start.used, 0)[problem.open_nodes]
    return bool((needed > free.sum(axis=0)).any())


def _is_infeasible(
    problem: Problem, start: Placement, leaving: Bools, who: Bools
) -> bool:
    """Whether no counts have all of some away who must leave.

    :param who: bool[n_instances]; others who could move are out of the way
    """
    others = problem.movable & ~who
    room = problem.limit.copy()
    np.add.at(room, start.node_of[others], problem.cluster.demand[others])
    alone = dataclasses.replace(
        problem, limit=room, frozen=problem.frozen | ~who
    )
    kinds = Group().apply(alone, start)
    columns = int((kinds.count > 0).sum() + kinds.allowed.sum())
    if columns > MAX_COLUMNS or not are_exact(alone, start):
        return False
    counts = Counts(alone, start, kinds)
    for node in np.unique(start.node_of[leaving & who]).tolist():
        away, most = counts.leaving(node)
        counts.program.row(away, 1.0, lower=float(most.sum()))
    effort = Effort(problem.deadline, nodes=TREE_NODES)
    answer = counts.program.solve(effort)
    return answer.outcome is Outcome.INFEASIBLE
