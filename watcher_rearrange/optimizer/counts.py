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

"""A programme over how many of each kind leave and arrive where."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.program import Answer
from watcher_rearrange.optimizer.program import Program
from watcher_rearrange.optimizer.reductions.group import Changes
from watcher_rearrange.optimizer.reductions.group import Group
from watcher_rearrange.optimizer.reductions.group import Kinds


class Counts:
    """A programme over how many of each kind leave and arrive where.

    The rows hold for every final placement: everybody who leaves arrives,
    nothing is fuller than the limit, and no anti-affinity group has more
    members on a node than it may (or than it has, where that is more).
    Objectives add columns and rows of their own.

    :ivar program: the programme
    :ivar leave: int64[n], columns: how many leave; ``leave_kind`` and
        ``leave_node``, int64[n], say whom and from where
    :ivar arrive: int64[m], columns; with ``arrive_kind``, ``arrive_node``
    """

    def __init__(
        self, problem: Problem, placement: Placement, kinds: Kinds
    ) -> None:
        self.problem = problem
        self.placement = placement
        self.kinds = kinds
        self.program = Program()
        self.leave_kind, self.leave_node = np.nonzero(kinds.count)
        self.leave = self.program.columns(
            len(self.leave_kind),
            upper=kinds.count[self.leave_kind, self.leave_node].astype(float),
        )
        self.arrive_kind, self.arrive_node = np.nonzero(kinds.allowed)
        total = kinds.count.sum(axis=1).astype(float)
        self.arrive = self.program.columns(
            len(self.arrive_kind), upper=total[self.arrive_kind]
        )
        self._leave_at = _by(self.leave_node, problem.cluster.n_nodes)
        self._arrive_at = _by(self.arrive_node, problem.cluster.n_nodes)
        self._conserve()
        self._fit()
        self._stay_apart()
        if problem.max_migrations is not None:
            self.program.row(self.leave, 1.0, upper=problem.max_migrations)

    def at(self, node: int) -> tuple[Ints, Ints, Ints]:
        """Return what changes a node.

        :returns: columns, the kind of each, and +1 for arrivals or -1
        """
        leave, arrive = self._leave_at[node], self._arrive_at[node]
        columns = np.concatenate([self.leave[leave], self.arrive[arrive]])
        kind = np.concatenate(
            [self.leave_kind[leave], self.arrive_kind[arrive]]
        )
        sign = np.repeat([-1, 1], [len(leave), len(arrive)])
        return columns, kind, sign

    def leaving(self, node: int) -> tuple[Ints, Ints]:
        """Return the columns of who leaves a node, and how many may."""
        at = self._leave_at[node]
        count = self.kinds.count[self.leave_kind[at], node]
        return self.leave[at], count

    def arriving(self, node: int) -> tuple[Ints, Ints]:
        """Return the columns of who arrives at a node, and their kinds."""
        at = self._arrive_at[node]
        return self.arrive[at], self.arrive_kind[at]

    @property
    def memory_mb(self) -> Ints:
        """int64[n_kinds]: what one migration of each kind has to copy."""
        return self.problem.cluster.memory_mb[self.kinds.example]

    def encoded(self, end: Placement) -> Floats | None:
        """Return float64[n_columns]: a placement as a solution.

        Columns that others added are 0. None if somebody has moved whom
        the programme cannot move, or where it cannot.
        """
        kinds = self.kinds
        moved = np.flatnonzero(end.node_of != self.placement.node_of)
        kind, to = kinds.of[moved], end.node_of[moved]
        if (kind < 0).any() or not kinds.allowed[kind, to].all():
            return None
        values = np.zeros(self.program.n_columns)
        for columns, pairs, node in (
            (self.leave, (self.leave_kind, self.leave_node), None),
            (self.arrive, (self.arrive_kind, self.arrive_node), to),
        ):
            at = self.placement.node_of[moved] if node is None else node
            count = np.zeros(kinds.count.shape)
            np.add.at(count, (kind, at), 1)
            values[columns] = count[pairs]
        return values

    def changes(self, answer: Answer) -> Changes:
        """Return how many an answer says leave and arrive."""
        leave = np.zeros(self.kinds.count.shape, dtype=np.int64)
        arrive = np.zeros_like(leave)
        leave[self.leave_kind, self.leave_node] = answer.counts(self.leave)
        arrive[self.arrive_kind, self.arrive_node] = answer.counts(self.arrive)
        return Changes(self.kinds, leave, arrive)

    def decoded(self, answer: Answer) -> Placement:
        """Return the placement that an answer stands for."""
        return Group().invert(self.placement, self.changes(answer))

    def _conserve(self) -> None:
        leave = _by(self.leave_kind, self.kinds.n_kinds)
        arrive = _by(self.arrive_kind, self.kinds.n_kinds)
        for out, into in zip(leave, arrive, strict=True):
            self.program.row(
                np.concatenate([self.leave[out], self.arrive[into]]),
                np.repeat([-1.0, 1.0], [len(out), len(into)]),
                lower=0.0,
                upper=0.0,
            )

    def _fit(self) -> None:
        free = self.problem.limit - self.placement.used
        for node in range(self.problem.cluster.n_nodes):
            if not len(self._arrive_at[node]):
                continue
            columns, kind, sign = self.at(node)
            for rc_idx, room in enumerate(free[node].tolist()):
                amount = self.kinds.demand[kind, rc_idx] * sign
                used = np.flatnonzero(amount)
                if (amount > 0).any():
                    self.program.row(
                        columns[used], amount[used], upper=float(max(room, 0))
                    )

    def _stay_apart(self) -> None:
        rules = self.problem.rules
        for group in rules.groups.groups if self.kinds.grouped else ():
            if not group.apart:
                continue
            kinds = np.unique(self.kinds.of[group.members])
            counts = rules.groups.counts(self.placement, group)
            most = np.maximum(counts, group.record.max_server_per_host)
            arriving = np.isin(self.arrive_kind, kinds[kinds >= 0])
            for node in np.unique(self.arrive_node[arriving]).tolist():
                columns, kind, sign = self.at(node)
                of_group = np.isin(kind, kinds[kinds >= 0])
                self.program.row(
                    columns[of_group],
                    sign[of_group].astype(float),
                    upper=float(most[node] - counts[node]),
                )


def are_exact(problem: Problem, start: Placement) -> bool:
    """Whether what no counts can do, no plan can do.

    Members of affinity groups are not counted: on one node, they can never
    leave it, but a group that is broken can be mended. Nor does anybody
    arrive where it is too full at the start.
    """
    if (start.used > problem.limit)[problem.open_nodes].any():
        return False
    return all(
        group.apart or len(set(start.node_of[group.members])) <= 1
        for group in problem.rules.groups.groups
    )


def _by(labels: Ints, count: int) -> list[Ints]:
    """For each label the positions that have it."""
    order = np.argsort(labels, kind='stable')
    ends = np.cumsum(np.bincount(labels, minlength=count))
    return np.split(order, ends[:-1]) if count else []
