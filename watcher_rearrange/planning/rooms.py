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

"""The smallest room on one node that would make a target reachable."""

from __future__ import annotations

import collections

from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.planning import relaxations
from watcher_rearrange.planning.question import Question
from watcher_rearrange.planning.relaxations import Relaxation


# Answers whether a question has a path.
Ask = Callable[[Question], bool]

MAX_NODES_NAMED = 6


def ways(
    question: Question, nodes: Sequence[int], ask: Ask
) -> list[Relaxation]:
    """Return how much room on which nodes would do, the least first.

    Nodes for which the same amounts do are one way. A node that takes more
    than the best one so far is of no interest.

    :param nodes: in the order in which they are tried
    """
    rooms = _Rooms(question, ask)
    nodes_of: dict[tuple[int, ...], list[int]] = collections.defaultdict(list)
    best: Ints | None = None
    for node in nodes:
        found = rooms.smallest(node, best)
        if found is not None:
            nodes_of[tuple(found.tolist())].append(node)
            if best is None or rooms.cost(found) < rooms.cost(best):
                best = found
    return sorted(
        (
            Relaxation(
                relaxations.ROOM,
                rooms.cost(np.array(amounts)),
                _text(question, np.array(amounts), group),
                relaxations.with_room(question, group[0], np.array(amounts)),
            )
            for amounts, group in nodes_of.items()
        ),
        key=lambda way: way.cost,
    )


class _Rooms:
    def __init__(self, question: Question, ask: Ask) -> None:
        self._question = question
        self._ask = ask
        cluster = question.cluster
        self._most = _most(question)
        self._scale = np.maximum(cluster.capacity.max(axis=0, initial=1), 1)
        # Nothing changes between two multiples of what all are made of.
        self._unit = np.maximum(
            np.gcd.reduce(
                np.vstack((cluster.demand, _provisioned(question))), axis=0
            ),
            1,
        )

    def cost(self, extra: Ints) -> float:
        """Return the amounts as shares of the largest node."""
        return round(float((extra / self._scale).sum()), 9)

    def smallest(self, node: int, enough: Ints | None) -> Ints | None:
        """Return the smallest amounts that help on a node, None if none do.

        No class can do with less while the others stay as they are.

        :param enough: int64[n_rc], amounts to begin with
        """
        extra = self._first(node)
        if enough is not None:
            extra = np.minimum(extra, enough)
        if not extra.any() or not self._helps(node, extra):
            return None
        for rc in np.flatnonzero(extra):
            if self._helps(node, _changed(extra, int(rc), 0)):
                extra[rc] = 0
        for rc in np.flatnonzero(extra):
            self._shrink(node, extra, int(rc))
        return extra

    def _first(self, node: int) -> Ints:
        # Nobody can free more than the node has.
        first: Ints = np.minimum(
            self._question.cluster.capacity[node], self._most
        )
        return first

    def _shrink(self, node: int, extra: Ints, rc: int) -> None:
        """Make one class as small as it can be, in place; 0 is too small."""
        unit = int(self._unit[rc])
        capacity = int(self._question.cluster.capacity[node, rc])
        first = -capacity % unit or unit
        too_small, enough = -1, (int(extra[rc]) - first) // unit
        # Mostly it is the smallest already, so look just below first.
        middle = enough - 1
        while enough - too_small > 1:
            amount = first + middle * unit
            if self._helps(node, _changed(extra, rc, amount)):
                enough = middle
            else:
                too_small = middle
            middle = (too_small + enough) // 2
        extra[rc] = first + max(enough, 0) * unit

    def _helps(self, node: int, extra: Ints) -> bool:
        return self._ask(relaxations.with_room(self._question, node, extra))


def _changed(extra: Ints, rc: int, amount: int) -> Ints:
    changed = extra.copy()
    changed[rc] = amount
    return changed


def _provisioned(question: Question) -> Ints:
    """int64[n_provisions, n_rc]: what is asked for at the end."""
    classes = question.cluster.resource_classes
    return np.array(
        [
            [item.allocations.get(name, 0) for name in classes]
            for item in question.target.provision
        ],
        dtype=np.int64,
    ).reshape(-1, len(classes))


def _most(question: Question) -> Ints:
    """int64[n_rc]: room for all who move, and for one more."""
    demand = question.cluster.demand
    most: Ints = (
        demand[question.misplaced].sum(axis=0)
        + demand.max(axis=0, initial=0)
        + _provisioned(question).sum(axis=0)
    )
    return most


def _text(question: Question, extra: Ints, nodes: list[int]) -> str:
    names = [question.cluster.hostname(node) for node in sorted(nodes)]
    more = len(names) - MAX_NODES_NAMED
    listed = ', '.join(names[:MAX_NODES_NAMED])
    if more > 0:
        listed += f' and {more} more'
    some = 'any of ' if len(names) > 1 else ''
    return f'free {question.amounts(extra)} on {some}{listed}'
