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

import dataclasses
import functools
import itertools

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.path.walk import Walk


# Instances moved at once to make room; larger sets are rarely worth it.
MAX_SET = 3

# Of how many instances such sets are made.
MAX_LEAVERS = 12

# On how many hosts it is tried to make room, and in how many ways on each.
MAX_HOSTS = 8
MAX_PER_HOST = 6


@dataclasses.dataclass(frozen=True, eq=False)
class Leavers:
    """Who has somewhere to go at the moment, without making room.

    :ivar index: int64[n], the instances
    :ivar node_of: int64[n], where they are
    :ivar demand: int64[n, n_rc], what they free there
    :ivar extra: int64[n], what it costs to put each aside
    :ivar all: the instances, to look one up
    """

    index: Ints
    node_of: Ints
    demand: Ints
    extra: Ints
    all: frozenset[int]

    @classmethod
    def of(cls, walk: Walk) -> Leavers:
        """Return those of a walk; server groups are not looked at."""
        rules = walk.rules
        node_of = walk.placement.node_of
        at_home = np.array(walk.target) == node_of
        returns = rules.eligible[rules.class_of, node_of]
        able = rules.movability.movable & (node_of >= 0)
        able &= returns | ~at_home
        index = np.flatnonzero(able)
        index = index[_has_room(walk, index)]
        return cls(
            index,
            node_of[index],
            rules.cluster.demand[index],
            np.array(walk.weight)[index] * (1 + at_home[index]),
            frozenset(index.tolist()),
        )


def _has_room(walk: Walk, index: Ints) -> Bools:
    """bool[n]: whether another node has room for each instance."""
    rules, cluster = walk.rules, walk.rules.cluster
    free = np.maximum(cluster.capacity - walk.placement.used, 0)
    demand = cluster.demand[index]
    fits = (demand <= free.max(axis=0)).all(axis=1)
    index = index[fits]
    # bool[n, n_nodes], of those that are not too large for every node.
    where = rules.eligible[rules.class_of[index]]
    for rc in range(free.shape[1]):
        where &= demand[fits, rc, np.newaxis] <= free[:, rc]
    where[np.arange(len(index)), walk.placement.node_of[index]] = False
    fits[fits] = where.any(axis=1)
    return fits


def direct(walk: Walk, instance_idx: int) -> list[int]:
    """Return up to two hosts with room, each the tightest of its kind.

    First of those that nobody waits for, since that room is better left,
    then of all.
    """
    cluster = walk.rules.cluster
    nodes = np.flatnonzero(
        walk.rules.permitted(walk.placement, instance_idx, cluster.capacity)
        & _on_the_way(walk, instance_idx)
    )
    if not len(nodes):
        return []
    capacity = cluster.capacity[nodes]
    free = capacity - walk.placement.used[nodes]
    room = (free / np.maximum(capacity, 1)).sum(axis=1)
    order: list[int] = nodes[np.lexsort((nodes, room))].tolist()
    tightest = order[0]
    unwanted = next((k for k in order if k not in walk.pending), tightest)
    return list(dict.fromkeys((unwanted, tightest)))


def _on_the_way(walk: Walk, instance_idx: int) -> Bools:
    """bool[n_nodes]: from where it can still go on to where it should."""
    return walk.rules.hypervisors.between(
        instance_idx,
        int(walk.placement.node_of[instance_idx]),
        walk.target[instance_idx],
    )


def place(walk: Walk, instance_idx: int, choice: int) -> set[int] | None:
    """Move an instance to a temporary host; return the nodes touched.

    :param choice: which of the hosts, if there are several
    """
    hosts = direct(walk, instance_idx)
    if not hosts:
        return None
    host = hosts[min(choice, len(hosts) - 1)]
    return {walk.move(instance_idx, host), host}


def place_with_room(
    walk: Walk, instance_idx: int, leavers: Leavers
) -> set[int] | None:
    """Make room on some host and move an instance there.

    The host is the one where that costs least and takes the smallest.

    :param leavers: who could leave it; a little out of date does no harm
    """
    touched = place(walk, instance_idx, 0)
    if touched is not None:
        return touched
    for *_, host, others in _clearances(walk, instance_idx, leavers):
        mark = len(walk)
        touched = {host}
        for other in others:
            moved = place(walk, other, 0)
            if moved is None:
                break
            touched |= moved
        else:
            if walk.allows(instance_idx, host):
                touched.add(walk.move(instance_idx, host))
                return touched
        walk.undo(mark)
    return None


