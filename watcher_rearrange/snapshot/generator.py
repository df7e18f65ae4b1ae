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

"""Synthetic clusters: the same for the same seed on any machine."""

from __future__ import annotations

import dataclasses
import uuid

from watcher_rearrange.model import errors
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import hardware
from watcher_rearrange.snapshot.dice import Dice
from watcher_rearrange.snapshot.filling import Filling


_NAMESPACE = uuid.UUID('5b0b3d0e-6c0b-5c53-9a43-7a1f0f6f6f6e')
_GROUP_SIZES = (2, 3, 4)


@dataclasses.dataclass(frozen=True)
class GenerateSpec:
    """What to generate.

    :ivar nodes: count of compute nodes
    :ivar fill: share of the cluster's tightest resource class that is in
        use, 0 to 1; instances are added up to it
    :ivar seed: the same seed gives the same cluster
    :ivar instances_per_node: mean count of instances, in place of fill
    :ivar heterogeneous: nodes of several models instead of one
    :ivar node_types: the models, in place of those of `heterogeneous`
    :ivar flavors: what the instances ask for
    :ivar disabled: count of nodes whose service is disabled
    :ivar down: count of other nodes whose service is down
    :ivar locked_pct: percentage of the instances that is locked
    :ivar stopped_pct: percentage of the instances that is stopped
    :ivar groups: count of anti-affinity groups, of 2 to 4 instances each
    :ivar azs: count of availability zones
    :ivar pinned_pct: percentage of the instances that must stay in the zone
        they are in
    """

    nodes: int = 40
    fill: float = 0.6
    seed: int = 0
    instances_per_node: float | None = None
    heterogeneous: bool = False
    node_types: tuple[hardware.NodeType, ...] = ()
    flavors: tuple[hardware.Flavor, ...] = hardware.FLAVORS
    disabled: int = 0
    down: int = 0
    locked_pct: float = 0.0
    stopped_pct: float = 0.0
    groups: int = 0
    azs: int = 1
    pinned_pct: float = 0.0

    def problems(self) -> list[str]:
        """Everything that is wrong with it."""
        wanted = {
            'nodes': (self.nodes >= 1, 'at least 1'),
            'fill': (0 <= self.fill <= 1, 'from 0 to 1'),
            'instances_per_node': (
                0 <= (self.instances_per_node or 0) < float('inf'),
                '0 or more',
            ),
            'disabled': (self.disabled >= 0, '0 or more'),
            'down': (self.down >= 0, '0 or more'),
            'locked_pct': (0 <= self.locked_pct <= 100, 'from 0 to 100'),
            'stopped_pct': (0 <= self.stopped_pct <= 100, 'from 0 to 100'),
            'groups': (self.groups >= 0, '0 or more'),
            'azs': (self.azs >= 1, 'at least 1'),
            'pinned_pct': (0 <= self.pinned_pct <= 100, 'from 0 to 100'),
        }
        found = [
            f'{name}: {getattr(self, name)} is not {what}'
            for name, (good, what) in wanted.items()
            if not good
        ]
        if self.disabled + self.down > self.nodes:
            found.append('disabled, down: more than there are nodes')
        return found


def generate(spec: GenerateSpec) -> records.Snapshot:
    """Generate a snapshot in which no capacity is exceeded.

    :raises BadInput: if the specification is unusable, or asks for more
        instances or groups than there is room for
    """
    problems = spec.problems()
    if problems:
        raise errors.BadInput(problems)
    snapshot = _Generator(spec).snapshot()
    wanted = round((spec.instances_per_node or 0) * spec.nodes)
    if len(snapshot.instances) < wanted:
        fit = len(snapshot.instances)
        raise errors.BadInput(
            [f'instances_per_node: {fit} of {wanted} instances fit']
        )
    return snapshot


