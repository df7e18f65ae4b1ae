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

"""What a placement breaks of a policy."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from watcher_rearrange.checker import policy_rules as rules
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Dimension
from watcher_rearrange.checker.policy_rules import Rule
from watcher_rearrange.checker.violation import UNITS
from watcher_rearrange.checker.violation import Violation


# By uuid: the nodes that an instance holds room on.
Holding = Mapping[str, Sequence[str]]

COMPANY = {
    'gather': 'other instances of it on the node',
    'near': 'other instances of it in the part',
}
PARTS = {
    'gather': 'nodes hold its instances',
    'near': 'parts hold its instances',
}
BESIDE = 'others beside its instances'


def broken(
    found: Sequence[Rule], cluster: Cluster, holding: Holding
) -> Iterator[Violation]:
    """Each breach of each rule, should or must, in a placement."""
    for rule in found:
        if rule.kind in ('fence', 'ban'):
            yield from _misplaced(rule, holding)
        elif rule.kind == 'reserve':
            yield from _short(rule, cluster, holding)
        elif rule.kind in rules.LIMITED:
            yield from _crowded(rule, holding)
        elif rule.kind in rules.TOGETHER:
            yield from _scattered(rule, holding)
        elif rule.kind in rules.APART:
            yield from _met(rule, holding)


def outside(rule: Rule, hostname: str) -> bool:
    """Whether a fence or a ban keeps its instances off the node."""
    return (hostname in rule.nodes) == (rule.kind == 'ban')


def met(rule: Rule, part: str, count: int) -> Violation:
    """So many of the others are in a part with one of the members."""
    return Violation(rule.id, (rule.name, part), count, 0, BESIDE)


def crowded(rule: Rule, part: str, count: int) -> Violation:
    """More instances in a part than the rule allows."""
    things = (rule.name, part)
    return Violation(rule.id, things, count, rule.limit(part), 'instances')


def short(
    rule: Rule, cluster: Cluster, hostname: str, name: str, used: Any
) -> Violation:
    """Less of a resource class is free than is to be kept."""
    free = cluster.nodes[hostname].limits.get(name, 0) - used
    keep = rule.data['keep'][name]
    things = (rule.name, hostname, name)
    return Violation(rule.id, things, free, keep, UNITS.get(name, 'units'))


def _misplaced(rule: Rule, holding: Holding) -> Iterator[Violation]:
    for uuid in sorted(rule.members):
        for hostname in holding[uuid]:
            if outside(rule, hostname):
                yield Violation(rule.id, (rule.name, uuid, hostname))


def _short(
    rule: Rule, cluster: Cluster, holding: Holding
) -> Iterator[Violation]:
    used = {
        (hostname, dimension.name): amount
        for hostname in rule.nodes
        for dimension, amount in cluster.nodes[hostname].held.items()
    }
    for uuid, hostnames in holding.items():
        demand = cluster.instances[uuid].demand
        for hostname in hostnames:
            for name in rule.data['keep']:
                amount = demand.get(Dimension('capacity', name), 0)
                key = (hostname, name)
                used[key] = used.get(key, 0) + amount
    for hostname, name, most in rules.bounds(rule, cluster):
        amount = used.get((hostname, name), 0)
        if amount > most:
            yield short(rule, cluster, hostname, name, amount)


def _crowded(rule: Rule, holding: Holding) -> Iterator[Violation]:
    for part, crowd in _crowds(rule, rule.members, holding).items():
        if len(crowd) > rule.limit(part):
            yield crowded(rule, part, len(crowd))


def _scattered(rule: Rule, holding: Holding) -> Iterator[Violation]:
    parts = _crowds(rule, rule.members, holding)
    if len(parts) > 1 and len(rule.members) > 1:
        unit = PARTS[rule.kind]
        yield Violation(rule.id, (rule.name,), len(parts), 1, unit)


def _met(rule: Rule, holding: Holding) -> Iterator[Violation]:
    members = _crowds(rule, rule.members, holding)
    others = _crowds(rule, rule.others, holding)
    for part in sorted(members.keys() & others.keys()):
        yield met(rule, part, len(others[part]))


def _crowds(
    rule: Rule, uuids: frozenset[str], holding: Holding
) -> dict[str, set[str]]:
    """Who is in each part, by part."""
    crowds: dict[str, set[str]] = {}
    for uuid in sorted(uuids):
        for hostname in holding[uuid]:
            crowds.setdefault(rule.part_of[hostname], set()).add(uuid)
    return crowds