def leaving_sets(
    walk: Walk, node: int, need: list[int], among: Leavers | None = None
) -> list[tuple[int, ...]]:
    """Return the smallest sets of instances whose leaving is enough.

    Where their migrations do not cost the same, larger sets as well, of
    which everybody is needed: they may be cheaper.

    :param need: what is missing on the node, by resource class
    :param among: who is worth considering; None for all
    """
    leavers = [
        j
        for j in walk.on[node]
        if (among is None or j in among.all) and can_leave(walk, j, node)
    ]
    # Where one is not enough, it takes large ones, of those who have to
    # move anyway if possible.
    leavers.sort(key=lambda j: (walk.target[j] == node, -walk.memory_mb[j], j))
    uneven = len({walk.weight[j] for j in leavers}) > 1
    short = [rc for rc, amount in enumerate(need) if amount > 0]
    least = np.array([need[rc] for rc in short])
    amounts = walk.rules.cluster.demand[leavers][:, short]
    alone = (amounts >= least).all(axis=1)
    found: list[tuple[int, ...]] = [
        (leavers[k],) for k in np.flatnonzero(alone)
    ]
    others = np.flatnonzero(~alone)[:MAX_LEAVERS]
    for size in range(2, min(MAX_SET, len(others)) + 1):
        if found and not uneven:
            break
        groups = others[_sets(len(others), size)]
        enough = _just_enough(amounts[groups], least)
        found += [
            tuple(leavers[k] for k in group)
            for group in groups[enough].tolist()
        ]
    return found


def _just_enough(amounts: Ints, least: Ints) -> Bools:
    """bool[n_sets]: whether a set is enough, and not without a member.

    :param amounts: int64[n_sets, size, n_rc], what each member frees
    """
    total = amounts.sum(axis=1)
    enough: Bools = (total >= least).all(axis=1)
    without = total[:, np.newaxis] - amounts
    enough &= ~(without >= least).all(axis=2).any(axis=1)
    return enough


@functools.lru_cache(maxsize=256)
def _sets(count: int, size: int) -> Ints:
    """int64[n_sets, size]: every set of so many of the first numbers."""
    found = list(itertools.combinations(range(count), size))
    return np.array(found, dtype=np.int64).reshape(-1, size)


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
    walk: Walk, instance_idx: int, leavers: Leavers
) -> list[tuple[int, int, int, tuple[int, ...]]]:
    """(extra cost, memory, host, who leaves it), the best first."""
    found = []
    for host, need in _promising(walk, instance_idx, leavers):
        ranked = []
        for group in leaving_sets(walk, host, need, leavers):
            extra = extra_cost(walk, group, host)
            memory = sum(walk.memory_mb[j] for j in group)
            ranked.append((extra, memory, host, group))
        # Where nothing is missing, a server group is in the way, and one
        # of all who are there is a member.
        ranked.sort()
        found += ranked[:MAX_PER_HOST] if any(need) else ranked
    return sorted(found)


def _promising(
    walk: Walk, instance_idx: int, leavers: Leavers
) -> list[tuple[int, list[int]]]:
    """Hosts with what is missing: where one leaver is enough, then others."""
    rules, cluster = walk.rules, walk.rules.cluster
    needs = _short(walk, instance_idx, np.arange(cluster.n_nodes))
    node_of, demand = leavers.node_of, leavers.demand
    leaving_at_most = np.zeros_like(needs)
    np.add.at(leaving_at_most, node_of, demand)
    possible = rules.eligible[rules.class_of[instance_idx]].copy()
    possible &= (leaving_at_most >= needs).all(axis=1)
    possible &= _on_the_way(walk, instance_idx)
    possible[walk.placement.node_of[instance_idx]] = False
    alone = (demand >= needs[node_of]).all(axis=1)
    cheapest = np.full(cluster.n_nodes, np.iinfo(np.int64).max)
    np.minimum.at(cheapest, node_of[alone], leavers.extra[alone])
    missing_ratio = (needs / np.maximum(cluster.capacity, 1)).sum(axis=1)
    order = np.lexsort((missing_ratio, cheapest))
    hosts = order[possible[order]][:MAX_HOSTS]
    return list(zip(hosts.tolist(), needs[hosts].tolist(), strict=True))
