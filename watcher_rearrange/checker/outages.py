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

"""Nodes that fail, at a moment of which not everything is known.

Node by node: the node fails, and with it, where more are to be tolerated,
those others that hold most memory, or each set that these may be, by itself.
Its instances are brought in one after another, who has most memory first, each
on the first node of the snapshot that is up, enabled, suitable and has room.

Whoever may have been on a failed node needs a place, and all that may be held
is taken. Only where an instance is no more, and does not go, once it is on a
failed node, it finds its own room. One that is migrating already is on either
end, and holds room on both for good.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import field
from itertools import combinations
from math import comb

from watcher_rearrange.checker import rules
from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Dimension
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.occupancy import Occupancy


Key = tuple[str, Dimension]

# What an instance asks for of resource classes.
Needs = tuple[tuple[Dimension, Amount], ...]

# So many sets of nodes are tried for a node, where it is not known which
# others are the fullest; if there are more, that is one too many.
_MOST_SETS = 8


@dataclass(frozen=True)
class View:
    """What is known of a moment, besides the start.

    :ivar stations: of instances that have moved, or may have, the nodes they
        may be on, one after the other
    :ivar bound_for: where an instance holds room that has not arrived
    :ivar closed: nodes whose service may be disabled
    :ivar opened: nodes whose service has been enabled
    """

    stations: dict[str, tuple[str, ...]] = field(default_factory=dict)
    bound_for: dict[str, str] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()

    def holds(self, instance: Instance) -> set[str]:
        """Nodes on which one that has moved, or may have, may hold room."""
        nodes = set(self.stations.get(instance.uuid, (instance.host,)))
        if instance.uuid in self.bound_for:
            nodes.add(self.bound_for[instance.uuid])
        return nodes


class Outages:
    """A cluster, asked what would happen if nodes failed."""

    def __init__(self, cluster: Cluster, failures: int) -> None:
        self.cluster = cluster
        self.start = Occupancy(cluster)
        self._failures = failures
        self._suits: dict[tuple[str, str], bool] = {}
        self.members: dict[Dimension, list[Instance]] = {}
        for instance in cluster.instances.values():
            if instance.uuid not in cluster.released:
                for dimension in instance.demand:
                    if dimension.rule == 'affinity':
                        self.members.setdefault(dimension, []).append(instance)
        self.needs = {
            uuid: tuple(
                (dimension, amount)
                for dimension, amount in instance.demand.items()
                if dimension.rule == 'capacity'
            )
            for uuid, instance in cluster.instances.items()
        }
        # Both ends of those that are migrating already.
        self._unmoved = {
            uuid: (cluster.instances[uuid].host, *self._far_ends(uuid))
            for uuid in cluster.migrating
            if uuid in cluster.instances
        }
        self._queue = sorted(
            (i for i in cluster.instances if i not in cluster.released),
            key=lambda uuid: _rank(cluster.instances[uuid]),
        )
        self._turn = {uuid: turn for turn, uuid in enumerate(self._queue)}

    def hopeless(
        self, view: View = View(), among: Collection[str] | None = None
    ) -> list[str]:
        """Nodes, of some or of all, whose failure might leave somebody out."""
        there: dict[str, list[Instance]] = {}
        for uuid in self._queue:
            instance = self.cluster.instances[uuid]
            for hostname in set(self.stations(view, instance)):
                there.setdefault(hostname, []).append(instance)
        spare = _Spare(self, view)
        found = []
        for hostname, others in self._others(view, there).items():
            if among is not None and hostname not in among:
                continue
            size = min(self._failures - 1, len(others))
            if comb(len(others), size) > _MOST_SETS or not all(
                self._has_places({hostname, *some}, spare, there)
                for some in combinations(others, size)
            ):
                found.append(hostname)
        return found

    def _has_places(
        self, failed: set[str], spare: _Spare, there: dict[str, list[Instance]]
    ) -> bool:
        """Whether all who may be on some nodes find places elsewhere."""
        trial = _Trial(spare, failed)
        fallen = {i.uuid for name in failed for i in there.get(name, ())}
        return all(
            trial.settle(self.cluster.instances[uuid])
            for uuid in sorted(fallen, key=self._turn.__getitem__)
        )

    def stations(self, view: View, instance: Instance) -> tuple[str, ...]:
        """The nodes that an instance may be on, one after the other."""
        if instance.uuid in view.stations:
            return view.stations[instance.uuid]
        return self._unmoved.get(instance.uuid, (instance.host,))

    def is_open(self, hostname: str, view: View) -> bool:
        """Whether a node takes instances for sure."""
        node = self.cluster.nodes[hostname]
        enabled = node.enabled or hostname in view.opened
        return node.up and enabled and hostname not in view.closed

    def is_suitable(self, instance: Instance, hostname: str) -> bool:
        """Whether Nova would let an instance start on a node."""
        key = (instance.uuid, hostname)
        if key not in self._suits:
            node = self.cluster.nodes[hostname]
            wrong = rules.suitable(self.cluster, instance, node)
            self._suits[key] = next(wrong, None) is None
        return self._suits[key]

    def _far_ends(self, uuid: str) -> list[str]:
        """The other nodes of an instance that is migrating already."""
        host = self.cluster.instances[uuid].host
        ends = self.cluster.migrating[uuid] - {host}
        return sorted(ends & self.cluster.nodes.keys())

    def more_held(self, view: View) -> dict[Key, Amount]:
        """What may be held now beyond what is held at the start."""
        extra: dict[Key, Amount] = {}
        for uuid in {*view.stations, *view.bound_for}:
            instance = self.cluster.instances[uuid]
            now = view.holds(instance)
            for hostname in now ^ {instance.host}:
                sign = 1 if hostname in now else -1
                for dimension, amount in instance.demand.items():
                    key = (hostname, dimension)
                    extra[key] = extra.get(key, 0) + sign * amount
        return extra

    def _others(
        self, view: View, there: dict[str, list[Instance]]
    ) -> dict[str, list[str]]:
        """For each node the others that may be among the fullest."""
        nodes = [name for name in self.cluster.nodes if name in there]
        if self._failures == 1:
            return {name: [] for name in nodes}
        most = {
            name: sum(_memory_mb(i) for i in there[name]) for name in nodes
        }
        surely = {
            name: [
                i for i in there[name] if len(set(self.stations(view, i))) == 1
            ]
            for name in nodes
        }
        least = {
            name: sum(_memory_mb(i) for i in own)
            for name, own in surely.items()
            if own
        }
        place = {name: number for number, name in enumerate(nodes)}

        def heavier(one: str, other: str) -> bool:
            if one == other or one not in least:
                return False
            if least[one] == most[other]:
                return place[one] < place[other]
            return least[one] > most[other]

        # All that are ahead of another, whatever is the case.
        ahead = {
            name: {one for one in nodes if heavier(one, name)}
            for name in nodes
        }
        partners = self._failures - 1
        first = [one for one in nodes if len(ahead[one]) <= partners]
        return {
            name: [
                one
                for one in first
                if one != name
                and len(ahead[one]) - (name in ahead[one]) < partners
            ]
            for name in nodes
        }


class _Spare:
    """What is free on the nodes that are open, before any of them fails."""

    def __init__(self, outages: Outages, view: View) -> None:
        self.outages = outages
        self.view = view
        self._extra = outages.more_held(view)
        self._open = [
            hostname
            for hostname in outages.cluster.nodes
            if outages.is_open(hostname, view)
        ]
        self._roomy: dict[Needs, list[str]] = {}

    def held(self, hostname: str, dimension: Dimension) -> Amount:
        """What may be held of a dimension on a node."""
        used = self.outages.start.used[hostname].get(dimension, 0)
        return used + self._extra.get((hostname, dimension), 0)

    def roomy(self, needs: Needs) -> list[str]:
        """Open nodes with room for these needs, as in the snapshot."""
        if needs not in self._roomy:
            limit = self.outages.cluster.limit
            self._roomy[needs] = [
                hostname
                for hostname in self._open
                if all(
                    self.held(hostname, dimension) + amount
                    <= limit(hostname, dimension)
                    for dimension, amount in needs
                )
            ]
        return self._roomy[needs]


class _Trial:
    """What is held once some nodes have failed, and who is back."""

    def __init__(self, spare: _Spare, failed: set[str]) -> None:
        self._outages = spare.outages
        self._view = spare.view
        self._spare = spare
        self._failed = failed
        # What those hold who are back, and where.
        self._used: dict[Key, Amount] = {}
        self._filled: set[str] = set()
        self._back: dict[str, str] = {}

    def settle(self, instance: Instance) -> bool:
        """Find a place for an instance that may have been on a failed node."""
        own = self._left_behind(instance)
        if any(
            self._outages.is_open(hostname, self._view)
            and self._is_place(instance, hostname)
            for hostname in own
        ):
            return True
        needs = self._outages.needs[instance.uuid]
        for hostname in self._spare.roomy(needs):
            if hostname in self._filled and not self._has_room(
                needs, hostname
            ):
                continue
            if not self._is_place(instance, hostname):
                continue
            self._back[instance.uuid] = hostname
            self._filled.add(hostname)
            for dimension, amount in instance.demand.items():
                key = (hostname, dimension)
                self._used[key] = self._used.get(key, 0) + amount
            return True
        return False

    def _is_place(self, instance: Instance, hostname: str) -> bool:
        """Whether an instance may start on an open node with room."""
        return (
            hostname not in self._failed
            and self._is_welcome(instance, hostname)
            and self._outages.is_suitable(instance, hostname)
        )

    def _left_behind(self, instance: Instance) -> set[str]:
        """Nodes that it is not on, nor goes to, if it is on a failed one."""
        stations = self._view.stations.get(instance.uuid)
        if stations is None:
            return set()
        number = 0
        while stations[number] not in self._failed:
            number += 1
        ahead = {*stations[number:], self._view.bound_for.get(instance.uuid)}
        return set(stations[:number]) - ahead

    def _has_room(self, needs: Needs, hostname: str) -> bool:
        return all(
            self._held(hostname, dimension) + amount
            <= self._outages.cluster.limit(hostname, dimension)
            for dimension, amount in needs
        )

    def _held(self, hostname: str, dimension: Dimension) -> Amount:
        used = self._used.get((hostname, dimension), 0)
        return used + self._spare.held(hostname, dimension)

    def _is_welcome(self, instance: Instance, hostname: str) -> bool:
        """Whether a node is one for its groups."""
        if len(instance.demand) == len(self._outages.needs[instance.uuid]):
            # It is in no group.
            return True
        both = self._outages.cluster.migrating.get(instance.uuid, ())
        here = hostname in self._view.holds(instance) or hostname in both
        for dimension, amount in instance.demand.items():
            if dimension.rule == 'anti_affinity':
                others = self._held(hostname, dimension)
                # One of these may be the instance itself.
                others -= amount if here else 0
                limit = self._outages.cluster.limit(hostname, dimension)
                if others + amount > limit:
                    return False
            elif dimension.rule == 'affinity':
                if not self._has_company(instance, dimension, hostname):
                    return False
        return True

    def _has_company(
        self, instance: Instance, dimension: Dimension, hostname: str
    ) -> bool:
        """Whether another member is there for sure, or none anywhere."""
        alone = True
        for other in self._outages.members[dimension]:
            if other.uuid == instance.uuid:
                continue
            stations = set(self._outages.stations(self._view, other))
            if stations <= self._failed:
                place = self._back.get(other.uuid)
                alone = alone and place is None
                if place == hostname:
                    return True
            else:
                alone = False
                if stations == {hostname}:
                    return True
        return alone


def _rank(instance: Instance) -> tuple[Amount, Amount]:
    """Who is brought in first; of equal ones the first of the snapshot."""
    vcpus = instance.demand.get(Dimension('capacity', 'VCPU'), 0)
    return -_memory_mb(instance), -vcpus


def _memory_mb(instance: Instance) -> Amount:
    return instance.demand.get(Dimension('capacity', 'MEMORY_MB'), 0)
