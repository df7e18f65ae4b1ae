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

"""Who must not meet: an arrival waits until all of the other side left.

In a valid order everybody of the other side has left the part by then, or
arrives later; so whoever arrives waits for all departures of the other side
from there, and that is all that is needed, whatever overlaps or fails.
"""

from __future__ import annotations

from watcher_rearrange.constraints.related import NO_PART
from watcher_rearrange.constraints.related import Relation
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.path.moves import Move


class Exclusions:
    """The departures so far, of each side from each part."""

    def __init__(self, rules: Rules) -> None:
        self._relations = rules.relations
        self._departures: dict[tuple[int, bool, int], list[int]] = {}

    def needed(self, k: int, move: Move) -> list[int]:
        """Return whom the next move waits for."""
        needed = []
        for relation in self._relations.of(move.instance):
            if relation.record.kind != records.EXCLUSIVE:
                continue
            source = relation.part(move.source)
            part = relation.part(move.destination)
            if part == source:
                continue
            mine = move.instance in relation.is_member
            if part != NO_PART:
                needed += self._of(relation, not mine, part)
            if source != NO_PART:
                self._of(relation, mine, source).append(k)
        return needed

    def _of(self, relation: Relation, mine: bool, part: int) -> list[int]:
        key = (id(relation), mine, part)
        return self._departures.setdefault(key, [])
