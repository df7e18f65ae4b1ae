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

"""Random scenarios with rules: what Nova enforces, and a policy.

The clusters are those of :mod:`.real_cloud_scenarios`. Rules are laid over
where their instances are, so that all of them hold at first; then some nodes
lose what instances need of them, and these rules are broken.
"""

from __future__ import annotations

import collections
import dataclasses
import random

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from benchmarks import real_cloud_parameters
from benchmarks import real_cloud_ruled_parameters as ruled_parameters
from benchmarks import real_cloud_scenarios as scenarios
from tests.functional.minicloud import tenant


POOL = 'aggregate_instance_extra_specs:pool'
TENANTS = 'filter_tenant_id'
FLAVORS = 'instance_type'
NOBODY = 'f' * 32

ANTI_AFFINITY = 'anti-affinity'
AFFINITY = 'affinity'
POLICIES = (
    ANTI_AFFINITY,
    ANTI_AFFINITY,
    AFFINITY,
    'soft-anti-affinity',
    'soft-affinity',
)
STRATEGIES = (*real_cloud_parameters.STRATEGIES, ruled_parameters.POLICY)

POOLS = ('ssd', 'gpu')
TRAITS = ('CUSTOM_FAST', 'CUSTOM_QUIET')
BOUND_RATIO = 0.3
PINNED_RATIO = 0.3

Homes = Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Group:
    """A server group.

    :param most: members on one host, if the policy is anti-affinity
    """

    name: str
    policy: str
    most: int | None


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """An aggregate; its metadata may name an availability zone."""

    name: str
    hosts: tuple[str, ...]
    metadata: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Rules:
    """What is restricted before instances are booted, and after.

    :param traits: hosts that have each
    :param leaving: aggregates, each with a host that leaves it afterwards
    :param fading: traits, each with the hosts that still have it afterwards
    :param late: aggregates that are made afterwards
    """

    groups: tuple[Group, ...]
    aggregates: tuple[Aggregate, ...]
    traits: dict[str, tuple[str, ...]]
    leaving: dict[str, str]
    fading: dict[str, tuple[str, ...]]
    late: tuple[Aggregate, ...]


@dataclasses.dataclass(frozen=True)
class RuledScenario(scenarios.Scenario):
    """A scenario, and its rules.

    Instances have the name of their group.
    """

    rules: Rules


