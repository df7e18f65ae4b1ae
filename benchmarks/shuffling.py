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

"""Full clusters of equal nodes, and targets that are their start shuffled.

The sizes are flavor-like or arbitrary. Instances are placed the largest
first on random nodes with room, so that no node is filled on purpose.
"""

from __future__ import annotations

import dataclasses
import random

from collections.abc import Callable

import numpy as np

from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement


MB_PER_GB = 1024
GROUP_SIZE = 3

# Of instances drawn beyond what fits, until no more are tried.
MAX_MISSES = 2000


@dataclasses.dataclass(frozen=True)
class Kind:
    """Sizes of instances and nodes.

    :ivar memory_mb: draws the memory of an instance
    :ivar ratios: draws VCPU and DISK_GB per GiB of memory; None for
        memory alone
    """

    name: str
    node_memory_mb: int
    memory_mb: Callable[[random.Random], int]
    ratios: tuple[float, float] | None = None


def _flavor(
    sizes_gb: tuple[int, ...], weights: tuple[int, ...]
) -> Callable[[random.Random], int]:
    def draw(rng: random.Random) -> int:
        return rng.choices(sizes_gb, weights)[0] * MB_PER_GB

    return draw


def _arbitrary(least_mb: int, most_mb: int) -> Callable[[random.Random], int]:
    def draw(rng: random.Random) -> int:
        return rng.randint(least_mb, most_mb)

    return draw


# Some 5 instances a node.
FLAVORS = Kind(
    'flavors', 64 * MB_PER_GB, _flavor((4, 8, 16, 32), (3, 3, 3, 1))
)
ARBITRARY = Kind('arbitrary', 64 * MB_PER_GB, _arbitrary(2500, 22500))
# 15 instances a node at 80 %.
MANY = Kind('flavors', 256 * MB_PER_GB, _flavor((4, 8, 16, 32), (5, 8, 9, 4)))
# Some 8 instances a node, in three resource classes.
THREE_CLASSES = Kind(
    'three classes',
    128 * MB_PER_GB,
    _flavor((4, 8, 16, 32), (3, 3, 3, 1)),
    (0.25, 10.0),
)


def cluster(
    kind: Kind, n_nodes: int, full: float, rng: random.Random
) -> records.Snapshot:
    """Return a cluster with a share of its memory in use.

    :param full: not reached by more than the smallest size
    """
    drawn = _sizes(kind, n_nodes, full, rng)
    free = np.tile(_node(kind), (n_nodes, 1))
    instances = []
    for amounts in sorted(drawn, reverse=True):
        demand = np.array(amounts)
        nodes = np.flatnonzero((free >= demand).all(axis=1))
        if not len(nodes):
            continue
        node = int(rng.choice(nodes.tolist()))
        free[node] -= demand
        instances.append((node, amounts))
    rng.shuffle(instances)
    _top_up(kind, free, full, instances, rng)
    return _snapshot(kind, n_nodes, instances)


def with_rules(
    snapshot: records.Snapshot,
    n_groups: int,
    locked_share: float,
    rng: random.Random,
) -> records.Snapshot:
    """Return the cluster with anti-affinity groups and locked instances."""
    order = list(snapshot.instances)
    rng.shuffle(order)
    groups = []
    for k in range(n_groups):
        members: dict[str, records.Instance] = {}
        for instance in order:
            members.setdefault(instance.host, instance)
            if len(members) == GROUP_SIZE:
                break
        taken = tuple(i.uuid for i in members.values())
        order = [i for i in order if i.uuid not in taken]
        groups.append(
            records.ServerGroup(f'group{k}', records.ANTI_AFFINITY, taken)
        )
    count = round(len(snapshot.instances) * locked_share)
    locked = {i.uuid for i in rng.sample(snapshot.instances, count)}
    instances = tuple(
        dataclasses.replace(i, locked=i.uuid in locked)
        for i in snapshot.instances
    )
    return dataclasses.replace(
        snapshot, instances=instances, server_groups=tuple(groups)
    )


def shuffled(
    snapshot: records.Snapshot,
    rng: random.Random,
    moves: int | None = None,
    misplaced: int = 0,
) -> records.Target:
    """Return where random moves lead, each valid when it is made.

    :param moves: so many of them; None for until enough are misplaced
    """
    model = Cluster.from_snapshot(snapshot)
    rules = Rules(model, MoveOptions())
    placement = Placement(model)
    movable = np.flatnonzero(rules.movability.movable).tolist()
    done = away = 0
    while done < moves if moves is not None else away < misplaced:
        idx = rng.choice(movable)
        nodes = np.flatnonzero(rules.permitted(placement, idx, model.capacity))
        if not len(nodes):
            continue
        home = int(model.node_of[idx])
        node = int(nodes[rng.randrange(len(nodes))])
        away += (node != home) - (placement.move(idx, node) != home)
        done += 1
    return _target(snapshot, placement.node_of.tolist())