class _Generator:
    """One run; every random choice comes from the same dice."""

    def __init__(self, spec: GenerateSpec) -> None:
        self.spec = spec
        self.dice = Dice(spec.seed)

    def snapshot(self) -> records.Snapshot:
        nodes = self.nodes()
        instances = self.instances(nodes)
        return records.Snapshot(
            compute_nodes=nodes,
            instances=instances,
            server_groups=self.groups(instances),
        )

    def nodes(self) -> tuple[records.ComputeNode, ...]:
        spec = self.spec
        types = spec.node_types or (
            hardware.MIXED_NODES
            if spec.heterogeneous
            else hardware.EQUAL_NODES
        )
        weights = [kind.weight for kind in types]
        chosen = self.dice.sample(spec.nodes, spec.disabled + spec.down)
        disabled = set(chosen[: spec.disabled])
        down = set(chosen[spec.disabled :])
        return tuple(
            records.ComputeNode(
                hostname=self.hostname(k),
                uuid=self.uuid('node', k),
                status=records.DISABLED if k in disabled else records.ENABLED,
                state=records.DOWN if k in down else records.UP,
                disabled_reason='maintenance' if k in disabled else None,
                availability_zone=self.zone(k),
                inventories=types[self.dice.weighted(weights)].inventories(),
            )
            for k in range(spec.nodes)
        )

    def instances(
        self, nodes: tuple[records.ComputeNode, ...]
    ) -> tuple[records.Instance, ...]:
        placed = self.filling(nodes).place(self.spec.flavors)
        count = len(placed)
        locked = self.share(count, self.spec.locked_pct)
        stopped = self.share(count, self.spec.stopped_pct)
        pinned = self.share(count, self.spec.pinned_pct)
        return tuple(
            records.Instance(
                uuid=self.uuid('instance', k),
                name=f'vm-{k + 1:04}',
                host=nodes[node_idx].hostname,
                allocations=flavor.allocations,
                state='stopped' if k in stopped else 'active',
                locked=k in locked,
                pinned_az=self.zone(node_idx) if k in pinned else '',
            )
            for k, (node_idx, flavor) in enumerate(placed)
        )

    def filling(self, nodes: tuple[records.ComputeNode, ...]) -> Filling:
        per_node = self.spec.instances_per_node
        if per_node is None:
            return Filling(nodes, self.dice, self.spec.fill, None)
        return Filling(nodes, self.dice, 1.0, round(per_node * len(nodes)))

    def groups(
        self, instances: tuple[records.Instance, ...]
    ) -> tuple[records.ServerGroup, ...]:
        """Groups whose members are already apart, each in one group."""
        left = self.dice.sample(len(instances), len(instances))
        groups = []
        for k in range(self.spec.groups):
            size = _GROUP_SIZES[self.dice.weighted([1] * len(_GROUP_SIZES))]
            chosen: dict[str, int] = {}
            for index in left:
                chosen.setdefault(instances[index].host, index)
                if len(chosen) == size:
                    break
            if len(chosen) < 2:
                raise errors.BadInput(
                    [f'groups: only {k} of {self.spec.groups} can be formed']
                )
            members = set(chosen.values())
            left = [index for index in left if index not in members]
            groups.append(
                records.ServerGroup(
                    uuid=self.uuid('group', k),
                    name=f'group-{k + 1}',
                    policy=records.ANTI_AFFINITY,
                    members=tuple(
                        instances[index].uuid for index in sorted(members)
                    ),
                )
            )
        return tuple(groups)

    def share(self, count: int, pct: float) -> set[int]:
        return set(self.dice.sample(count, round(count * pct / 100)))

    def hostname(self, node_idx: int) -> str:
        width = max(3, len(str(self.spec.nodes)))
        return f'cmp{node_idx + 1:0{width}}'

    def zone(self, node_idx: int) -> str:
        if self.spec.azs == 1:
            return records.DEFAULT_ZONE
        return f'az{node_idx % self.spec.azs + 1}'

    def uuid(self, thing: str, index: int) -> str:
        return str(uuid.uuid5(_NAMESPACE, f'{self.spec.seed}/{thing}/{index}'))