class Drawing:
    """Draws rules over one scenario.

    :param dice: for them alone
    :param base: the scenario
    :param names: hosts
    """

    def __init__(
        self,
        dice: random.Random,
        base: scenarios.Scenario,
        names: Sequence[str],
    ) -> None:
        """Draw nothing yet."""
        self._dice = dice
        self._base = base
        self._names = names
        wishes = (*base.instances, *base.created)
        self._wishes = {wish.name: wish for wish in wishes}
        self._homes = {wish.name: wish.host or '' for wish in wishes}

    def scenario(self) -> RuledScenario:
        """Return the scenario."""
        base = self._base
        strategy = STRATEGIES[base.number % len(STRATEGIES)]
        zones = self._zones()
        pools = self._pools()
        traits = self._traits()
        groups = self._groups()
        rules = Rules(
            groups=groups,
            aggregates=(*zones, *pools),
            traits=traits,
            leaving=self._leaving(pools, strategy),
            fading=self._fading(traits, strategy),
            late=self._late(strategy),
        )
        closed = {*base.disabled, base.dead}
        parameters = ruled_parameters.draw(
            strategy,
            self._dice,
            [name for name in self._names if name not in closed],
            sorted(self._wishes),
        )
        fields = {
            field.name: getattr(base, field.name)
            for field in dataclasses.fields(base)
        }
        fields.update(
            strategy=strategy,
            parameters=parameters,
            instances=self._drawn(base.instances),
            created=self._drawn(base.created),
            rules=rules,
        )
        return RuledScenario(**fields)

    def _drawn(self, wishes: Iterable[tenant.Wish]) -> tuple[tenant.Wish, ...]:
        return tuple(self._wishes[wish.name] for wish in wishes)

    def _change(self, name: str, **fields: Any) -> None:
        changed = dataclasses.replace(self._wishes[name], **fields)
        self._wishes[name] = changed

    def _zones(self) -> tuple[Aggregate, ...]:
        dice = self._dice
        if dice.random() < 0.25:
            return ()
        shuffled = dice.sample(self._names, len(self._names))
        count = dice.choice((2, 2, 3))
        parts = [tuple(sorted(shuffled[n::count])) for n in range(count)]
        # The rest is in the zone that Nova has for those in none.
        if dice.random() < 0.3:
            parts.pop()
        found = []
        for number, hosts in enumerate(parts, 1):
            zone = f'az{number}'
            found.append(
                Aggregate(f'zone-{zone}', hosts, {'availability_zone': zone})
            )
            for name in self._some(hosts, PINNED_RATIO):
                self._change(name, zone=zone)
        return tuple(found)

    def _pools(self) -> tuple[Aggregate, ...]:
        found = []
        for pool in POOLS:
            if self._dice.random() < 0.3:
                continue
            hosts = self._part()
            found.append(Aggregate(f'pool-{pool}', hosts, {'pool': pool}))
            self._bind(hosts, POOL, pool)
        return tuple(found)

    def _traits(self) -> dict[str, tuple[str, ...]]:
        found = {}
        for trait in TRAITS:
            if self._dice.random() < 0.3:
                continue
            found[trait] = self._part()
            self._bind(found[trait], f'trait:{trait}', 'required')
        return found

    def _part(self) -> tuple[str, ...]:
        count = self._dice.randint(2, max(2, len(self._names) * 2 // 3))
        return tuple(sorted(self._dice.sample(self._names, count)))

    def _some(self, hosts: Sequence[str], ratio: float) -> list[str]:
        return [
            name
            for name, home in self._homes.items()
            if home in hosts and self._dice.random() < ratio
        ]

    def _bind(self, hosts: Sequence[str], key: str, value: str) -> None:
        for name in self._some(hosts, BOUND_RATIO):
            specs = dict(self._wishes[name].specs)
            # An instance is in one pool.
            if key not in specs:
                specs[key] = value
                self._change(name, specs=tuple(sorted(specs.items())))

    def _groups(self) -> tuple[Group, ...]:
        dice = self._dice
        # Where the scheduler puts what is resized, nobody knows.
        free = [name for name in self._homes if name != self._base.resized]
        dice.shuffle(free)
        found = []
        for number in range(dice.randint(1, max(3, len(self._names) // 2))):
            policy = dice.choice(POLICIES)
            most = dice.choice((1, 2)) if policy == ANTI_AFFINITY else None
            members = self._members(policy, most, free)
            if len(members) < 2:
                continue
            name = f'group{number}'
            found.append(Group(name, policy, most))
            for member in members:
                free.remove(member)
                self._change(member, group=name)
        return tuple(found)

    def _members(
        self, policy: str, most: int | None, free: Sequence[str]
    ) -> list[str]:
        wanted = self._dice.randint(2, 5)
        if policy == AFFINITY:
            home = self._homes[free[0]] if free else ''
            return [n for n in free if self._homes[n] == home][:wanted]
        if most is None:
            return list(free[:wanted])
        counts: collections.Counter[str] = collections.Counter()
        found = []
        for name in free:
            home = self._homes[name]
            if counts[home] < most and len(found) < wanted:
                counts[home] += 1
                found.append(name)
        return found

    def _is_broken(self, strategy: str) -> bool:
        likely = strategy == ruled_parameters.POLICY
        return self._dice.random() < (0.7 if likely else 0.25)

    def _leaving(
        self, pools: Iterable[Aggregate], strategy: str
    ) -> dict[str, str]:
        return {
            pool.name: self._dice.choice(pool.hosts)
            for pool in pools
            if self._is_broken(strategy)
        }

    def _fading(
        self, traits: Mapping[str, Sequence[str]], strategy: str
    ) -> dict[str, tuple[str, ...]]:
        found = {}
        for trait, hosts in traits.items():
            if self._is_broken(strategy):
                gone = self._dice.choice(hosts)
                found[trait] = tuple(host for host in hosts if host != gone)
        return found

    def _late(self, strategy: str) -> tuple[Aggregate, ...]:
        dice = self._dice
        found = []
        if self._is_broken(strategy):
            theirs = (dice.choice(self._names),)
            found.append(Aggregate('theirs', theirs, {TENANTS: NOBODY}))
        if self._is_broken(strategy):
            few = (dice.choice(self._names),)
            small = list(scenarios.FLAVORS)[:3]
            names = ','.join(map(tenant.flavor_name, small))
            found.append(Aggregate('small', few, {FLAVORS: names}))
        return tuple(found)


def draw(number: int, seed: int, count: int) -> RuledScenario:
    """Return one of so many scenarios on its cloud, with rules."""
    base = scenarios.draw(number, seed, count)
    cloud = scenarios.cloud_of(number, count)
    names = [host.name for host in scenarios.hosts(cloud, seed)]
    dice = random.Random(f'{seed} rules {number}')
    return Drawing(dice, base, names).scenario()
