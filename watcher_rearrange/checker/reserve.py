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
that is up, enabled, suitable and has room. The list of a plan may not bring
more nodes than at the start into a state where that leaves somebody out.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from watcher_rearrange.checker import rules
from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Dimension
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.occupancy import Occupancy
from watcher_rearrange.checker.violation import Violation


Key = tuple[str, Dimension]


class Reserve:
    """The state of a cluster, asked what would happen if nodes failed.

    :ivar state: may be changed
    :ivar enabled: hostnames; may be changed
    """

    def __init__(self, cluster: Cluster, failures: int) -> None:
        self._cluster = cluster
        self._failures = failures
        self.state = Occupancy(cluster)
        self.enabled = {
            node.hostname for node in cluster.nodes.values() if node.enabled
        }
        self._suits: dict[tuple[str, str], bool] = {}
        # Members of affinity groups.
        self._in_company = [
            instance
            for instance in cluster.instances.values()
            if any(of.rule == 'affinity' for of in instance.demand)
        ]
        self._position = {
            uuid: number for number, uuid in enumerate(cluster.instances)
        }

    def hopeless(self) -> list[str]:
        """Nodes whose failure would leave somebody out."""
        there: dict[str, list[Instance]] = {}
        for instance in self._cluster.instances.values():
            if instance.uuid not in self._cluster.released:
                there.setdefault(self._host(instance), []).append(instance)
        weight = {
            hostname: sum(_memory_mb(instance) for instance in instances)
            for hostname, instances in there.items()
        }
        nodes = [name for name in self._cluster.nodes if name in there]
        heaviest = sorted(nodes, key=lambda name: weight[name], reverse=True)
        found = []
        for hostname in nodes:
            others = [name for name in heaviest if name != hostname]
            failed = [hostname, *others[: self._failures - 1]]
            fallen = [i for name in failed for i in there[name]]
            if not self._all_in(fallen, set(failed)):
                found.append(hostname)
        return found

    def _host(self, instance: Instance) -> str:
        return self.state.host.get(instance.uuid, instance.host)

    def _all_in(self, fallen: list[Instance], failed: set[str]) -> bool:
        fallen.sort(
            key=lambda i: (
                -_memory_mb(i),
                -i.demand.get(Dimension('capacity', 'VCPU'), 0),
                self._position[i.uuid],
            )
        )
        trial = _Trial(self._cluster, self.state, self._in_company, failed)
        for instance in fallen:
            place = next(
                (
                    hostname
                    for hostname, node in self._cluster.nodes.items()
                    if hostname not in failed
                    and node.up
                    and hostname in self.enabled
                    and trial.takes(instance, hostname)
                    and self._suitable(instance, hostname)
                ),
                None,
            )
            if place is None:
                return False
            trial.put(instance, place)
        return True

    def _suitable(self, instance: Instance, hostname: str) -> bool:
        key = (instance.uuid, hostname)
        if key not in self._suits:
            node = self._cluster.nodes[hostname]
            wrong = rules.suitable(self._cluster, instance, node)
            self._suits[key] = next(wrong, None) is None
        return self._suits[key]


class _Trial:
    """What is held once some nodes have failed, and who is back."""

    def __init__(
        self,
        cluster: Cluster,
        state: Occupancy,
        in_company: list[Instance],
        failed: set[str],
    ) -> None:
        self._cluster = cluster
        self._state = state
        self._more: dict[Key, Amount] = {}
        # The nodes of the members of each affinity group.
        self._company: dict[Dimension, set[str]] = {}
        for instance in in_company:
            host = state.host.get(instance.uuid, instance.host)
            if instance.uuid in cluster.released or host in failed:
                continue
            self._join(instance, host)

    def takes(self, instance: Instance, hostname: str) -> bool:
        """Whether there is room, and the company that it must have."""
        for dimension, amount in instance.demand.items():
            if dimension.rule == 'affinity':
                company = self._company.get(dimension)
                if company and hostname not in company:
                    return False
                continue
            used = self._state.used[hostname].get(dimension, 0)
            used += self._more.get((hostname, dimension), 0)
            both = self._cluster.migrating.get(instance.uuid, ())
            if dimension.rule == 'anti_affinity' and hostname in both:
                # That is the instance itself.
                used -= amount
            if used + amount > self._cluster.limit(hostname, dimension):
                return False
        return True

    def put(self, instance: Instance, hostname: str) -> None:
        """Let an instance start on a node."""
        for dimension, amount in instance.demand.items():
            key = (hostname, dimension)
            self._more[key] = self._more.get(key, 0) + amount
        self._join(instance, hostname)

    def _join(self, instance: Instance, hostname: str) -> None:
        for dimension in instance.demand:
            if dimension.rule == 'affinity':
                self._company.setdefault(dimension, set()).add(hostname)


def check(
    cluster: Cluster, actions: Sequence[Action], failures: int
) -> Iterator[Violation]:
    """The first action of the list after which the reserve is less."""
    reserve = Reserve(cluster, failures)
    before = reserve.hopeless()
    for action in actions:
        if reserve.state.misplaced(action):
            return
        reserve.state.start(action)
        reserve.state.end(action, succeeded=True)
        if action.type == 'disable_service':
            reserve.enabled.discard(action.node)
        elif action.type == 'enable_service':
            reserve.enabled.add(action.node)
        now = reserve.hopeless()
        if len(now) > len(before):
            new = next(name for name in now if name not in before)
            yield Violation(
                'reserve',
                (new,),
                len(now),
                len(before),
                'nodes',
                f'list order, action {action.id}',
            )
            return


def _memory_mb(instance: Instance) -> Amount:
    return instance.demand.get(Dimension('capacity', 'MEMORY_MB'), 0)
