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

"""Fences for all relations that keep everybody else away.

Everybody is bound by all of them: whom none of them means goes where none of
those is that they mean; a member goes where only members of all its relations
are, and some of each. Who is in bad company may stay there, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from watcher_rearrange.model import records as model
from watcher_rearrange.policies.file.whereabouts import Whereabouts


# So many rules are named.
MOST_NAMED = 3

Numbers = frozenset[int]


class Solitude:
    """All such relations; their parts are the nodes."""

    def __init__(
        self, where: Whereabouts, relations: Sequence[model.Relation]
    ) -> None:
        self._where = where
        self._relations = relations
        # Which relations mean each instance, and somebody on each host.
        self._of: dict[str, set[int]] = {}
        self._at: dict[str, set[int]] = {}
        for number, relation in enumerate(relations):
            for uuid in where.known(relation.members):
                self._of.setdefault(uuid, set()).add(number)
            for host in relation.outside:
                self._at.setdefault(host, set()).add(number)
        self._there: dict[str, set[str]] = {}
        for uuid in where.host_of:
            for host in where.ends(uuid):
                self._there.setdefault(host, set()).add(uuid)
                if uuid in self._of:
                    self._at.setdefault(host, set()).update(self._of[uuid])
        self._alone = [self._clean(relation) for relation in relations]

    def fences(self) -> Iterator[model.Fence]:
        """Yield one for all that have the same reach."""
        reach = {numbers: self._reach(numbers) for numbers in self._kinds()}
        groups: dict[tuple[Numbers, str], set[str]] = {}
        for uuid, host in self._where.host_of.items():
            numbers = frozenset(self._of.get(uuid, ()))
            inside = host in reach[numbers]
            key = (numbers, '' if inside else host)
            groups.setdefault(key, set()).add(uuid)
        for (numbers, host), members in groups.items():
            hosts = reach[numbers] | ({host} if host else set())
            name = self._name(numbers or self._at.get(host, set()))
            yield model.Fence(name, frozenset(members), hosts)

    def _clean(self, relation: model.Relation) -> set[str]:
        """Hosts where members are, and nobody else."""
        hosts = set(relation.outside)
        for uuid in self._where.known(relation.members):
            hosts |= self._where.ends(uuid)
        return {
            host
            for host in hosts - relation.others_outside.keys()
            if self._there.get(host, set()) <= relation.members
        }

    def _kinds(self) -> set[Numbers]:
        """All that instances can be meant by."""
        return {frozenset(), *map(frozenset, self._of.values())}

    def _reach(self, numbers: Numbers) -> frozenset[str]:
        """The hosts where everybody fits to those meant by these."""
        hosts = set(self._where.hosts)
        if not numbers:
            return frozenset(hosts - self._at.keys())
        for number in numbers:
            hosts &= self._alone[number]
        return frozenset(h for h in hosts if self._at[h] <= numbers)

    def _name(self, numbers: Numbers | set[int]) -> str:
        named = numbers or range(len(self._relations))
        names = sorted(self._relations[k].name for k in named)
        text = ' or '.join(names[:MOST_NAMED])
        return text if len(names) <= MOST_NAMED else f'{text} or others'
