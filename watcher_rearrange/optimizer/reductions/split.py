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

"""Independent parts: nodes between which nobody can move.

An instance ties its node to all nodes that the rules, the limits and its
resource classes let it go to; one that cannot move ties nothing. What
remains connected is a part: availability zones, traits and hardware that
not everybody asks for cut a large cloud into several.

A part is a cluster of its own, and what its instances do is no matter to
any other part:

- capacity and anti-affinity are asked of one node at a time, and only
  members that can be on it count, so a group may have members in many parts;
- members of an affinity group follow each other, so their nodes are tied;
- so are both ends of a migration in progress, which holds room on both.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.subcluster import subcluster
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.base import Reduction


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """Some nodes and all instances on them.

    :ivar nodes: int64[n], their indices in the whole, ascending
    :ivar instances: int64[m], their indices in the whole, ascending
    :ivar whole: the rules of the cluster that it is a part of
    """

    nodes: Ints
    instances: Ints
    whole: Rules

    @cached_property
    def cluster(self) -> Cluster:
        """What they are by themselves."""
        return subcluster(self.whole.cluster, self.nodes, self.instances)

    @cached_property
    def rules(self) -> Rules:
        """The rules of that cluster."""
        return Rules(self.cluster, self.whole.options)

    def problem(self, problem: Problem) -> Problem:
        """Return what of a problem concerns the part."""
        return dataclasses.replace(
            problem,
            rules=self.rules,
            limit=problem.limit[self.nodes],
            open_nodes=problem.open_nodes[self.nodes],
            frozen=problem.frozen[self.instances],
        )

    def placement(self, placement: Placement) -> Placement:
        """Return where in the part its instances are."""
        at = np.searchsorted(self.nodes, placement.node_of[self.instances])
        return Placement(self.cluster, at)


class Split(Reduction[list[tuple[Problem, Placement]], Sequence[Placement]]):
    """A reduction to independent parts.

    It serves every problem with these rules whose nodes are open and whose
    limits are high at most where those of the first one are: who must stay
    may change, and instances may have moved within the parts. A limit of
    migrations is one of the whole, so it must not be split.

    :ivar parts: those in which anything can move, by their first node
    :ivar others: int64[n], the nodes that are in none
    """

    def __init__(self, problem: Problem, start: Placement) -> None:
        labels = _labels(problem, start)
        rules, cluster = problem.rules, problem.cluster
        sizes = np.bincount(labels, minlength=cluster.n_nodes)
        found = []
        for label in np.flatnonzero(sizes > 1):
            nodes = np.flatnonzero(labels == label)
            instances = np.flatnonzero(labels[cluster.node_of] == label)
            found.append(Part(nodes, instances, rules))
        self.parts = tuple(found)
        self.others: Ints = np.flatnonzero(sizes[labels] == 1)

    def apply(
        self, problem: Problem, start: Placement
    ) -> list[tuple[Problem, Placement]]:
        """Return a problem and its start for each part."""
        return [
            (part.problem(problem), part.placement(start))
            for part in self.parts
        ]

    def invert(
        self, start: Placement, answer: Sequence[Placement]
    ) -> Placement:
        """Return the placement that those of the parts are together."""
        node_of = start.node_of.copy()
        for part, end in zip(self.parts, answer, strict=True):
            node_of[part.instances] = part.nodes[end.node_of]
        return Placement(start.cluster, node_of)


def _labels(problem: Problem, start: Placement) -> Ints:
    """int64[n_nodes]: equal for nodes of one part, the index of a node."""
    cluster = problem.cluster
    labels = np.arange(cluster.n_nodes)

    def tie(nodes: Ints) -> None:
        if len(nodes) > 1:
            hit = np.zeros(cluster.n_nodes, dtype=np.bool_)
            hit[labels[nodes]] = True
            labels[hit[labels]] = labels[nodes].min()

    for homes, reach in _reaches(problem, start):
        if reach.any():
            tie(np.union1d(homes, np.flatnonzero(reach)))
    for group in problem.rules.groups.groups:
        if not group.apart:
            tie(np.unique(cluster.node_of[group.members]))
    for moving, node in cluster.other_ends:
        tie(np.array([cluster.node_of[moving], node]))
    # Who is not where the cluster has him cannot be apart from there.
    away = (start.node_of != cluster.node_of) & (start.node_of >= 0)
    for idx in np.flatnonzero(away).tolist():
        tie(np.array([cluster.node_of[idx], start.node_of[idx]]))
    return labels


def _reaches(problem: Problem, start: Placement) -> list[tuple[Ints, Bools]]:
    """The nodes of instances with equal rules, and where these may go.

    Instances are told apart by their eligibility and by which resource
    classes they ask for: some classes, not thousands of instances.
    """
    rules = problem.rules
    who = np.flatnonzero(rules.movability.movable & (start.node_of >= 0))
    demand = rules.cluster.demand[who]
    keys = np.column_stack([rules.class_of[who], demand > 0])
    _, kind = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(kind.ravel(), kind='stable')
    ends = np.cumsum(np.bincount(kind.ravel()))
    found = []
    for at in np.split(order, ends[:-1]) if len(who) else []:
        eligible = rules.eligible[rules.class_of[who[at[0]]]]
        fits = (problem.limit >= demand[at].min(axis=0)).all(
            axis=1, where=demand[at[0]] > 0
        )
        homes = np.unique(start.node_of[who[at]])
        found.append((homes, eligible & problem.open_nodes & fits))
    return found
