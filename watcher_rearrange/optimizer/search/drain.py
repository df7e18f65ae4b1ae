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
"""Drains: all that is on one node goes to others, if that pays as a whole.

Where only empty nodes count, no single shift gains anything but the last.
"""

from __future__ import annotations

import time

from collections.abc import Callable

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.optimizer.search.model import Model


TINY = 1e-9


class Drain:
    """Empties nodes of a model, those with few instances first.

    :param movable: int64[n], who may be moved
    :param value: what has to get smaller; the model may have terms besides
        that tell where to go
    :param deadline: on the clock of ``time.monotonic``
    """

    def __init__(
        self,
        model: Model,
        movable: Ints,
        value: Callable[[], float],
        deadline: float,
    ) -> None:
        self._model = model
        self._movable = np.zeros(len(model.node_of), dtype=np.bool_)
        self._movable[movable] = True
        self._value = value
        self._deadline = deadline
        self._sizes = model.sizes()

    def run(self) -> None:
        """Empty nodes until none is left for which that pays."""
        while any([self._empty(node) for node in self._nodes()]):
            pass

    def _nodes(self) -> list[int]:
        """Nodes that could be emptied."""
        node_of, n_nodes = self._model.node_of, self._model.n_nodes
        count = np.bincount(node_of, minlength=n_nodes)
        stays = np.bincount(node_of[~self._movable], minlength=n_nodes)
        nodes = np.flatnonzero((count > 0) & (stays == 0))
        order: list[int] = nodes[
            np.argsort(count[nodes], kind='stable')
        ].tolist()
        return order

    def _empty(self, node: int) -> bool:
        """Whether it pays to empty a node, which is then done."""
        before = self._value()
        limit = before - TINY * max(1.0, abs(before))
        on = np.flatnonzero(self._model.node_of == node)
        on = on[np.argsort(-self._sizes[on], kind='stable')]
        moved = []
        for instance in on.tolist():
            if time.monotonic() >= self._deadline:
                break
            deltas = self._model.shift_deltas(np.array([instance]))[0]
            deltas[node] = np.inf
            to = int(deltas.argmin())
            if not np.isfinite(deltas[to]):
                break
            self._model.move(instance, to)
            moved.append(instance)
        if len(moved) == len(on) and self._model.valid:
            if self._value() < limit:
                return True
        for instance in reversed(moved):
            self._model.move(instance, node)
        return False
