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

"""Who is where and what every node holds, while a plan runs.

A migrating instance holds its demand on both nodes from start to end. What a
node has too much of already is nobody's fault as long as nobody arrives who
needs some of it: therefore every rule is judged at arrivals.
"""

from __future__ import annotations

import copy

from collections.abc import Iterable
from collections.abc import Iterator

from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Dimension
from watcher_rearrange.checker.violation import UNITS
from watcher_rearrange.checker.violation import Violation


class Occupancy:
    """The state of the nodes that a plan touches.

    :ivar used: what is held of each dimension on each node
    :ivar host: present host of each instance that has moved
    """

    def __init__(self, cluster: Cluster) -> None:
        """The state at the start, of all nodes."""
        self._cluster = cluster
        self.used: dict[str, dict[Dimension, Amount]] = {
            hostname: dict(node.held)
            for hostname, node in cluster.nodes.items()
        }
        self.host: dict[str, str] = {}
        self._moving: set[str] = set()
        self._enabled = {
            hostname: node.enabled for hostname, node in cluster.nodes.items()
        }
        self._disabling: dict[str, int] = {}
        self._incoming: dict[str, set[str]] = {}
        for instance, hostname in cluster.holds():
            self._change(instance.uuid, hostname, 1)
            if not cluster.is_settled(instance):
                self._leave_alone(instance.uuid, hostname)

    def copy(self, hostnames: Iterable[str] | None = None) -> Occupancy:
        """The state at the start again, of all or only of these nodes."""
        if hostnames is None:
            hostnames = self.used
        other = copy.copy(self)
        other.used = {name: dict(self.used[name]) for name in hostnames}
        other.host = {}
        other._moving = set()
        other._enabled = {name: self._enabled[name] for name in other.used}
        other._disabling = {}
        other._incoming = {}
        return other

    def misplaced(self, action: Action) -> list[Violation]:
        """The instance to be moved is elsewhere or on its way."""
        if not action.migrates:
            return []
        uuid = action.instance
        here = self.host.get(uuid, self._cluster.instances[uuid].host)
        if uuid in self._moving:
            here = f'its way from {here}'
        if here == action.source:
            return []
        return [Violation('source', (action.id, uuid), here, action.source)]

    def start(self, action: Action) -> list[Violation]:
        """Start an action; what it breaks by that."""
        node = action.node
        if action.migrates:
            return list(self._start_migration(action))
        if action.type == 'enable_service':
            return []
        self._disabling[node] = self._disabling.get(node, 0) + 1
        incoming = sorted(self._incoming.get(node, ()))
        return [not_receiving(uuid, node) for uuid in incoming]

    def end(self, action: Action, succeeded: bool) -> None:
        """End an action that was started.

        A migration that fails leaves its instance at the source, a service
        action that fails leaves the service as it was.
        """
        if action.migrates:
            self._end_migration(action, succeeded)
            return
        if action.type == 'disable_service':
            self._disabling[action.node] -= 1
        if succeeded:
            self._enabled[action.node] = action.type == 'enable_service'

    def capacity_used(self, hostname: str, resource_class: str) -> Amount:
        """What is held of a resource class on a node."""
        dimension = Dimension('capacity', resource_class)
        return self.used[hostname].get(dimension, 0)

    def _start_migration(self, action: Action) -> Iterator[Violation]:
        uuid, node = action.instance, action.destination
        if not self._enabled[node] or self._disabling.get(node):
            yield not_receiving(uuid, node)
        self._moving.add(uuid)
        self._incoming.setdefault(node, set()).add(uuid)
        used = self.used[node]
        for dimension in self._cluster.instances[uuid].demand:
            if dimension.rule == 'affinity' and not used.get(dimension):
                yield alone(dimension, uuid, node)
        self._change(uuid, node, 1)
        for dimension in self._cluster.instances[uuid].demand:
            limit = self._cluster.limit(node, dimension)
            if used[dimension] > limit:
                yield overfull(dimension, node, used[dimension], limit)

    def _end_migration(self, action: Action, succeeded: bool) -> None:
        uuid = action.instance
        self._moving.discard(uuid)
        self._incoming[action.destination].discard(uuid)
        self._change(
            uuid, action.source if succeeded else action.destination, -1
        )
        if succeeded:
            self.host[uuid] = action.destination

    def _leave_alone(self, uuid: str, hostname: str) -> None:
        """Do not count an instance as company."""
        for dimension in self._cluster.instances[uuid].demand:
            if dimension.rule == 'affinity':
                self.used[hostname][dimension] -= 1

    def _change(self, uuid: str, hostname: str, sign: int) -> None:
        used = self.used[hostname]
        for dimension, amount in self._cluster.instances[uuid].demand.items():
            used[dimension] = used.get(dimension, 0) + sign * amount


def overfull(
    dimension: Dimension, hostname: str, used: Amount, limit: Amount
) -> Violation:
    """More on a node than its capacity or the group's policy allows."""
    if dimension.rule == 'anti_affinity':
        things = (dimension.name, hostname)
        return Violation('anti_affinity', things, used, limit, 'members')
    unit = UNITS.get(dimension.name, 'units')
    things = (hostname, dimension.name)
    return Violation('capacity', things, used, limit, unit)


def alone(dimension: Dimension, uuid: str, hostname: str) -> Violation:
    """A member of an affinity group goes where no other member is."""
    things = (dimension.name, uuid, hostname)
    unit = 'other members on the node'
    return Violation('affinity', things, 0, 1, unit)


def not_receiving(uuid: str, hostname: str) -> Violation:
    """An instance moves onto a node whose service is disabled."""
    things = (uuid, hostname)
    return Violation('receiving_node', things, 'disabled', 'enabled')
