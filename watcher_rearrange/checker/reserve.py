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

"""Whether the instances of nodes that fail find places on the others.

Node by node: the node fails, and with it, where more are to be tolerated,
those others that hold most memory. Its instances are brought in one after
another, who has most memory first, each on the first node of the snapshot
that is up, enabled, suitable and has room. No order that the parents of a
plan permit may bring more nodes than at the start into a state where that
leaves somebody out.

Each state of a plan has an action that is the last of the list to have begun:
what it waits for is done, what stands behind it has not begun, of the others
it is not known. So for each action two views are judged, one in which it is
under way and one in which it is done. In a view whoever may have been on a
failed node needs a place, and all that may be held is taken; but of an
instance that may be on a failed node, the nodes that it has left by then are
known to be its own still if it is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from watcher_rearrange.checker import rules
from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Dimension
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.graph import Graph
from watcher_rearrange.checker.occupancy import Occupancy
from watcher_rearrange.checker.violation import Violation


Key = tuple[str, Dimension]


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

    def touches(self, instance: Instance) -> set[str]:
        """Nodes on which an instance may hold room."""
        nodes = set(self.stations.get(instance.uuid, (instance.host,)))
        if instance.uuid in self.bound_for:
            nodes.add(self.bound_for[instance.uuid])
        return nodes


class Reserve:
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
        self._queue = sorted(
            (i for i in cluster.instances if i not in cluster.released),
            key=lambda uuid: _rank(cluster.instances[uuid]),
        )

    def hopeless(self, view: View = View()) -> list[str]:
        """Nodes whose failure might leave somebody out."""
        there: dict[str, list[Instance]] = {}
        for uuid in self._queue:
            instance = self.cluster.instances[uuid]
            stations = view.stations.get(uuid, (instance.host,))
            for hostname in set(stations):
                there.setdefault(hostname, []).append(instance)
        extra = self._extra(view)
        found = []
        for hostname, (failed, sure) in self._outages(view, there).items():
            trial = _Trial(self, view, extra, failed, sure)
            fallen = {i.uuid for name in failed for i in there.get(name, ())}
            if not all(
                trial.settle(self.cluster.instances[uuid])
                for uuid in self._queue
                if uuid in fallen
            ):
                found.append(hostname)
        return found

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

    def _extra(self, view: View) -> dict[Key, Amount]:
        """What may be held now beyond what is held at the start."""
        extra: dict[Key, Amount] = {}
        for uuid in {*view.stations, *view.bound_for}:
            instance = self.cluster.instances[uuid]
            now = view.touches(instance)
            for hostname in now ^ {instance.host}:
                sign = 1 if hostname in now else -1
                for dimension, amount in instance.demand.items():
                    key = (hostname, dimension)
                    extra[key] = extra.get(key, 0) + sign * amount
        return extra

    def _outages(
        self, view: View, there: dict[str, list[Instance]]
    ) -> dict[str, tuple[set[str], set[str]]]:
        """With each node those that may fail with it, and that surely do."""
        nodes = [name for name in self.cluster.nodes if name in there]
        if self._failures == 1:
            return {name: ({name}, {name}) for name in nodes}
        most = {
            name: sum(_memory_mb(i) for i in there[name]) for name in nodes
        }
        surely = {
            name: [
                i
                for i in there[name]
                if len(set(view.stations.get(i.uuid, (name,)))) == 1
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
        found = {}
        for name in nodes:
            others = {
                one
                for one in nodes
                if one != name and len(ahead[one] - {name}) < partners
            }
            sure = others if len(others) <= partners else set()
            found[name] = ({name, *others}, {name, *sure})
        return found


class _Trial:
    """What is held once some nodes have failed, and who is back."""

    def __init__(
        self,
        reserve: Reserve,
        view: View,
        extra: dict[Key, Amount],
        failed: set[str],
        sure: set[str],
    ) -> None:
        self._reserve = reserve
        self._view = view
        self._used = dict(extra)
        self._failed = failed
        self._sure = sure
        self._back: dict[str, str] = {}

    def settle(self, instance: Instance) -> bool:
        """Find a place for an instance that may have been on a failed node."""
        places = [
            hostname
            for hostname in self._reserve.cluster.nodes
            if hostname not in self._failed
            and self._reserve.is_open(hostname, self._view)
            and self._is_welcome(instance, hostname)
            and self._reserve.is_suitable(instance, hostname)
        ]
        own = self._left_behind(instance)
        if any(hostname in own for hostname in places):
            return True
        for hostname in places:
            if self._has_room(instance, hostname):
                self._back[instance.uuid] = hostname
                for dimension, amount in instance.demand.items():
                    key = (hostname, dimension)
                    self._used[key] = self._used.get(key, 0) + amount
                return True
        return False

    def _left_behind(self, instance: Instance) -> set[str]:
        """Nodes that it is not on, nor goes to, if it is on a failed one."""
        stations = self._view.stations.get(instance.uuid, (instance.host,))
        number = 0
        while stations[number] not in self._failed:
            number += 1
        ahead = {*stations[number:], self._view.bound_for.get(instance.uuid)}
        return set(stations[:number]) - ahead

    def _has_room(self, instance: Instance, hostname: str) -> bool:
        return all(
            self._held(hostname, dimension) + amount
            <= self._reserve.cluster.limit(hostname, dimension)
            for dimension, amount in instance.demand.items()
            if dimension.rule == 'capacity'
        )

    def _held(self, hostname: str, dimension: Dimension) -> Amount:
        used = self._reserve.start.used[hostname].get(dimension, 0)
        return used + self._used.get((hostname, dimension), 0)

    def _is_welcome(self, instance: Instance, hostname: str) -> bool:
        """Whether a node is one for its groups."""
        both = self._reserve.cluster.migrating.get(instance.uuid, ())
        here = hostname in self._view.touches(instance) or hostname in both
        for dimension, amount in instance.demand.items():
            if dimension.rule == 'anti_affinity':
                others = self._held(hostname, dimension)
                # One of these may be the instance itself.
                others -= amount if here else 0
                limit = self._reserve.cluster.limit(hostname, dimension)
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
        for other in self._reserve.members[dimension]:
            if other.uuid == instance.uuid:
                continue
            stations = set(self._view.stations.get(other.uuid, (other.host,)))
            if stations <= self._sure:
                place = self._back.get(other.uuid)
                alone = alone and place is None
                if place == hostname:
                    return True
            else:
                alone = False
                if stations == {hostname}:
                    return True
        return alone


def check(
    cluster: Cluster, actions: Sequence[Action], graph: Graph, failures: int
) -> Iterator[Violation]:
    """The first action of the list around which the reserve may be less.

    :param actions: parents before children, and the moves of an instance
        one after the other
    """
    reserve = Reserve(cluster, failures)
    before = reserve.hopeless()
    for i, action in enumerate(actions):
        for moment, view in _views(cluster, actions, graph, i):
            now = reserve.hopeless(view)
            if len(now) > len(before):
                new = next(name for name in now if name not in before)
                yield Violation(
                    'reserve',
                    (new,),
                    len(now),
                    len(before),
                    'nodes',
                    f'some order, action {action.id} {moment}',
                )
                return


def _views(
    cluster: Cluster, actions: Sequence[Action], graph: Graph, i: int
) -> Iterator[tuple[str, View]]:
    """What is known while an action runs, and when it is done."""
    stations: dict[str, tuple[str, ...]] = {}
    for j, action in enumerate(actions[:i]):
        if action.migrates:
            behind = stations.get(action.instance, (action.source,))
            if graph.before(j, i):
                behind = ()
            stations[action.instance] = (*behind, action.destination)
    action = actions[i]
    begun = [j for j in range(i + 1) if not actions[j].migrates]
    opened = {
        actions[j].node
        for j in begun
        if actions[j].type == 'enable_service' and graph.before(j, i)
    }
    closed = frozenset(_closed(actions, graph, i, begun))
    if not action.migrates:
        yield 'runs', View(stations, {}, closed, frozenset(opened))
        return
    bound_for = {action.instance: action.destination}
    yield 'runs', View(stations, bound_for, closed, frozenset(opened))
    stations = {**stations, action.instance: (action.destination,)}
    yield 'is done', View(stations, {}, closed, frozenset(opened))


def _closed(
    actions: Sequence[Action], graph: Graph, i: int, begun: Iterable[int]
) -> Iterator[str]:
    """Nodes that are disabled and not surely enabled again after that."""
    for j in begun:
        if actions[j].type != 'disable_service':
            continue
        again = (
            k
            for k in begun
            if actions[k].type == 'enable_service'
            and actions[k].node == actions[j].node
            and graph.before(j, k)
            and graph.before(k, i)
        )
        if next(again, None) is None:
            yield actions[j].node


def _rank(instance: Instance) -> tuple[Amount, Amount]:
    """Who is brought in first; of equal ones the first of the snapshot."""
    vcpus = instance.demand.get(Dimension('capacity', 'VCPU'), 0)
    return -_memory_mb(instance), -vcpus


def _memory_mb(instance: Instance) -> Amount:
    return instance.demand.get(Dimension('capacity', 'MEMORY_MB'), 0)
