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

"""Judges whether rules hold, by what Nova and Placement answer."""

from __future__ import annotations

import collections
import dataclasses
import fnmatch

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from benchmarks import real_cloud_judge
from tests.functional.minicloud import session as sessions


Hosts = Mapping[str, str]
# How much each thing that is broken is so, by what it is.
Breaches = dict[str, int]

POOL = 'aggregate_instance_extra_specs:pool'
TRAIT = 'trait:'
TENANTS = 'filter_tenant_id'
FLAVORS = 'instance_type'


@dataclasses.dataclass(frozen=True)
class Bound:
    """An instance, and what it asks of its host."""

    name: str
    project: str
    flavor: str
    specs: Mapping[str, str]
    zone: str | None = None


@dataclasses.dataclass(frozen=True)
class Group:
    """A server group; its members are UUIDs."""

    name: str
    policy: str
    most: int
    members: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Facts:
    """What rules are about.

    :param instances: by UUID
    :param zones: availability zone of each host
    :param aggregates: hosts and metadata of each
    :param traits: of each host
    """

    instances: Mapping[str, Bound]
    groups: tuple[Group, ...] = ()
    zones: Mapping[str, str] = dataclasses.field(default_factory=dict)
    aggregates: tuple[tuple[frozenset[str], Mapping[str, str]], ...] = ()
    traits: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict
    )

    def values(self, host: str, key: str) -> set[str]:
        """Return what the aggregates of a host have for a key."""
        return {
            value.strip()
            for hosts, metadata in self.aggregates
            if host in hosts
            for value in metadata.get(key, '').split(',')
            if value.strip()
        }


class Judge(real_cloud_judge.Judge):
    """Judges a scenario with rules."""

    def _begin(self) -> None:
        self._policy = self._scenario.parameters.get('policy')
        self._facts = read(self._session)
        self._seen: dict[str, None] = {}

    def _look(self) -> None:
        super()._look()
        hosts = self._hosts()
        # Nova alone knows when it arrives, and where.
        hosts.pop(self._prepared.flying or '', None)
        self._seen.update(
            (f'meanwhile {what}', None)
            for what in self._compare(self._facts, hosts)[2]
        )

    def _outcome(self) -> real_cloud_judge.Row:
        row = super()._outcome()
        before, after, new = self._compare(read(self._session), self._hosts())
        return {
            **row,
            'rules': [*row['rules'], *self._seen, *new],
            'broken before': before,
            'broken after': after,
        }

    def _hosts(self) -> dict[str, str]:
        servers = self._session.tenant.servers()
        return {server.id: server.compute_host for server in servers}

    def _compare(
        self, facts: Facts, after: dict[str, str]
    ) -> tuple[Breaches, Breaches, list[str]]:
        """Return what was broken, what is, and what is more so."""
        before = {
            uuid: server.compute_host
            for uuid, server in self._before.items()
            if uuid in after
        }
        flying = self._prepared.flying or ''
        if flying in before:
            before[flying] = after[flying]
        was = breaches(facts, before, self._policy)
        now = breaches(facts, after, self._policy)
        return was, now, worse(was, now)


def read(session: sessions.Session) -> Facts:
    """Read what Nova and Placement say now."""
    restrictions = session.restrictions
    return Facts(
        instances={s.id: _bound(s) for s in session.tenant.servers()},
        groups=tuple(map(_group, restrictions.groups())),
        zones=restrictions.zones(),
        aggregates=tuple(
            (frozenset(a.hosts or ()), dict(a.metadata or {}))
            for a in restrictions.aggregates()
        ),
        traits=restrictions.traits(),
    )


def breaches(
    facts: Facts, hosts: Hosts, policy: Mapping[str, Any] | None = None
) -> Breaches:
    """Return what is broken while instances are on some hosts."""
    found: Breaches = {}
    for uuid, host in hosts.items():
        for what in _misfits(facts, facts.instances[uuid], host):
            found[f'{facts.instances[uuid].name}: {what}'] = 1
    for group in facts.groups:
        found.update(_of_group(group, hosts))
    for rule in (policy or {}).get('rules', ()):
        if 'should' not in rule:
            found.update(_of_rule(facts, rule, hosts))
    return {what: amount for what, amount in found.items() if amount > 0}


def worse(before: Breaches, after: Breaches) -> list[str]:
    """Return what is broken by more than before."""
    return [
        f'{what}, {amount} and before {before.get(what, 0)}'
        for what, amount in after.items()
        if amount > before.get(what, 0)
    ]


def _bound(server: Any) -> Bound:
    flavor = server.flavor
    return Bound(
        name=server.name,
        project=server.project_id,
        flavor=flavor.original_name,
        specs=dict(flavor.extra_specs or {}),
        zone=server.pinned_availability_zone,
    )


def _group(group: Any) -> Group:
    most = (group.rules or {}).get('max_server_per_host', 1)
    return Group(group.name, group.policy, int(most), tuple(group.member_ids))


def _misfits(facts: Facts, bound: Bound, host: str) -> Iterable[str]:
    if bound.zone and facts.zones.get(host) != bound.zone:
        yield f'not in zone {bound.zone}'
    pool = bound.specs.get(POOL)
    if pool and pool not in facts.values(host, 'pool'):
        yield f'not in pool {pool}'
    for key, wanted in bound.specs.items():
        if not key.startswith(TRAIT):
            continue
        trait = key.removeprefix(TRAIT)
        has = trait in facts.traits.get(host, ())
        if has != (wanted == 'required'):
            yield f'trait {trait} is {wanted}'
    tenants = facts.values(host, TENANTS)
    if tenants and bound.project not in tenants:
        yield 'on a host of other projects'
    flavors = facts.values(host, FLAVORS)
    if flavors and bound.flavor not in flavors:
        yield 'on a host of other flavors'


def _of_group(group: Group, hosts: Hosts) -> Breaches:
    members = [uuid for uuid in group.members if uuid in hosts]
    if group.policy == 'affinity':
        return _together(f'group {group.name}', members, hosts)
    if group.policy == 'anti-affinity':
        name = f'group {group.name}'
        return _limited(name, members, hosts, group.most)
    return {}


def _of_rule(facts: Facts, rule: Mapping[str, Any], hosts: Hosts) -> Breaches:
    """Return what of a rule of the policy is broken, in a simple form."""
    name, kind = rule['name'], rule['rule']
    members = [
        uuid
        for uuid in hosts
        if _matches(facts.instances[uuid].name, rule['instances']['names'])
    ]
    if kind == 'spread':
        return _limited(name, members, hosts, rule.get('at_most', 1))
    if kind == 'gather':
        return _together(name, members, hosts)
    wanted = {'fence': True, 'ban': False}[kind]
    return {
        f'{name}: {facts.instances[uuid].name}': 1
        for uuid in members
        if _matches(hosts[uuid], rule['nodes']['names']) != wanted
    }


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _together(name: str, members: Iterable[str], hosts: Hosts) -> Breaches:
    used = {hosts[uuid] for uuid in members}
    return {f'{name}: apart': len(used) - 1}


def _limited(
    name: str, members: Iterable[str], hosts: Hosts, most: int
) -> Breaches:
    counts = collections.Counter(hosts[uuid] for uuid in members)
    return {
        f'{name}: too many on {host}': count - most
        for host, count in counts.items()
    }
