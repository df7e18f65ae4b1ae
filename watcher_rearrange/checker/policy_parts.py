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

"""Rules of a policy that ask who else is there, while a plan runs.

A rule that limits what is in a part of the nodes, and one that wants company
there, is judged like capacity and like an affinity group: in a cluster whose
nodes are the parts, along the same plan. A move within a part is none.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from watcher_rearrange.checker import policy_placement as placement
from watcher_rearrange.checker import policy_rules as rules
from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Dimension
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.cluster import Node
from watcher_rearrange.checker.occupancy import Occupancy
from watcher_rearrange.checker.policy_rules import Rule
from watcher_rearrange.checker.simulator import Path
from watcher_rearrange.checker.violation import Violation


# For parts that a rule does not limit.
_ANY = 2**63
# Between the name of a rule, which cannot have it, and a resource class.
_OF = '\0'


@dataclass(frozen=True)
class Parts:
    """A plan on the parts of the nodes.

    :ivar cluster: the parts as nodes; its dimensions are the rules
    :ivar path: the plan, in which only moves between parts are migrations
    """

    cluster: Cluster
    path: Path
    whole: Cluster
    by_dimension: dict[Dimension, Rule]

    def reworded(self, found: Iterable[Violation]) -> list[Violation]:
        """What breaches of dimensions mean for their rules, if anything."""
        said = map(self._reworded, found)
        return [one for one in said if one is not None]

    def _reworded(self, found: Violation) -> Violation | None:
        if found.rule == 'affinity':
            name, uuid, part = found.things
            rule = self.by_dimension[Dimension('affinity', name)]
            unit = placement.COMPANY[rule.kind]
            things = (rule.name, uuid, part)
            return Violation(rule.id, things, 0, 1, unit, found.when)
        if found.rule != 'capacity':
            return None
        part, name = found.things
        rule = self.by_dimension[Dimension('capacity', name)]
        assert isinstance(found.current, int)
        if rule.kind == 'reserve':
            resource_class = name.rpartition(_OF)[2]
            said = placement.short(
                rule, self.whole, part, resource_class, found.current
            )
        else:
            said = placement.crowded(rule, part, found.current)
        return dataclasses.replace(said, when=found.when)


def divisions(
    found: Iterable[Rule], cluster: Cluster, path: Path
) -> Iterator[Parts]:
    """The plan on each way to divide the nodes that rules use."""
    by_parts: list[tuple[dict[str, str], list[Rule]]] = []
    for rule in found:
        if rule.kind not in (*rules.LIMITED, *rules.TOGETHER):
            continue
        for part_of, group in by_parts:
            if part_of is rule.part_of:
                group.append(rule)
                break
        else:
            by_parts.append((rule.part_of, [rule]))
    for part_of, group in by_parts:
        yield _parts(part_of, group, cluster, path)


def _parts(
    part_of: dict[str, str],
    group: Sequence[Rule],
    cluster: Cluster,
    path: Path,
) -> Parts:
    limits: dict[str, dict[str, int]] = {}
    demands: dict[str, dict[Dimension, Amount]] = {}
    by_dimension: dict[Dimension, Rule] = {}
    for rule in group:
        for dimension, demand in _demands(rule, cluster):
            by_dimension[dimension] = rule
            for uuid, amount in demand.items():
                demands.setdefault(uuid, {})[dimension] = amount
        for part, name, most in _limits(rule, part_of, cluster):
            limits.setdefault(part, {})[name] = most
    parts = _cluster(part_of, limits, demands, cluster)
    start = _with_held(Occupancy(parts), cluster, by_dimension)
    actions = [_between(action, part_of) for action in path.actions]
    touched = {one.destination for one in actions if one.migrates}
    touched |= {one.source for one in actions if one.migrates}
    start = start.copy(touched)
    moved = dataclasses.replace(path, actions=actions, start=start)
    return Parts(parts, moved, cluster, by_dimension)


def _demands(
    rule: Rule, cluster: Cluster
) -> Iterator[tuple[Dimension, dict[str, Amount]]]:
    """Each dimension of a rule, and how much of it who uses."""
    if rule.kind in rules.TOGETHER:
        if len(rule.members) > 1:
            dimension = Dimension('affinity', rule.name)
            yield dimension, dict.fromkeys(rule.members, 1)
    elif rule.kind == 'reserve':
        for name in rule.data['keep']:
            wanted = Dimension('capacity', name)
            yield (
                Dimension('capacity', f'{rule.name}{_OF}{name}'),
                {
                    uuid: instance.demand[wanted]
                    for uuid, instance in cluster.instances.items()
                    if wanted in instance.demand
                },
            )
    else:
        dimension = Dimension('capacity', rule.name)
        yield dimension, dict.fromkeys(rule.members, 1)


def _limits(
    rule: Rule, part_of: dict[str, str], cluster: Cluster
) -> Iterator[tuple[str, str, int]]:
    """Part, name of the dimension, and the most of it there."""
    if rule.kind == 'reserve':
        for name in rule.data['keep']:
            for hostname in part_of:
                yield hostname, f'{rule.name}{_OF}{name}', _ANY
        for hostname, name, most in rules.bounds(rule, cluster):
            yield hostname, f'{rule.name}{_OF}{name}', most
    elif rule.kind in rules.LIMITED:
        for part in part_of.values():
            yield part, rule.name, int(min(rule.limit(part), _ANY))


def _cluster(
    part_of: dict[str, str],
    limits: dict[str, dict[str, int]],
    demands: dict[str, dict[Dimension, Amount]],
    cluster: Cluster,
) -> Cluster:
    return Cluster(
        nodes={
            part: _node(part, limits.get(part, {}))
            for part in dict.fromkeys(part_of.values())
        },
        instances={
            uuid: _instance(instance, part_of, demands.get(uuid, {}))
            for uuid, instance in cluster.instances.items()
        },
        group_limits={},
        migrating={
            uuid: frozenset(part_of.get(hostname, '') for hostname in ends)
            for uuid, ends in cluster.migrating.items()
        },
        released=cluster.released,
        aggregates=[],
        filters=frozenset(),
    )


def _node(part: str, limits: dict[str, int]) -> Node:
    return Node(
        hostname=part,
        up=True,
        enabled=True,
        zone='',
        traits=frozenset(),
        limits=limits,
        held={},
        units={},
        record={},
    )


def _instance(
    instance: Instance,
    part_of: dict[str, str],
    demand: dict[Dimension, Amount],
) -> Instance:
    part = part_of.get(instance.host, '')
    return dataclasses.replace(instance, host=part, demand=demand)


def _with_held(
    start: Occupancy, cluster: Cluster, by_dimension: dict[Dimension, Rule]
) -> Occupancy:
    """Add what others than instances hold, for each reserve."""
    for dimension, rule in by_dimension.items():
        if rule.kind != 'reserve':
            continue
        wanted = Dimension('capacity', dimension.name.rpartition(_OF)[2])
        for hostname, node in cluster.nodes.items():
            used = start.used[hostname]
            amount = used.get(dimension, 0) + node.held.get(wanted, 0)
            used[dimension] = amount
    return start


def _between(action: Action, part_of: dict[str, str]) -> Action:
    """The action between parts; what does not move out of its part waits."""
    if not action.migrates:
        return Action(action.id, 'enable_service', action.parents)
    source = part_of[action.source]
    destination = part_of[action.destination]
    if source == destination:
        return Action(action.id, 'enable_service', action.parents, node=source)
    return dataclasses.replace(action, source=source, destination=destination)
