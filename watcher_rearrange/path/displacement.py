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

"""Choose whom to move out of the way, and to which temporary host.

An instance that has to move anyway costs one extra migration, one that is
at home two; among equals the one with the least memory. It must let
somebody in who waits, else it is of no use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from watcher_rearrange.model.cluster import Ints


if TYPE_CHECKING:
    from watcher_rearrange.path.finder import Walk

# An instance is put aside so often at most: it bounds the walk.
MAX_PER_INSTANCE = 2


def cheapest(walk: Walk) -> tuple[int, int] | None:
    """Return (instance, temporary host), or None if nothing helps."""
    memory = walk.rules.cluster.memory_mb
    ranked = []
    for node, waiting in sorted(walk.pending.items()):
        for idx in _leavers(walk, node):
            if walk.displaced[idx] >= MAX_PER_INSTANCE:
                continue
            home = int(walk.target[idx]) == node
            if home and not _can_return(walk, idx, node):
                continue
            if _lets_in(walk, idx, node, waiting):
                ranked.append((home, walk.displaced[idx], memory[idx], idx))
    for *_, idx in sorted(ranked):
        host = _temporary_host(walk, idx)
        if host is not None:
            return idx, host
    return None


def _can_return(walk: Walk, instance_idx: int, node_idx: int) -> bool:
    """Whether the node would let an instance in again."""
    rules = walk.rules
    return bool(rules.eligible[rules.class_of[instance_idx], node_idx])


def _leavers(walk: Walk, node_idx: int) -> list[int]:
    found = walk.placement.instances_on(node_idx)
    movable: list[int] = found[walk.rules.movability.movable[found]].tolist()
    return movable


def _lets_in(walk: Walk, leaver: int, node: int, waiting: list[int]) -> bool:
    """Whether somebody who waits fits once the leaver is gone."""
    walk.placement.move(leaver, -1)
    try:
        return any(
            walk.rules.allows(walk.placement, idx, node)
            for idx in waiting
            if idx != leaver
        )
    finally:
        walk.placement.move(leaver, node)


def _temporary_host(walk: Walk, instance_idx: int) -> int | None:
    """The host with the least room that does, nobody's target if possible."""
    cluster = walk.rules.cluster
    nodes = np.flatnonzero(
        walk.rules.permitted(walk.placement, instance_idx, cluster.capacity)
    )
    if not len(nodes):
        return None
    wanted = np.array([int(n) in walk.pending for n in nodes])
    room = _room(walk, nodes)
    return int(nodes[np.lexsort((nodes, room, wanted))[0]])


def _room(walk: Walk, nodes: Ints) -> np.ndarray:
    capacity = walk.rules.cluster.capacity[nodes]
    free = capacity - walk.placement.used[nodes]
    share: np.ndarray = (free / np.maximum(capacity, 1)).sum(axis=1)
    return share
