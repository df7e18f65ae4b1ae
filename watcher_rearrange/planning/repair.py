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

"""The strategy that mends broken rules, on one cluster."""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from watcher_rearrange.constraints.breaches import Breaches
from watcher_rearrange.constraints.breaches import ShouldBreaches
from watcher_rearrange.constraints.related import NO_PART
from watcher_rearrange.constraints.related import Relation
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.constraints.rules import shortened
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import ObjectiveValue
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.repair import least
from watcher_rearrange.optimizer.repair import repair
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import judged
from watcher_rearrange.planning.job import Job
from watcher_rearrange.policies.repair import RepairPolicy


class Repair(Job):
    """Mend the rules that are broken, and nothing else.

    First as if those that are loose were not there, then what is broken of
    these, so that the next plan finds nothing to mend.
    """

    def __init__(self, cluster: Cluster, policy: RepairPolicy) -> None:
        super().__init__(cluster, policy)
        self._start = Placement(cluster)
        self._all = self.rules
        snapshot = cluster.snapshot
        self._is_loose = bool(
            snapshot.loose_fences or snapshot.loose_relations
        )
        if self._is_loose:
            whole = Cluster.from_snapshot(snapshot.bound())
            self._all = Rules(whole, policy.options)
        self._measures = (Breaches(self._all), ShouldBreaches(self._all))

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Mend what can be, with few migrations."""
        found = repair.improve(problem, placement, self._broken, self.seed)
        if not self._is_loose:
            return found
        left = problem.max_migrations
        if left is not None:
            left -= int((found.node_of != placement.node_of).sum())
        strict = dataclasses.replace(
            problem, rules=self._all, max_migrations=left
        )
        return repair.improve(strict, found, self._broken, self.seed)

    def objectives(self) -> list[Objective]:
        """Return what is broken of what must hold, and of what should."""
        return list(self._measures)

    def is_worse(self, table: list[ObjectiveValue]) -> bool:  # type: ignore[override]
        """Whether what must hold gets worse, or else what should."""
        for row in table:
            if row.after != row.before:
                return row.after > row.before
        return False

    def reason(self, move: Move, end: Placement) -> str:
        """Return which rule the instance is moved for."""
        home = self.cluster.hostname(int(self._start.node_of[move.instance]))
        return self._purpose(move, end) or f'makes room on {home}'

    def useful(self, moves: Sequence[Move], end: Placement) -> list[bool]:
        """Return which moves mend or keep a rule."""
        return [bool(self._purpose(move, end)) for move in moves]

    def messages(self, end: Placement) -> list[str]:
        """Return what is still broken."""
        broken = judged.broken(self._all.violations(end))
        if not broken:
            return []
        limit = self.max_migrations
        moved = int((self._start.node_of != end.node_of).sum())
        if limit is not None and limit < max(moved + 1, len(self._reasons)):
            broken.append(
                'more may be mended with more migrations than max_migrations, '
                f'{limit}'
            )
        return [*broken, *super().messages(end)]

    def is_optimal(
        self, table: list[ObjectiveValue], path: Path, fewest: int
    ) -> bool:
        """Whether nothing is broken after the fewest migrations."""
        mended = not any(row.after for row in table)
        return mended and path.complete and len(path.moves) == self._least

    @cached_property
    def _least(self) -> int:
        return least.migrations(self.rules, self._start)

    @cached_property
    def _reasons(self) -> dict[int, str]:
        """What is broken at the start, by the instances that it is about."""
        rules, start = self._all, self._start
        found: dict[int, str] = {}
        for fence, idx in rules.fences.outside(start):
            found.setdefault(idx, f'mends rule {fence.name}')
        for name, idx in rules.misplaced(start):
            found.setdefault(idx, f'mends {name}')
        for group in rules.groups.groups:
            if rules.groups.excess(start, group):
                name = group.record.name or group.record.uuid
                text = f'mends {group.record.policy} of {name}'
                found.update(dict.fromkeys(group.members.tolist(), text))
        for relation in rules.relations.relations:
            if rules.relations.excess(start, relation):
                text = f'mends rule {relation.record.name}'
                for idx in _concerned(relation, start).tolist():
                    found.setdefault(idx, text)
        full = (start.used > self.cluster.capacity).any(axis=1)
        for node in np.flatnonzero(full).tolist():
            text = f'mends the capacity of {self.cluster.hostname(node)}'
            for idx in start.instances_on(node).tolist():
                found.setdefault(idx, text)
        return found

    def _purpose(self, move: Move, end: Placement) -> str:
        """Which rule the instance is moved for; empty if for none."""
        if move.instance in self._reasons:
            return self._reasons[move.instance]
        loose = self._loose_names(move.instance)
        if not loose:
            return ''
        stayed = end.copy()
        stayed.move(move.instance, int(self._start.node_of[move.instance]))
        harms = self._broken(stayed) > self._broken(end)
        return f'keeps {shortened(loose)}' if harms else ''

    def _loose_names(self, instance_idx: int) -> list[str]:
        """The loose rules that an instance is a member of."""
        snapshot = self.cluster.snapshot
        uuid = snapshot.instances[instance_idx].uuid
        rules: tuple[records.Fence | records.Relation, ...] = (
            *snapshot.loose_fences,
            *snapshot.loose_relations,
        )
        return [rule.name for rule in rules if uuid in rule.members]

    def _broken(self, placement: Placement) -> tuple[float, ...]:
        return tuple(measure.value(placement) for measure in self._measures)


def _concerned(relation: Relation, placement: Placement) -> Ints:
    """int64[n]: those whose moves may mend a relation that is broken."""
    sides = (relation.members, relation.others)
    whom = np.concatenate([side.whom for side in sides])
    if relation.record.kind != records.EXCLUSIVE:
        return whom
    mine, theirs = (side.counts(placement) > 0 for side in sides)
    parts = relation.part_of[placement.node_of[whom]]
    both: Ints = whom[(parts != NO_PART) & (mine & theirs)[parts]]
    return both
