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

"""A target that cannot be reached: who is in whose way, and by how much."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning.question import Question


# Sentences, and instances named in one, at most.
MAX_SENTENCES = 10
MAX_NAMES = 4


class Knot:
    """What is left when all that can be moved home is home.

    :ivar blocked: the instances that do not get to their target
    :ivar awaited: the nodes that they wait for, the most wanted first
    :ivar placement: where everybody is then
    """

    def __init__(self, question: Question, path: Path) -> None:
        self._question = question
        self.blocked = path.blocked
        self.placement: Placement = question.start.copy()
        for move in path.moves:
            self.placement.move(move.instance, move.destination)
        nodes, counts = np.unique(
            question.wanted[list(path.blocked)], return_counts=True
        )
        self.awaited: list[int] = nodes[np.lexsort((nodes, -counts))].tolist()

    def sentences(self) -> list[str]:
        """Return one sentence for each blocked instance, for some of many."""
        named = self.blocked[:MAX_SENTENCES]
        found = [self._sentence(idx) for idx in named]
        n_left = len(self.blocked) - len(named)
        if n_left:
            found.append(f'and {n_left} more instances are blocked')
        return found

    def missing(self, instance_idx: int) -> Ints:
        """Return int64[n_rc]: what is missing on its target node."""
        cluster = self._question.cluster
        node = self._question.wanted[instance_idx]
        demand = cluster.demand[instance_idx]
        free = cluster.capacity[node] - self.placement.used[node]
        short: Ints = np.where(demand > 0, np.maximum(demand - free, 0), 0)
        return short

    def _sentence(self, idx: int) -> str:
        question = self._question
        node = int(question.wanted[idx])
        target = question.cluster.hostname(node)
        short = self.missing(idx)
        if short.any():
            why = f'{question.amounts(short)} missing'
        elif question.rules.allows(self.placement, idx, node):
            why = 'there is room, but not for all who have to pass through'
        else:
            why = f'{question.rules.company(idx)} keeps it off'
        source = question.cluster.hostname(int(question.start.node_of[idx]))
        return (
            f'no way found for {question.label(idx)} from {source} to '
            f'{target}: {why}; on {target}: {self._occupants(node)}'
        )

    def _occupants(self, node: int) -> str:
        """Who is on a node, those first who have to leave it."""
        question = self._question
        there = sorted(
            self.placement.instances_on(node).tolist(),
            key=lambda i: (
                question.wanted[i] == node,
                -question.cluster.memory_mb[i],
                i,
            ),
        )
        names = [self._described(i, node) for i in there[:MAX_NAMES]]
        if len(there) > MAX_NAMES:
            names.append(f'{len(there) - MAX_NAMES} more')
        return ', '.join(names) or 'nobody'

    def _described(self, idx: int, node: int) -> str:
        question = self._question
        label = question.label(idx)
        home = int(question.wanted[idx])
        if home != node:
            return f'{label} (waits for {question.cluster.hostname(home)})'
        reason = question.rules.movability.stays.get(idx)
        return f'{label} ({reason})' if reason else label
