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

"""Relations as facts that searches know which know no relations.

What is said of parts of the nodes becomes fences inside which whoever moves,
in any order, makes nothing worse: members stay in the part they are in, and
who must not meet is kept in different parts. A limit on nodes becomes a
resource class of which each member takes one unit, all on one node an
affinity group. Rules that should hold bind like those that must.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from collections.abc import Sequence

from watcher_rearrange.model import records as model
from watcher_rearrange.policies.file import ceilings
from watcher_rearrange.policies.file import groups
from watcher_rearrange.policies.file.solitude import Solitude
from watcher_rearrange.policies.file.whereabouts import Whereabouts


# Searches know groups by their members, and a class by all instances.
LARGEST_GROUP = 64


def anchored(
    snapshot: model.Snapshot, but: Sequence[model.Relation] = ()
) -> model.Snapshot:
    """Return the snapshot with what its relations come to in their place.

    :param but: those of them that stay relations
    """
    facts = _Facts(snapshot)
    left = {id(one) for one in but}
    relations = [one for one in snapshot.relations if id(one) not in left]
    lonely = [one for one in relations if one.others is None]
    for relation in relations:
        if relation.others is not None:
            facts.add(relation)
    if lonely:
        facts.fences += Solitude(facts.where, lonely).fences()
    found = dataclasses.replace(
        snapshot,
        server_groups=(*snapshot.server_groups, *facts.groups),
        fences=(*snapshot.fences, *facts.fences),
        relations=tuple(but),
    )
    return ceilings.applied(found, facts.limits)


class _Facts:
    """What the relations come to."""

    def __init__(self, snapshot: model.Snapshot) -> None:
        self.where = Whereabouts(snapshot)
        self.fences: list[model.Fence] = []
        self.groups: list[model.ServerGroup] = []
        self.limits: list[ceilings.Ceiling] = []

    def add(self, relation: model.Relation) -> None:
        """Add one relation."""
        if relation.kind == model.EXCLUSIVE:
            self._keep_apart(relation)
        elif not _is_by_node(relation):
            self._confine(relation, relation.members, set())
        elif relation.kind == model.AT_MOST:
            self._limit(relation)
        elif relation.outside:
            self._confine(relation, relation.members, set())
        else:
            self._group(relation, model.AFFINITY)

    def _keep_apart(self, relation: model.Relation) -> None:
        """Each side keeps to parts where it is alone.

        Those where neither is are dealt out to both. Who is in a part with
        the other side may stay in it, too.
        """
        members = self.where.known(relation.members)
        others = self.where.known(relation.others or ())
        mine = self._parts(relation, members) | set(relation.outside)
        theirs = self._parts(relation, others) | set(relation.others_outside)
        free = sorted(set(relation.part_of.values()) - mine - theirs)
        share = len(members) / max(1, len(members) + len(others))
        count = round(len(free) * share)
        self._confine(relation, members, (mine - theirs) | {*free[:count]})
        self._confine(relation, others, (theirs - mine) | {*free[count:]})

    def _confine(
        self, relation: model.Relation, whom: Iterable[str], parts: set[str]
    ) -> None:
        """Keep some in these parts, or else also in the one they are in."""
        by_part: dict[str | None, set[str]] = {}
        for uuid in self.where.known(whom):
            here = relation.part_of.get(self.where.host_of[uuid])
            by_part.setdefault(here, set()).add(uuid)
        at_home = set().union(*(by_part.pop(p, set()) for p in parts))
        for part, some in ((None, at_home), *by_part.items()):
            if some:
                reach: set[str | None] = {*parts}
                reach |= set() if some is at_home else {part}
                hosts = frozenset(
                    host
                    for host in self.where.hosts
                    if relation.part_of.get(host) in reach
                )
                self.fences.append(
                    model.Fence(relation.name, frozenset(some), hosts)
                )

    def _parts(
        self, relation: model.Relation, whom: Iterable[str]
    ) -> set[str]:
        """The parts where some are, or go to."""
        hosts = set().union(*map(self.where.ends, whom))
        return {
            relation.part_of[host] for host in hosts & relation.part_of.keys()
        }

    def _group(self, relation: model.Relation, policy: str) -> None:
        self.groups.append(
            groups.of_rule(
                relation.name, policy, relation.members, relation.most
            )
        )

    def _limit(self, relation: model.Relation) -> None:
        everywhere = relation.part_of.keys() >= set(self.where.hosts)
        few = len(relation.members) <= LARGEST_GROUP
        if everywhere and few and not relation.outside:
            self._group(relation, model.ANTI_AFFINITY)
            return
        limit = ceilings.Ceiling.of(relation)
        for known in self.limits:
            if known.members == relation.members:
                known.add(limit)
                return
        self.limits.append(limit)


def _is_by_node(relation: model.Relation) -> bool:
    return all(host == part for host, part in relation.part_of.items())
