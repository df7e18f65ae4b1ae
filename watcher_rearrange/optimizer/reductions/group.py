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

"""Instances that are interchangeable, counted instead of told apart.

Instances that ask for the same, may be on the same nodes and are in the
same server groups are of one kind. How many of a kind leave each node and
arrive at each node is all that a programme has to decide: some thousand
integers where there would be a million binaries.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Hashable
from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.base import Reduction


@dataclasses.dataclass(frozen=True, eq=False)
class Kinds:
    """The movable instances of a placement by kind.

    :ivar of: int64[n_instances], the kind; -1 for who stays
    :ivar example: int64[n_kinds], one instance of each
    :ivar demand: int64[n_kinds, n_rc]
    :ivar count: int64[n_kinds, n_nodes], how many are where
    :ivar allowed: bool[n_kinds, n_nodes], where some may arrive, if there
        is room; nodes that are too full already are left out
    :ivar grouped: whether members of different anti-affinity groups are of
        different kinds; if not, a programme does not keep them apart
    """

    of: Ints
    example: Ints
    demand: Ints
    count: Ints
    allowed: Bools
    grouped: bool = True

    @property
    def n_kinds(self) -> int:
        """How many kinds there are."""
        return len(self.example)


@dataclasses.dataclass(frozen=True, eq=False)
class Changes:
    """How many of each kind leave and arrive where.

    :ivar leave: int64[n_kinds, n_nodes]
    :ivar arrive: int64[n_kinds, n_nodes], of each kind as many
    """

    kinds: Kinds
    leave: Ints
    arrive: Ints


@dataclasses.dataclass(frozen=True, eq=False)
class Group(Reduction[Kinds, Changes]):
    """A reduction to counts of equal instances.

    :ivar keys: for each instance what else must be equal
    :ivar grouped: tell anti-affinity groups apart; if not, there are far
        fewer kinds, and a programme over them is a relaxation
    """

    keys: Sequence[Hashable] | None = None
    grouped: bool = True

    def apply(self, problem: Problem, start: Placement) -> Kinds:
        """Sort the movable instances into kinds.

        Members of an affinity group stay: live, they can never leave the
        others, nor can the others follow one by one.
        """
        cluster = problem.cluster
        row_of: dict[Hashable, int] = {}
        of = np.full(cluster.n_instances, -1, dtype=np.int64)
        movable = problem.movable & (start.node_of >= 0)
        for idx in np.flatnonzero(movable).tolist():
            groups = problem.rules.groups.of(idx)
            if all(g.apart or len(g.members) == 1 for g in groups):
                of[idx] = row_of.setdefault(
                    self._key(problem, idx), len(row_of)
                )
        who = np.flatnonzero(of >= 0)
        _, first = np.unique(of[who], return_index=True)
        examples: Ints = who[first]
        count = np.zeros((len(examples), cluster.n_nodes), dtype=np.int64)
        np.add.at(count, (of[who], start.node_of[who]), 1)
        return Kinds(
            of,
            examples,
            cluster.demand[examples],
            count,
            _allowed(problem, start, examples),
            self.grouped,
        )

    def invert(self, start: Placement, answer: Changes) -> Placement:
        """Return the placement in which that many have moved.

        Of a kind, the first instances on a node leave it; the emptiest
        destination of a kind takes the first of them.
        """
        result = start.copy()
        homes: dict[int, list[int]] = {}
        for kind, node in np.argwhere(answer.arrive).tolist():
            count = int(answer.arrive[kind, node])
            homes.setdefault(kind, []).extend([node] * count)
        for kind, node in np.argwhere(answer.leave).tolist():
            there = np.flatnonzero(
                (answer.kinds.of == kind) & (start.node_of == node)
            )
            for idx in there[: int(answer.leave[kind, node])].tolist():
                result.move(idx, homes[kind].pop())
        return result

    def _key(self, problem: Problem, idx: int) -> Hashable:
        """What instances of one kind have in common."""
        groups = problem.rules.groups.of(idx)
        return (
            problem.cluster.demand[idx].tobytes(),
            int(problem.rules.class_of[idx]),
            tuple(g.record.uuid for g in groups) if self.grouped else (),
            None if self.keys is None else self.keys[idx],
        )


def _allowed(problem: Problem, start: Placement, examples: Ints) -> Bools:
    rules = problem.rules
    demand = rules.cluster.demand
    overfull = start.used > problem.limit
    rows = [
        rules.eligible[rules.class_of[i]]
        & problem.open_nodes
        & (demand[i] <= problem.limit).all(axis=1, where=demand[i] > 0)
        & ~(overfull & (demand[i] > 0)).any(axis=1)
        for i in examples.tolist()
    ]
    shape = (len(examples), rules.cluster.n_nodes)
    return np.array(rows, dtype=np.bool_).reshape(shape)
