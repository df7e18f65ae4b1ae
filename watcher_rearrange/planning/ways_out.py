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

"""What would make a target reachable, found by asking again.

Each way out relaxes exactly one thing, and a real path search has found a
path for what is asked then. The most promising things are tried first, and
only so many, so that more ways may exist than are reported.
"""

from __future__ import annotations

import dataclasses
import time

from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import relaxations
from watcher_rearrange.planning import rooms
from watcher_rearrange.planning.knot import Knot
from watcher_rearrange.planning.question import Question
from watcher_rearrange.planning.refusals import Refusal
from watcher_rearrange.planning.refusals import refusals
from watcher_rearrange.planning.relaxations import Relaxation


MAX_WAYS = 6

# Ways of one kind that are reported, and things of one kind that are tried.
MAX_OF_KIND = 3
MAX_TRIED = 20
MAX_ROOM_NODES = 12

# Seconds that all this may take, and one question of it.
MAX_S = 5.0
QUESTION_S = 1.0

WAY = 'way out: '
NO_WAY = 'no single change was found that would make it possible'
IN_HASTE = 'the time was over before all was tried: cheaper ways may exist'


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What is in the way.

    :ivar instances: whose target it is
    :ivar nodes: those that lack room, the first ones most
    :ivar at: int64[n_instances], from where the search goes on; None: from
        the start
    """

    instances: tuple[int, ...]
    nodes: tuple[int, ...]
    at: Ints | None = None


def of_refusals(
    question: Question, found: Sequence[Refusal], deadline: float
) -> list[str]:
    """Return the ways out for a target that breaks rules.

    :param deadline: on the clock of ``time.monotonic``
    """
    instances = tuple(
        dict.fromkeys(idx for refusal in found for idx in refusal.instances)
    )
    nodes = [int(question.wanted[idx]) for idx in instances]
    nodes += [
        question.cluster.node_index[item.host]
        for item in question.target.provision
    ]
    trouble = Trouble(instances, tuple(dict.fromkeys(nodes)))
    ways, in_haste = _ways(question, trouble, deadline)
    return [*_sentences(ways), *in_haste]


def of_knot(
    question: Question, path: Path, knot: Knot, deadline: float
) -> list[str]:
    """Return the ways out where no path leads to the target.

    :param path: as far as it got
    :param deadline: on the clock of ``time.monotonic``
    """
    # Where all placements were tried, trying again from the start is quick;
    # else the search goes on from where it got.
    at = None if path.proved else knot.placement.node_of
    sources = question.start.node_of[list(knot.blocked)].tolist()
    nodes = tuple(dict.fromkeys([*knot.awaited, *sources]))
    trouble = Trouble(knot.blocked, nodes, at)
    ways, in_haste = _ways(question, trouble, deadline)
    return [*(_sentences(ways) or [NO_WAY]), *in_haste]


def _sentences(ways: Iterable[Relaxation]) -> list[str]:
    chosen: list[Relaxation] = []
    for way in sorted(ways, key=lambda way: (way.kind, way.cost)):
        same = sum(other.kind == way.kind for other in chosen)
        if same < MAX_OF_KIND and len(chosen) < MAX_WAYS:
            chosen.append(way)
    return [f'{WAY}{way.text}' for way in chosen]


class _Asker:
    """Asks questions until the time is over."""

    def __init__(self, at: Ints | None, deadline: float) -> None:
        self._at = at
        self._deadline = deadline
        self.in_haste = False

    def helps(self, question: Question) -> bool:
        """Whether there is a path now; no if there is no time to ask."""
        now = time.monotonic()
        if now >= self._deadline:
            self.in_haste = True
            return False
        if refusals(question):
            return False
        until = min(self._deadline, now + QUESTION_S)
        path = question.path(until, self._at)
        self.in_haste |= not path.complete and time.monotonic() >= until
        return path.complete


def _ways(
    question: Question, trouble: Trouble, deadline: float
) -> tuple[list[Relaxation], list[str]]:
    """Try every kind of thing, each with its share of the time left.

    :returns: the ways, and what has to be said of how they were sought
    """
    deadline = min(deadline, time.monotonic() + MAX_S)
    askers: list[_Asker] = []

    def ask(relaxed: Question) -> bool:
        return askers[-1].helps(relaxed)

    def share(n_left: int) -> None:
        now = time.monotonic()
        until = now + max(0.0, deadline - now) / n_left
        askers.append(_Asker(trouble.at, until))

    found = []
    candidates = _candidates(question, trouble)
    for n_left, group in zip((4, 3, 2), candidates, strict=True):
        share(n_left)
        found += [way for way in group[:MAX_TRIED] if ask(way.question)]
    share(1)
    found += rooms.ways(question, _room_nodes(question, trouble), ask)
    in_haste = any(asker.in_haste for asker in askers)
    return found, [IN_HASTE] if in_haste else []


def _candidates(
    question: Question, trouble: Trouble
) -> tuple[list[Relaxation], ...]:
    return (
        relaxations.of_instances(question, _staying(question, trouble)),
        relaxations.of_services(question),
        relaxations.of_targets(question, _wanting(question, trouble)),
    )


def _staying(question: Question, trouble: Trouble) -> list[int]:
    """Instances that stay, those in trouble or in the way of it first."""
    wanted_nodes = set(trouble.nodes)
    node_of = question.start.node_of.tolist()
    concerned = set(trouble.instances)
    stays = question.rules.movability.stays
    return sorted(
        (idx for idx in stays if node_of[idx] >= 0),
        key=lambda idx: (
            idx not in concerned,
            node_of[idx] not in wanted_nodes,
            -int(question.cluster.memory_mb[idx]),
            idx,
        ),
    )


def _wanting(question: Question, trouble: Trouble) -> list[int]:
    """Who might be left where it is, those in trouble first."""
    concerned = set(trouble.instances)
    return sorted(
        question.misplaced, key=lambda idx: (idx not in concerned, idx)
    )


def _room_nodes(question: Question, trouble: Trouble) -> list[int]:
    """Nodes on which room might help: first those that lack it."""
    receives = question.cluster.receives
    free = question.cluster.capacity - question.start.used
    share = free / np.maximum(question.cluster.capacity, 1)
    first = [node for node in trouble.nodes if receives[node]]
    others = [
        node
        for node in np.argsort(-share.sum(axis=1), kind='stable').tolist()
        if receives[node] and node not in trouble.nodes
    ]
    # Not all are tried, and a temporary host can be anywhere.
    n_first = MAX_ROOM_NODES // 2 if others else MAX_ROOM_NODES
    chosen = first[:n_first]
    return chosen + others[: MAX_ROOM_NODES - len(chosen)]
