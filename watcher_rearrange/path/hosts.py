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

"""Temporary hosts: where to put an instance that is in the way."""

from __future__ import annotations

import functools
import itertools

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.path.walk import Walk


# Instances moved at once to make room; larger sets are rarely worth it.
MAX_SET = 3

# Of how many instances such sets are made.
MAX_LEAVERS = 12


def direct(walk: Walk, instance_idx: int) -> list[int]:
    """Return up to two hosts with room, each the tightest of its kind.

    First of those that nobody waits for, since that room is better left,
    then of all.
    """
    cluster = walk.rules.cluster
    nodes = np.flatnonzero(
        walk.rules.permitted(walk.placement, instance_idx, cluster.capacity)
    )
    if not len(nodes):
        return []
    capacity = cluster.capacity[nodes]
    free = capacity - walk.placement.used[nodes]
    room = (free / np.maximum(capacity, 1)).sum(axis=1)
    wanted = np.array([int(node) in walk.pending for node in nodes])
    unwanted = int(nodes[np.lexsort((nodes, room, wanted))[0]])
    tightest = int(nodes[np.lexsort((nodes, room))[0]])
    return list(dict.fromkeys((unwanted, tightest)))


def place(walk: Walk, instance_idx: int, choice: int) -> set[int] | None:
    """Move an instance to a temporary host; return the nodes touched.

    :param choice: which of the hosts, if there are several
    """
    hosts = direct(walk, instance_idx)
    if not hosts:
        return None
    host = hosts[min(choice, len(hosts) - 1)]
    return {walk.move(instance_idx, host), host}


def place_with_room(walk: Walk, instance_idx: int) -> set[int] | None:
    """Make room on some host and move an instance there.

    The host is the one where that costs least and takes the smallest.
    """
    touched = place(walk, instance_idx, 0)
    if touched is not None:
        return touched
    for *_, host, others in sorted(_clearances(walk, instance_idx)):
        mark = len(walk)
        touched = {host}
        for other in others:
            moved = place(walk, other, 0)
            if moved is None:
                break
            touched |= moved
        else:
            if walk.rules.allows(walk.placement, instance_idx, host):
                touched.add(walk.move(instance_idx, host))
                return touched
        walk.undo(mark)
    return None


def leaving_sets(
    walk: Walk, node: int, need: list[int]
) -> list[tuple[int, ...]]:
    """Return the smallest sets of instances whose leaving is enough.

    :param need: what is missing on the node, by resource class
    """
    leavers = [j for j in walk.on[node] if can_leave(walk, j, node)]
    # Where one is not enough, it takes large ones, of those who have to
    # move anyway if possible.
    leavers.sort(key=lambda j: (walk.target[j] == node, -walk.memory_mb[j], j))
    short = [rc for rc, amount in enumerate(need) if amount > 0]
    least = np.array([need[rc] for rc in short])
    amounts = walk.rules.cluster.demand[leavers][:, short]
    for size in range(1, min(MAX_SET, len(leavers)) + 1):
        count = len(leavers) if size == 1 else min(len(leavers), MAX_LEAVERS)
        sets = _sets(count, size)
        enough = (amounts[sets].sum(axis=1) >= least).all(axis=1)
        if enough.any():
            return [
                tuple(leavers[k] for k in group)
                for group in sets[enough].tolist()
            ]
    return []


@functools.lru_cache(maxsize=256)
def _sets(count: int, size: int) -> Ints:
    """int64[n_sets, size]: every set of so many of the first numbers."""
    sets = list(itertools.combinations(range(count), size))
    return np.array(sets, dtype=np.int64).reshape(-1, size)


def can_leave(walk: Walk, instance_idx: int, node: int) -> bool:
    """Whether an instance may be put elsewhere, and come back if at home."""
    rules = walk.rules
    if not rules.movability.movable[instance_idx]:
        return False
    if walk.target[instance_idx] != node:
        return True
    return bool(rules.eligible[rules.class_of[instance_idx], node])


def extra_cost(walk: Walk, group: tuple[int, ...], node: int) -> int:
    """Return what putting these aside costs: two moves if at home."""
    return sum(
        walk.weight[j] * (2 if walk.target[j] == node else 1) for j in group
    )


def missing(walk: Walk, instance_idx: int, node: int) -> list[int]:
    """Return what is missing on a node, by resource class; 0 if enough."""
    amounts: list[int] = _short(walk, instance_idx, node).tolist()
    return amounts


def _short(walk: Walk, instance_idx: int, nodes: int | Ints) -> Ints:
    """int64[..., n_rc]: what is missing on one node, or on several."""
    cluster = walk.rules.cluster
    demand = cluster.demand[instance_idx]
    free = cluster.capacity[nodes] - walk.placement.used[nodes]
    short: Ints = np.where(demand > 0, np.maximum(demand - free, 0), 0)
    return short


def _clearances(
    walk: Walk, instance_idx: int
) -> list[tuple[int, int, int, tuple[int, ...]]]:
    """(extra cost, memory, host, who leaves it) for every possible host."""
    rules = walk.rules
    here = int(walk.placement.node_of[instance_idx])
    hosts = np.flatnonzero(rules.eligible[rules.class_of[instance_idx]])
    hosts = hosts[hosts != here]
    needs = _short(walk, instance_idx, hosts).tolist()
    found = []
    for host, need in zip(hosts.tolist(), needs, strict=True):
        for group in leaving_sets(walk, host, need):
            extra = extra_cost(walk, group, host)
            memory = sum(walk.memory_mb[j] for j in group)
            found.append((extra, memory, host, group))
    return found
