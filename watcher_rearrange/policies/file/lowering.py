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

"""A policy as facts of the cluster that every search knows how to respect.

Rules about nodes become fences, rules about who is with whom server groups
where all is about nodes, else relations; what must not move stays, what must
stay free is held.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from watcher_rearrange.model import records as model
from watcher_rearrange.policies.file import groups
from watcher_rearrange.policies.file import hours
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection


# More than any node has, and no sum of it overflows.
LARGEST = 2**53


@dataclasses.dataclass
class _Facts:
    """What the rules come to.

    :ivar selector: of the whole cloud
    :ivar whole: the cloud
    :ivar inside: UUIDs of the instances that they are for
    :ivar outside: where others are, and go to, and where those inside do
        that the snapshot does not show; by UUID
    :ivar moving: UUIDs of all that migrate
    :ivar stays: why instances stay, by UUID
    :ivar kept: what must stay free, by hostname and resource class
    """

    selector: selection.Selector
    whole: model.Snapshot
    inside: frozenset[str]
    outside: Mapping[str, frozenset[str]]
    moving: frozenset[str]
    fences: list[model.Fence] = dataclasses.field(default_factory=list)
    relations: list[model.Relation] = dataclasses.field(default_factory=list)
    groups: list[model.ServerGroup] = dataclasses.field(default_factory=list)
    stays: dict[str, str] = dataclasses.field(default_factory=dict)
    kept: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)


def lower(
    snapshot: model.Snapshot,
    policy: records.Policy,
    now: datetime.datetime | None = None,
    whole: model.Snapshot | None = None,
) -> model.Snapshot:
    """Return the snapshot with the rules of a policy in it.

    :param now: when the migrations begin; with a time zone
    :param whole: the cloud that the snapshot is a part of; its instances and
        nodes are in it, too
    :raises BadInput: if a rule makes no sense on this cluster
    """
    moment = now or datetime.datetime.now(datetime.timezone.utc)
    whole = whole or snapshot
    inside = frozenset(one.uuid for one in snapshot.instances)
    moving = {m.instance for m in whole.migrations if m.in_progress}
    facts = _Facts(
        selection.Selector(whole),
        whole,
        inside,
        _elsewhere(snapshot, whole),
        frozenset(moving),
    )
    for rule in policy.rules:
        _Lowering(snapshot, rule, facts, moment).add()
    return dataclasses.replace(
        with_stays(snapshot, facts.stays),
        compute_nodes=tuple(
            _keeping(node, facts.kept.get(node.hostname, {}))
            for node in snapshot.compute_nodes
        ),
        server_groups=(*snapshot.server_groups, *facts.groups),
        fences=tuple(facts.fences),
        relations=tuple(facts.relations),
    )


def with_stays(
    snapshot: model.Snapshot, stays: Mapping[str, str]
) -> model.Snapshot:
    """Return the snapshot with more instances that stay.

    :param stays: why, by UUID; who stays already keeps its reason
    """
    return dataclasses.replace(
        snapshot,
        instances=tuple(_staying(one, stays) for one in snapshot.instances),
    )


def quiet(rule: records.Rule) -> str:
    """Return why instances stay in the hours of a rule."""
    return f'in the quiet hours of rule {rule.name}'


class _Lowering:
    """One rule."""

    def __init__(
        self,
        snapshot: model.Snapshot,
        rule: records.Rule,
        facts: _Facts,
        now: datetime.datetime,
    ) -> None:
        self._snapshot = snapshot
        self._rule = rule
        self._facts = facts
        self._now = now
        self._weight = None if rule.must else rule.weight

    def add(self) -> None:
        """Add what the rule comes to."""
        kinds: Mapping[str, Callable[[], None]] = {
            records.FENCE: lambda: self._fence(self._hosts()),
            records.BAN: lambda: self._fence(self._all() - self._hosts()),
            records.SPREAD: self._spread,
            records.GATHER: self._gather,
            records.NEAR: lambda: self._relate(
                model.TOGETHER, self._parts(), self._whom()
            ),
            records.LONELY: self._lonely,
            records.SPLIT: self._split,
            records.MAX_INSTANCES: self._max_instances,
            records.RESERVE: self._reserve,
            records.ROOT: lambda: self._stay(
                self._whom(), f'kept by rule {self._rule.name}'
            ),
            records.ONLY: lambda: self._stay(
                self._facts.inside - self._whom(),
                f'not meant by rule {self._rule.name}',
            ),
            records.QUIET_HOURS: self._quiet_hours,
        }
        # A budget and a priority are about plans, not about placements.
        if self._rule.kind in kinds:
            kinds[self._rule.kind]()

    def _whom(self) -> frozenset[str]:
        return self._uuids(
            self._facts.selector.instances(self._rule.instances)
        )

    def _uuids(self, indices: Iterable[int]) -> frozenset[str]:
        return frozenset(self._facts.whole.instances[k].uuid for k in indices)

    def _hosts(self) -> frozenset[str]:
        return frozenset(
            self._facts.whole.compute_nodes[k].hostname
            for k in self._facts.selector.nodes(self._rule.nodes)
        )

    def _all(self) -> frozenset[str]:
        return frozenset(n.hostname for n in self._snapshot.compute_nodes)

    def _parts(self) -> dict[str, str]:
        return self._facts.selector.parts(self._rule.over)

    def _fence(self, hosts: frozenset[str]) -> None:
        whom = self._whom() & self._facts.inside
        if whom:
            self._facts.fences.append(
                model.Fence(self._rule.name, whom, hosts, self._weight)
            )

    def _spread(self) -> None:
        over_nodes = self._rule.over.what == records.NODE
        whom = self._whom()
        if over_nodes and self._rule.must and not self._is_outside(whom):
            self._group(model.ANTI_AFFINITY, whom, self._rule.at_most)
        else:
            self._relate(model.AT_MOST, self._parts(), whom)

    def _gather(self) -> None:
        whom = self._whom()
        if self._rule.must and not self._is_outside(whom):
            self._group(model.AFFINITY, whom)
        else:
            parts = self._facts.selector.parts(records.Over())
            self._relate(model.TOGETHER, parts, whom)

    def _is_outside(self, whom: frozenset[str]) -> bool:
        """Whether one is, or goes, where the snapshot does not show it."""
        return not whom.isdisjoint(self._facts.outside)

    def _lonely(self) -> None:
        self._relate(model.EXCLUSIVE, self._nodes(), self._whom(), None)

    def _split(self) -> None:
        others = self._uuids(self._facts.selector.others(self._rule))
        self._relate(model.EXCLUSIVE, self._parts(), self._whom(), others)

    def _max_instances(self) -> None:
        nodes = {host: host for host in self._hosts()}
        self._relate(model.AT_MOST, nodes, self._whom())

    def _nodes(self) -> dict[str, str]:
        return {host: host for host in self._all()}

    def _group(self, policy: str, whom: frozenset[str], most: int = 1) -> None:
        if len(whom) > 1:
            self._facts.groups.append(
                groups.of_rule(self._rule.name, policy, whom, most)
            )

    def _relate(
        self,
        kind: str,
        part_of: Mapping[str, str],
        whom: frozenset[str],
        others: frozenset[str] | None = frozenset(),
    ) -> None:
        """Add a relation of those inside, with what is known of the rest.

        :param others: None for everybody who is not meant
        """
        facts, inside = self._facts, self._facts.inside
        away = others
        if away is None:
            away = frozenset(facts.outside) - whom
        relation = model.Relation(
            self._rule.name,
            kind,
            whom & inside,
            part_of,
            others if others is None else others & inside,
            self._rule.at_most,
            self._weight,
            self._outside(whom, part_of),
            self._outside(away, part_of),
            self._outside(whom - facts.moving, part_of),
            whom & inside & facts.outside.keys(),
        )
        if _can_break(relation):
            facts.relations.append(relation)

    def _outside(
        self, whom: frozenset[str], part_of: Mapping[str, str]
    ) -> dict[str, int]:
        """How many of some are in each part, unseen in the snapshot."""
        outside = self._facts.outside
        return dict(
            collections.Counter(
                part
                for uuid in whom & outside.keys()
                for part in {
                    part_of[host] for host in outside[uuid] if host in part_of
                }
            )
        )

    def _reserve(self) -> None:
        for host in self._hosts():
            kept = self._facts.kept.setdefault(host, {})
            for name, amount in self._rule.keep.items():
                kept[name] = max(amount, kept.get(name, 0))

    def _quiet_hours(self) -> None:
        if hours.within(self._rule.hours, self._now):
            self._stay(self._whom(), quiet(self._rule))

    def _stay(self, whom: frozenset[str], reason: str) -> None:
        for uuid in whom:
            self._facts.stays.setdefault(uuid, reason)


def _can_break(relation: model.Relation) -> bool:
    """Whether it binds anybody inside."""
    if relation.kind == model.EXCLUSIVE:
        others = relation.others != frozenset() or relation.others_outside
        return bool(others and (relation.members or relation.outside))
    count = len(relation.members)
    if relation.kind == model.TOGETHER:
        return count > 0 and count + len(relation.outside) > 1
    most = max(relation.outside.values(), default=0)
    return count > 0 and count + most > relation.most


def _elsewhere(
    snapshot: model.Snapshot, whole: model.Snapshot
) -> dict[str, frozenset[str]]:
    """The hosts that instances are on, or go to, unseen in the snapshot."""
    found: dict[str, set[str]] = {}
    seen = {one.uuid: {one.host} for one in snapshot.instances}
    for moves, ends in (
        (whole.migrations, found),
        (snapshot.migrations, seen),
    ):
        for move in moves:
            if move.in_progress:
                both = (move.source, move.destination)
                ends.setdefault(move.instance, set()).update(both)
    for one in whole.instances:
        if one.uuid not in seen:
            found.setdefault(one.uuid, set()).add(one.host)
    unseen = {
        uuid: frozenset(hosts - seen.get(uuid, set()))
        for uuid, hosts in found.items()
    }
    return {uuid: hosts for uuid, hosts in unseen.items() if hosts}


def _staying(
    instance: model.Instance, stays: Mapping[str, str]
) -> model.Instance:
    reason = stays.get(instance.uuid)
    if reason is None or instance.stays:
        return instance
    return dataclasses.replace(instance, stays=reason)


def _keeping(
    node: model.ComputeNode, kept: Mapping[str, int]
) -> model.ComputeNode:
    if not kept:
        return node
    held = dict(node.held)
    for name, amount in kept.items():
        held[name] = held.get(name, 0) + min(amount, LARGEST)
    return dataclasses.replace(node, held=held)
