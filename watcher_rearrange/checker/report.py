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

"""Violations gathered without repetition, and the result of a check."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from watcher_rearrange.checker.violation import Violation


@dataclass(frozen=True)
class Report:
    """Result of checking one plan.

    :ivar violations: each rule on the same things once, as first seen
    :ivar interleavings: number of schedules that were simulated
    """

    violations: tuple[Violation, ...]
    interleavings: int

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.violations

    def to_dict(self) -> dict[str, Any]:
        """The report, ready for JSON."""
        return {
            'ok': self.ok,
            'interleavings': self.interleavings,
            'violations': [found.to_dict() for found in self.violations],
        }


class Findings:
    """Keeps the first violation of each rule on the same things."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[str, ...]], Violation] = {}

    def add(self, violations: Iterable[Violation], when: str = '') -> None:
        """Keep what is new; ``when`` stands in where a violation has none."""
        for found in violations:
            if not found.when:
                found = dataclasses.replace(found, when=when)
            self._found.setdefault((found.rule, found.things), found)

    def has(self, *rules: str) -> bool:
        """Whether any of these rules has been found broken."""
        return any(rule in rules for rule, _things in self._found)

    def __len__(self) -> int:
        return len(self._found)

    def all(self) -> tuple[Violation, ...]:
        """Everything found, in the order of finding."""
        return tuple(self._found.values())
