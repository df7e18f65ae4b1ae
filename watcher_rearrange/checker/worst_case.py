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

"""The worst that any interleaving can do to a node, exactly.

Whatever overlaps and whatever fails, a node never holds more than in some
order of one action at a time without failure: let the migrations that are
under way onto the node be done, and those that are leaving it, or that have
failed to, not begun. So it is enough to look, for each arrival, at every set
of actions that may have succeeded before it, closed under parents, and the
worst of these sets is a best closure: arrivals are gains, the departures that
they wait for are costs. The least company that an arriving member of an
affinity group can find is the same with arrivals and departures exchanged.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field

from watcher_rearrange.checker.closure import Closure
from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Dimension
from watcher_rearrange.checker.graph import bits
from watcher_rearrange.checker.occupancy import alone
from watcher_rearrange.checker.occupancy import overfull
from watcher_rearrange.checker.simulator import Path
from watcher_rearrange.checker.violation import Violation


SHOWN_IDS = 20


@dataclass
class Situation:
    """What one arrival can find of one dimension on its node.

    :ivar held: after what the arrival waits for, and nothing else
    :ivar more: by position, what other arrivals may add before it
    :ivar less: by position, what departures may take away before it
    """

    held: Amount
    more: dict[int, Amount] = field(default_factory=dict)
    less: dict[int, Amount] = field(default_factory=dict)


class WorstCase:
    """Worst cases of a path whose chains of moves are in order."""

    def __init__(self, cluster: Cluster, path: Path) -> None:
        self._cluster = cluster
        self._path = path
        self._graph = path.graph
        # By node and dimension, position and amount of the moves of those
        # who use it.
        self._arrivals: dict[tuple[str, Dimension], dict[int, Amount]] = {}
        self._departures: dict[tuple[str, Dimension], dict[int, Amount]] = {}
        for i, action in enumerate(path.actions):
            if not action.migrates:
                continue
            for dimension, amount in self._demand(i).items():
                into = (action.destination, dimension)
                self._arrivals.setdefault(into, {})[i] = amount
                out_of = (action.source, dimension)
                self._departures.setdefault(out_of, {})[i] = amount
        # What would be held if nothing left.
        self._most = {
            key: self._held(*key) + sum(amounts.values())
            for key, amounts in self._arrivals.items()
        }
        self._broken: set[tuple[str, Dimension]] = set()

    def violations(self) -> Iterator[Violation]:
        """What the worst orders break, each with such an order."""
        for i, action in enumerate(self._path.actions):
            if not action.migrates:
                continue
            for dimension in self._demand(i):
                if dimension.rule == 'affinity':
                    yield from self._least_company(i, dimension)
                else:
                    yield from self._most_used(i, dimension)

    def _demand(self, i: int) -> dict[Dimension, Amount]:
        return self._cluster.instances[self._path.actions[i].instance].demand

    def _held(self, node: str, dimension: Dimension) -> Amount:
        return self._path.start.used[node].get(dimension, 0)

    def _most_used(self, i: int, dimension: Dimension) -> Iterator[Violation]:
        """The most that the node can hold once the arrival has started."""
        node = self._path.actions[i].destination
        limit = self._cluster.limit(node, dimension)
        key = (node, dimension)
        if self._most[key] <= limit or key in self._broken:
            return
        situation = self._situation(i, dimension)
        held = situation.held + self._demand(i)[dimension]
        closure = self._closure(situation.more, situation.less)
        if closure.beats(limit - held):
            self._broken.add(key)
            found = overfull(dimension, node, held + closure.profit(), limit)
            done = self._done(i, situation.more, situation.less, closure)
            yield dataclasses.replace(found, when=self._order(i, done))

    def _least_company(
        self, i: int, dimension: Dimension
    ) -> Iterator[Violation]:
        """The fewest other members on the node when the arrival starts."""
        action = self._path.actions[i]
        situation = self._situation(i, dimension)
        closure = self._closure(situation.less, situation.more)
        if closure.beats(situation.held - 1):
            found = alone(dimension, action.instance, action.destination)
            done = self._done(i, situation.less, situation.more, closure)
            yield dataclasses.replace(found, when=self._order(i, done))

    def _situation(self, i: int, dimension: Dimension) -> Situation:
        key = (self._path.actions[i].destination, dimension)
        situation = Situation(self._held(*key))
        for sign, moves, free in (
            (1, self._arrivals.get(key, {}), situation.more),
            (-1, self._departures.get(key, {}), situation.less),
        ):
            for j, amount in moves.items():
                if self._graph.before(j, i):
                    situation.held += sign * amount
                elif j != i and not self._graph.before(i, j):
                    free[j] = amount
        return situation

    def _closure(
        self, gains: dict[int, Amount], costs: dict[int, Amount]
    ) -> Closure:
        all_costs = _bits_of(costs)
        by_required: dict[int, Amount] = {}
        for j, amount in gains.items():
            required = self._graph.ancestors[j] & all_costs
            by_required[required] = by_required.get(required, 0) + amount
        return Closure(by_required, costs)

    def _done(
        self,
        i: int,
        gains: dict[int, Amount],
        costs: dict[int, Amount],
        closure: Closure,
    ) -> int:
        """A bit for each action that has succeeded when the worst happens."""
        chosen = closure.chosen()
        all_costs = _bits_of(costs)
        done = self._graph.ancestors[i]
        for j in gains:
            ancestors = self._graph.ancestors[j]
            if ancestors & all_costs in chosen:
                done |= ancestors | 1 << j
        return done

    def _order(self, i: int, done: int) -> str:
        ids = [self._path.actions[j].id for j in bits(done)]
        text = ', '.join(ids[:SHOWN_IDS]) or 'none'
        if len(ids) > SHOWN_IDS:
            text += f' and {len(ids) - SHOWN_IDS} others'
        name = self._path.actions[i].id
        return f'worst order: actions done {text}; then action {name} starts'


def _bits_of(positions: Iterable[int]) -> int:
    mask = 0
    for i in positions:
        mask |= 1 << i
    return mask