def swapped(
    snapshot: records.Snapshot, rng: random.Random, swaps: int
) -> records.Target:
    """Return a target in which instances have changed places.

    Every rule holds in it; whether a path leads there is not known.
    """
    model = Cluster.from_snapshot(snapshot)
    rules = Rules(model, MoveOptions())
    placement = Placement(model)
    movable = np.flatnonzero(rules.movability.movable).tolist()
    for _ in range(swaps):
        pair = rng.sample(movable, 2)
        nodes = [int(placement.node_of[idx]) for idx in pair]
        for idx in pair:
            placement.move(idx, -1)
        for idx, node in zip(pair, reversed(nodes), strict=True):
            if not rules.allows(placement, idx, node):
                break
            placement.move(idx, node)
        else:
            continue
        for idx, node in zip(pair, nodes, strict=True):
            placement.move(idx, node)
    return _target(snapshot, placement.node_of.tolist())


def misplaced_count(snapshot: records.Snapshot, target: records.Target) -> int:
    """Return how many instances are not where they should be."""
    return sum(i.host != target.placement[i.uuid] for i in snapshot.instances)


def memory_share(snapshot: records.Snapshot) -> float:
    """Return the share of the memory that is in use."""
    used = sum(i.allocations['MEMORY_MB'] for i in snapshot.instances)
    total = sum(
        n.inventories['MEMORY_MB'].total for n in snapshot.compute_nodes
    )
    return used / total


def _target(snapshot: records.Snapshot, node_of: list[int]) -> records.Target:
    hosts = [node.hostname for node in snapshot.compute_nodes]
    return records.Target(
        {
            instance.uuid: hosts[node]
            for instance, node in zip(snapshot.instances, node_of, strict=True)
        }
    )


def _node(kind: Kind) -> tuple[int, ...]:
    """Amounts on a node; the other classes are a little less full."""
    if kind.ratios is None:
        return (kind.node_memory_mb,)
    memory_gb = kind.node_memory_mb / MB_PER_GB
    return kind.node_memory_mb, *(
        round(memory_gb * ratio) for ratio in kind.ratios
    )


def _amounts(kind: Kind, rng: random.Random) -> tuple[int, ...]:
    memory_mb = kind.memory_mb(rng)
    if kind.ratios is None:
        return (memory_mb,)
    memory_gb = memory_mb / MB_PER_GB
    # On average 0.95 of what a node has for so much memory.
    return memory_mb, *(
        max(1, round(memory_gb * ratio * rng.choice((0.6, 0.9, 1.3))))
        for ratio in kind.ratios
    )


def _sizes(
    kind: Kind, n_nodes: int, full: float, rng: random.Random
) -> list[tuple[int, ...]]:
    wanted_mb = full * n_nodes * kind.node_memory_mb
    drawn: list[tuple[int, ...]] = []
    while True:
        amounts = _amounts(kind, rng)
        wanted_mb -= amounts[0]
        if wanted_mb < 0:
            return drawn
        drawn.append(amounts)


def _top_up(
    kind: Kind,
    free: Ints,
    full: float,
    instances: list[tuple[int, tuple[int, ...]]],
    rng: random.Random,
) -> None:
    """Add instances that fit until the cluster is as full as wanted."""
    total_mb = len(free) * kind.node_memory_mb
    spare_mb = int(free[:, 0].sum()) - round(total_mb * (1 - full))
    misses = 0
    while misses < MAX_MISSES and spare_mb > 0:
        amounts = _amounts(kind, rng)
        nodes = np.flatnonzero((free >= np.array(amounts)).all(axis=1))
        if amounts[0] > spare_mb or not len(nodes):
            misses += 1
            continue
        node = int(rng.choice(nodes.tolist()))
        free[node] -= np.array(amounts)
        spare_mb -= amounts[0]
        instances.append((node, amounts))


def _snapshot(
    kind: Kind, n_nodes: int, instances: list[tuple[int, tuple[int, ...]]]
) -> records.Snapshot:
    names = ('MEMORY_MB', 'VCPU', 'DISK_GB')
    inventories = {
        rc: records.Inventory(amount)
        for rc, amount in zip(names, _node(kind), strict=False)
    }
    return records.Snapshot(
        compute_nodes=tuple(
            records.ComputeNode(f'cmp{k}', inventories, uuid=f'node{k}')
            for k in range(n_nodes)
        ),
        instances=tuple(
            records.Instance(
                uuid=f'vm{k}',
                host=f'cmp{node}',
                allocations=dict(zip(names, amounts, strict=False)),
            )
            for k, (node, amounts) in enumerate(instances)
        ),
    )
