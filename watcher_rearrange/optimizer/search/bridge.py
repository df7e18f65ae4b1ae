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
"""A problem of the package as rules of the search engine."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.search.apart import Apart
from watcher_rearrange.optimizer.search.budget import Budget
from watcher_rearrange.optimizer.search.room import Room
from watcher_rearrange.optimizer.search.rules import Eligible
from watcher_rearrange.optimizer.search.rules import Rule


def rules(problem: Problem, start: Ints) -> list[Rule]:
    """Return the rules of a problem.

    :param start: int64[n_instances], what migrations are counted from
    """
    cluster = problem.cluster
    n_nodes = cluster.n_nodes
    found: list[Rule] = [
        Room(
            cluster.demand.astype(float),
            (problem.limit - cluster.held).astype(float),
        ),
        Eligible(
            problem.rules.class_of, problem.rules.eligible & problem.open_nodes
        ),
    ]
    found += _apart(problem)
    if problem.max_migrations is not None:
        price = np.ones(cluster.n_instances)
        most_count = float(problem.max_migrations)
        found.append(Budget(start, price, most_count, n_nodes))
    return found


def movable(problem: Problem, placement: Placement) -> Ints:
    """Return who may be moved: int64[n].

    Members of an affinity group stay together by staying where they are,
    and so do anti-affinity groups of which a member is migrating already:
    it counts on both of its nodes.
    """
    free = problem.movable & (placement.node_of >= 0)
    ends = {instance for instance, _ in problem.cluster.other_ends}
    for group in problem.rules.groups.groups:
        members = group.members
        if not group.apart and len(members) > 1:
            free[members] = False
        elif ends.intersection(members.tolist()):
            free[members] = False
    return np.flatnonzero(free)


def _apart(problem: Problem) -> list[Rule]:
    """The anti-affinity groups: one rule for all that share no member."""
    n_instances = problem.cluster.n_instances
    layers: list[tuple[Ints, list[int]]] = []
    for group in problem.rules.groups.groups:
        if not group.apart:
            continue
        for label, most in layers:
            if (label[group.members] < 0).all():
                break
        else:
            label, most = np.full(n_instances, -1, dtype=np.int64), []
            layers.append((label, most))
        label[group.members] = len(most)
        most.append(group.record.max_server_per_host)
    return [
        Apart(label, problem.cluster.n_nodes, np.array(most))
        for label, most in layers
    ]
