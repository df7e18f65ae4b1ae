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

"""Who of a kind goes where, such that server groups are kept apart.

An answer in counts says how many of a kind leave and arrive at each node.
Where members of anti-affinity groups are of the same kind as others, that
can be done in many ways; members are placed first.
"""

from __future__ import annotations

import random

from collections import Counter

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.counts import Counts
from watcher_rearrange.optimizer.program import Answer


# Orders in which the members of groups are placed.
TRIES = 20


def decoded(counts: Counts, answer: Answer, seed: int) -> Placement | None:
    """Return a placement with these counts, or None if none was found."""
    changes = counts.changes(answer)
    net = changes.arrive - changes.leave
    for number in range(TRIES):
        result = _attempt(counts, net, random.Random(f'{seed} {number}'))
        if result is not None:
            return result
    return None


def _attempt(
    counts: Counts, net: Ints, dice: random.Random
) -> Placement | None:
    result = counts.placement.copy()
    groups = counts.problem.rules.groups
    leavers = _leavers(counts, net, dice)
    for idx in leavers:
        result.move(idx, -1)
    slots = [Counter(dict(zip(*_positive(row), strict=True))) for row in net]
    members = [idx for idx in leavers if groups.of(idx)]
    dice.shuffle(members)
    for idx in members:
        open_slots = slots[int(counts.kinds.of[idx])]
        permitted = groups.permitted(result, idx)
        nodes = [n for n, left in open_slots.items() if left and permitted[n]]
        if not nodes:
            return None
        _put(result, idx, dice.choice(nodes), open_slots)
    for idx in leavers:
        if not groups.of(idx):
            open_slots = slots[int(counts.kinds.of[idx])]
            node = next(n for n, left in open_slots.items() if left)
            _put(result, idx, node, open_slots)
    return result


def _put(
    result: Placement, idx: int, node: int, open_slots: Counter[int]
) -> None:
    result.move(idx, node)
    open_slots[node] -= 1
    if not open_slots[node]:
        del open_slots[node]


def _positive(row: Ints) -> tuple[list[int], list[int]]:
    nodes = np.flatnonzero(row > 0)
    return nodes.tolist(), row[nodes].tolist()


def _leavers(counts: Counts, net: Ints, dice: random.Random) -> list[int]:
    """Who leaves: of those that could, rather one without a group."""
    groups, kinds = counts.problem.rules.groups, counts.kinds
    node_of = counts.placement.node_of
    there: dict[tuple[int, int], list[int]] = {}
    leaves = np.zeros_like(net, dtype=np.bool_)
    leaves[net < 0] = True
    who = np.flatnonzero(kinds.of >= 0)
    who = who[leaves[kinds.of[who], node_of[who]]]
    for idx in who.tolist():
        key = int(kinds.of[idx]), int(node_of[idx])
        there.setdefault(key, []).append(idx)
    chosen: list[int] = []
    for (kind, node), instances in there.items():
        dice.shuffle(instances)
        instances.sort(key=lambda i: len(groups.of(i)))
        chosen += instances[: -int(net[kind, node])]
    return sorted(chosen)
