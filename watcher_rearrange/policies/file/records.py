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

"""What a policy file says, as plain frozen records.

A list of a selection is fulfilled by any of its entries, a selection by all
of its lists that are not empty. Names are patterns as of the shell.
"""

from __future__ import annotations

import dataclasses
import datetime

from collections.abc import Mapping
from dataclasses import field


FENCE = 'fence'
BAN = 'ban'
SPREAD = 'spread'
GATHER = 'gather'
NEAR = 'near'
LONELY = 'lonely'
ROOT = 'root'
SPLIT = 'split'
RESERVE = 'reserve'
MAX_INSTANCES = 'max_instances'
QUIET_HOURS = 'quiet_hours'
BUDGET = 'budget'
PRIORITY = 'priority'
ONLY = 'only'

NODE = 'node'
ZONE = 'zone'


@dataclasses.dataclass(frozen=True)
class Instances:
    """A selection of instances; all of them if it says nothing.

    :ivar metadata: patterns of values by key
    :ivar server_groups: patterns of names, or UUIDs
    """

    projects: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    uuids: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    flavors: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    server_groups: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Nodes:
    """A selection of compute nodes; all of them if it says nothing.

    :ivar aggregates: patterns of names
    :ivar traits: each of which a node must have
    """

    names: tuple[str, ...] = ()
    aggregates: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Over:
    """Into what the nodes are divided: nodes, zones, or aggregates.

    :ivar what: ``node`` or ``zone``; empty if the aggregates divide them
    :ivar aggregates: patterns of the names of aggregates, each a part, such
        as one for each rack; nodes in none of them are each a part
    """

    what: str = NODE
    aggregates: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Hours:
    """A time of the day, UTC; it may go over midnight.

    :ivar end: just after it; if that is no later than the start, on the day
        after
    :ivar days: 0 for Monday, on which it begins
    :ivar text: as it stands in the policy file
    """

    start: datetime.time
    end: datetime.time
    days: frozenset[int] = frozenset(range(7))
    text: str = field(default='', compare=False)


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule of a policy file; its kind says which fields it has.

    :ivar must: whether no plan may break it; else it counts as an aim
    :ivar weight: of one breach, where it is an aim
    :ivar others: those that ``split`` keeps away from the instances; who is
        in both is one of the instances
    :ivar at_most: instances of a part of the nodes, for ``spread``, or of
        one node, for ``max_instances``
    :ivar keep: amounts of resource classes that ``reserve`` keeps free on
        each of the nodes
    :ivar hours: when ``quiet_hours`` forbids migrations
    :ivar migrations: a day, that ``budget`` permits
    :ivar each: ``project`` or ``server_group`` that has a budget of its
        own, or empty
    :ivar value: of ``priority``: who has more of it is moved first
    """

    name: str
    kind: str
    must: bool = True
    weight: float = 1.0
    instances: Instances = Instances()
    nodes: Nodes = Nodes()
    others: Instances = Instances()
    over: Over = Over()
    at_most: int = 1
    keep: Mapping[str, int] = field(default_factory=dict)
    hours: tuple[Hours, ...] = ()
    migrations: int = 0
    each: str = ''
    value: float = 0.0


@dataclasses.dataclass(frozen=True)
class Policy:
    """All rules, in the order of the file."""

    rules: tuple[Rule, ...] = ()

    def musts(self) -> Policy:
        """Return the rules that must hold, alone."""
        return Policy(tuple(rule for rule in self.rules if rule.must))
