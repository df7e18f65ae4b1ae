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

"""Whether those who are to be apart can meet while a plan runs, exactly.

Whoever arrives in a part must not find one of the other side there, in no
order that the parents of the actions permit, whatever fails.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from collections.abc import Iterator

from watcher_rearrange.checker import policy_placement as placement
from watcher_rearrange.checker import policy_rules as rules
from watcher_rearrange.checker.policy_placement import Holding
from watcher_rearrange.checker.policy_rules import Rule
from watcher_rearrange.checker.simulator import Path
from watcher_rearrange.checker.violation import Violation


def meetings(
    found: Iterable[Rule], path: Path, holding: Holding
) -> Iterator[Violation]:
    """Each part in which an arrival can meet one of the other side."""
    moves: dict[str, list[int]] = {}
    for i, action in enumerate(path.actions):
        if action.migrates:
            moves.setdefault(action.instance, []).append(i)
    for rule in found:
        if rule.kind in rules.APART:
            yield from _Meetings(rule, path, holding, moves).all()


class _Meetings:
    """Meetings of the two sides of one rule."""

    def __init__(
        self,
        rule: Rule,
        path: Path,
        holding: Holding,
        moves: dict[str, list[int]],
    ) -> None:
        self._rule = rule
        self._path = path
        self._moves = moves
        # By part, those of each side that are there at some time.
        self._visitors: dict[tuple[bool, str], list[str]] = {}
        self._at_start: set[tuple[str, str]] = set()
        for is_member, side in ((True, rule.members), (False, rule.others)):
            for uuid in sorted(side):
                hosts = list(holding[uuid])
                self._at_start.update((uuid, self._part(h)) for h in hosts)
                hosts += [path.actions[i].destination for i in self._of(uuid)]
                for part in dict.fromkeys(map(self._part, hosts)):
                    key = (is_member, part)
                    self._visitors.setdefault(key, []).append(uuid)

    def all(self) -> Iterator[Violation]:
        """Each part once."""
        known = set()
        for i, action in enumerate(self._path.actions):
            if not action.migrates:
                continue
            part = self._part(action.destination)
            if part == self._part(action.source) or part in known:
                continue
            count = self._met(i, action.instance, part)
            if count:
                known.add(part)
                met = placement.met(self._rule, part, count)
                when = f'worst order: when action {action.id} starts'
                yield dataclasses.replace(met, when=when)

    def _met(self, i: int, uuid: str, part: str) -> int:
        """How many others can be beside members once the action started."""
        if uuid in self._rule.members:
            return self._can_be(False, part, i)
        if uuid in self._rule.others and self._can_be(True, part, i):
            return max(1, self._can_be(False, part, i))
        return 0

    def _can_be(self, is_member: bool, part: str, i: int) -> int:
        """How many of a side can, each by itself, be there at that time."""
        visitors = self._visitors.get((is_member, part), ())
        return sum(self._may_be(uuid, part, i) for uuid in visitors)

    def _may_be(self, uuid: str, part: str, i: int) -> bool:
        """Whether it may be there, or on its way there, when i starts."""
        before = self._path.graph.before
        came = (uuid, part) in self._at_start
        for j in self._of(uuid):
            action = self._path.actions[j]
            leaves = self._part(action.source) == part
            arrives = self._part(action.destination) == part
            if leaves and not arrives:
                if came and not before(j, i):
                    return True
                came = False
            elif arrives and not leaves:
                came = j == i or not before(i, j)
        return came

    def _of(self, uuid: str) -> list[int]:
        return self._moves.get(uuid, [])

    def _part(self, hostname: str) -> str:
        return self._rule.part_of[hostname]
