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

"""The rules of a policy document, with whom and what they mean.

Rules that ask who else is there come down to three forms:

- limited: in part p are at most limit(p) of something;
- together: who arrives in a part finds another one there;
- apart: in no part are both one of the members and one of the others.
"""

from __future__ import annotations

import math

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.policy_selection import Selections


LIMITED = ('spread', 'max_instances', 'reserve')
TOGETHER = ('gather', 'near')
APART = ('lonely', 'split')


@dataclass(frozen=True)
class Rule:
    """A rule on one cluster.

    :ivar members: uuids of its instances
    :ivar others: uuids of those that are kept apart from them
    :ivar nodes: hostnames of its nodes
    :ivar part_of: the part of each node, by hostname
    :ivar data: the rule as the document has it
    """

    name: str
    kind: str
    must: bool
    members: frozenset[str]
    others: frozenset[str]
    nodes: frozenset[str]
    part_of: dict[str, str]
    data: dict[str, Any]

    @property
    def id(self) -> str:
        """What the checker calls this kind of rule."""
        return f'policy_{self.kind}'

    def limit(self, part: str) -> Amount:
        """The most of its instances in a part, for spread and the like."""
        if self.kind == 'max_instances' and part not in self.nodes:
            return math.inf
        return int(self.data.get('at_most', 1))


def read_rules(
    snapshot: dict[str, Any], document: dict[str, Any], cluster: Cluster
) -> list[Rule]:
    """The rules; who is released is no longer one of anybody."""
    selections = Selections(snapshot)
    return [
        _rule(selections, data, cluster.released) for data in document['rules']
    ]


def bounds(rule: Rule, cluster: Cluster) -> Iterator[tuple[str, str, int]]:
    """Node, resource class and the most that a reserve leaves to be used."""
    for hostname in sorted(rule.nodes):
        limits = cluster.nodes[hostname].limits
        for name, keep in rule.data['keep'].items():
            yield hostname, name, limits.get(name, 0) - int(keep)


def _rule(
    selections: Selections, data: dict[str, Any], released: frozenset[str]
) -> Rule:
    kind = data['rule']
    members = selections.instances(data.get('instances')) - released
    others: frozenset[str] = frozenset()
    if kind in APART:
        wanted = data['others'] if kind == 'split' else None
        others = selections.instances(wanted) - members - released
    return Rule(
        name=data['name'],
        kind=kind,
        must='should' not in data and kind != 'priority',
        members=members,
        others=others,
        nodes=selections.nodes(data.get('nodes')),
        part_of=selections.parts(data.get('over', 'node')),
        data=data,
    )
