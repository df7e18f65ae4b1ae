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

"""Whether there is a placement that keeps some rules of a policy.

Instances that are in the same rules, and that stay on the same node if they
do, are counted: count[class, node]. Columns of a rule's own say where it
gathers its instances, or which of two sides has a part. Where room counts,
those of a class need the same.
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.optimizer.contradiction_room import Room
from watcher_rearrange.optimizer.program import Answer
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Outcome
from watcher_rearrange.optimizer.program import Program
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection


# A class whose instances may leave their node.
_ANYWHERE = -1

# It need not be the nearest placement.
_GAP = 0.5
# So large that any solution will do.
_ANY = 1e9

# Where room counts, what is larger is taken to be possible: columns for the
# classes of instances on nodes, and nodes of the search tree.
MOST_COLUMNS = 50_000
MOST_NODES = 200


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A rule on one cluster.

    :ivar members: indices of its instances
    :ivar others: indices of those that it keeps apart from them
    :ivar nodes: bool[n_nodes], its nodes
    :ivar parts: indices of the nodes of each part
    """

    rule: records.Rule
    members: frozenset[int]
    others: frozenset[int]
    nodes: Bools
    parts: tuple[Ints, ...]

    @classmethod
    def of(cls, rule: records.Rule, selector: selection.Selector) -> Case:
        """Look up what a rule means.

        :raises BadInput: a node is in two of the aggregates that are parts
        """
        members = frozenset(selector.instances(rule.instances))
        others: frozenset[int] = frozenset()
        if rule.kind in (records.LONELY, records.SPLIT):
            others = frozenset(selector.others(rule))
        parts: dict[str, list[int]] = {}
        part_of = selector.parts(rule.over).values()
        for k, part in enumerate(part_of):
            parts.setdefault(part, []).append(k)
        nodes = np.zeros(len(part_of), dtype=np.bool_)
        nodes[list(selector.nodes(rule.nodes))] = True
        return cls(
            rule,
            members,
            others,
            nodes,
            tuple(np.array(part, dtype=np.int64) for part in parts.values()),
        )

    @property
    def about(self) -> frozenset[int]:
        """Indices of all whom the rule is about."""
        if self.rule.kind == records.ONLY:
            # It keeps everybody else, but binds nobody to anybody.
            return frozenset()
        return self.members | self.others

    def holds(self, node_of: Ints) -> bool:
        """Whether it holds in a placement, int64[n_instances]."""
        members = node_of[sorted(self.members)]
        kind = self.rule.kind
        if kind in (records.FENCE, records.BAN):
            inside = self.nodes[members]
            return not (inside if kind == records.BAN else ~inside).any()
        if kind == records.MAX_INSTANCES:
            counts = np.bincount(members, minlength=len(self.nodes))
            return bool((counts[self.nodes] <= self.rule.at_most).all())
        part_of = np.zeros(len(self.nodes), dtype=np.int64)
        for number, part in enumerate(self.parts):
            part_of[part] = number
        counts = np.bincount(part_of[members], minlength=len(self.parts))
        if kind == records.SPREAD:
            return bool((counts <= self.rule.at_most).all())
        if kind in (records.GATHER, records.NEAR):
            return int((counts > 0).sum()) <= 1
        others = part_of[node_of[sorted(self.others)]]
        return not counts[others].any()

    def keeps(self, instance_idx: int) -> bool:
        """Whether the instance stays where it is by this rule."""
        if self.rule.kind == records.ROOT:
            return instance_idx in self.members
        return (
            self.rule.kind == records.ONLY and instance_idx not in self.members
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Setting:
    """What is so whatever the rules say.

    :ivar home: int64[n_instances], the node that each instance is on
    :ivar deadline: on the clock of ``time.monotonic``
    :ivar room: None if everybody fits everywhere
    """

    home: Ints
    deadline: float
    room: Room | None = None

    def within(self, share: float, room: Room) -> Setting:
        """Return the same with room, in a share of the time that is left."""
        now = time.monotonic()
        deadline = now + share * (self.deadline - now)
        return Setting(self.home, deadline, room)


def placed(
    cases: Sequence[Case], setting: Setting
) -> tuple[bool, Ints | None]:
    """Look for a placement that keeps some rules, near the present one.

    Where room counts, a large programme is not even tried.

    :returns: whether the answer is known, and the placement if there is one
    """
    if time.monotonic() >= setting.deadline:
        return False, None
    classes = _classes(cases, setting)
    effort = Effort(setting.deadline, gap=_GAP)
    if setting.room is not None:
        if len(classes) * len(cases[0].nodes) > MOST_COLUMNS:
            return False, None
        effort = dataclasses.replace(effort, gap=_ANY, nodes=MOST_NODES)
    model = _Model(cases, setting, classes)
    answer = model.program.solve(effort)
    if not answer.found and answer.outcome != Outcome.OPTIMAL:
        return answer.outcome == Outcome.INFEASIBLE, None
    return True, model.placement(answer)


# Those of a class: where they stay, what they are in and what they need.
_Classes = dict[tuple[int, tuple[int, ...], bytes], list[int]]


def _classes(cases: Sequence[Case], setting: Setting) -> _Classes:
    """Group the instances that some rules are about."""
    found: _Classes = {}
    room = setting.room
    for k in sorted(set().union(*(case.about for case in cases))):
        stays = any(case.keeps(k) for case in cases)
        signature = tuple(
            1 if k in case.members else 2 if k in case.others else 0
            for case in cases
        )
        host = int(setting.home[k]) if stays else _ANYWHERE
        needs = b'' if room is None else room.demand[k].tobytes()
        found.setdefault((host, signature, needs), []).append(k)
    return found


class _Model:
    """The programme of some rules."""

    def __init__(
        self, cases: Sequence[Case], setting: Setting, classes: _Classes
    ) -> None:
        self.program = Program()
        self._cases = cases
        self._home = setting.home
        self._room = setting.room
        self._limits: Ints | None = None
        self._class_of: dict[int, int] = {}
        self._members: list[list[int]] = []
        self._columns: list[Ints] = []
        for (host, *_), members in classes.items():
            self._add_class(members, host)
        if self._room is not None:
            self._add_room(self._room)
        for case in cases:
            self._add_rule(case)

    def placement(self, answer: Answer) -> Ints:
        """Return int64[n_instances]; who need not move stays."""
        where = self._home.copy()
        for members, columns in zip(self._members, self._columns):
            left = answer.counts(columns)
            moving = []
            for member in members:
                if left[self._home[member]] > 0:
                    left[self._home[member]] -= 1
                else:
                    moving.append(member)
            where[moving] = np.repeat(np.arange(len(left)), left)
        return where

    def _add_class(self, members: list[int], host: int) -> None:
        count = len(members)
        upper = np.where(self._permitted(members[0], host), float(count), 0.0)
        columns = self.program.columns(len(upper), upper=upper)
        self.program.row(columns, 1.0, count, count)
        here = np.bincount(self._home[members], minlength=len(upper))
        for node in np.flatnonzero(here).tolist():
            # Those who stay are worth something.
            (stay,) = self.program.columns(
                1, upper=float(here[node]), cost=-1.0, integer=False
            )
            self.program.row([stay, columns[node]], [1.0, -1.0], upper=0.0)
        for member in members:
            self._class_of[member] = len(self._columns)
        self._columns.append(columns)
        self._members.append(members)

    def _add_room(self, room: Room) -> None:
        """No node takes more than it has, or than it holds of them now."""
        if not self._members:
            return
        members = [k for those in self._members for k in those]
        limits, matters = room.limits(members, self._home)
        self._limits = limits
        needs = room.demand[[those[0] for those in self._members]]
        columns = np.array(self._columns)
        for node, kind in zip(*np.nonzero(matters), strict=True):
            needy = np.flatnonzero(needs[:, kind])
            self.program.row(
                columns[needy, node],
                needs[needy, kind],
                upper=float(limits[node, kind]),
            )

    def _permitted(self, member: int, host: int) -> Bools:
        """bool[n_nodes]: where fences and bans let a class be."""
        permitted = np.ones(len(self._cases[0].nodes), dtype=np.bool_)
        if host != _ANYWHERE:
            permitted[:] = False
            permitted[host] = True
        for case in self._cases:
            if member in case.members:
                if case.rule.kind == records.FENCE:
                    permitted &= case.nodes
                elif case.rule.kind == records.BAN:
                    permitted &= ~case.nodes
        return permitted

    def _add_rule(self, case: Case) -> None:
        kind = case.rule.kind
        if kind == records.SPREAD:
            classes = self._classes_of(case.members)
            for part in case.parts:
                self._limit(classes, part, case.rule.at_most)
        elif kind == records.MAX_INSTANCES:
            classes = self._classes_of(case.members)
            for node in np.flatnonzero(case.nodes).tolist():
                self._limit(classes, [node], case.rule.at_most)
        elif kind in (records.GATHER, records.NEAR):
            self._together(case)
        elif kind in (records.LONELY, records.SPLIT):
            self._apart(case)

    def _limit(
        self, classes: Sequence[int], part: Ints | Sequence[int], at_most: int
    ) -> None:
        self.program.row(self._in(classes, part), 1.0, upper=at_most)

    def _together(self, case: Case) -> None:
        """All members are where the rule's own column says."""
        count = len(case.members)
        members = self._classes_of(case.members)
        upper = np.array([self._fits(case, part) for part in case.parts])
        here = self.program.columns(len(case.parts), upper.astype(float))
        self.program.row(here, 1.0, 1.0, 1.0)
        for column, part in zip(here, case.parts):
            columns = self._in(members, part)
            self._tie(columns, int(column), -count, 0.0)

    def _fits(self, case: Case, part: Ints) -> bool:
        """Whether a part may have room for all members.

        The rows say so, too, but only to whom has decided on a part.
        """
        if self._room is None or self._limits is None:
            return True
        need = self._room.demand[sorted(case.members)].sum(axis=0)
        return bool((need <= self._limits[part].sum(axis=0)).all())

    def _apart(self, case: Case) -> None:
        """A column for each part says whether it is for the members."""
        here = self.program.columns(len(case.parts), upper=1.0)
        most, count = len(case.members), len(case.others)
        members = self._classes_of(case.members)
        others = self._classes_of(case.others)
        for column, part in zip(here, case.parts):
            self._tie(self._in(members, part), int(column), -most, 0.0)
            self._tie(self._in(others, part), int(column), count, count)

    def _tie(self, columns: Ints, own: int, factor: int, upper: float) -> None:
        """Add sum of columns + factor * own <= upper."""
        factors = np.append(np.ones(len(columns)), float(factor))
        self.program.row(np.append(columns, own), factors, upper=upper)

    def _classes_of(self, instances: Iterable[int]) -> list[int]:
        return sorted({self._class_of[k] for k in instances})

    def _in(self, classes: Sequence[int], part: Ints | Sequence[int]) -> Ints:
        """Return the columns of some classes on some nodes."""
        if not classes:
            return np.zeros(0, dtype=np.int64)
        found: Ints = np.concatenate([self._columns[c][part] for c in classes])
        return found
