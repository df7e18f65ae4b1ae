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

"""A best closed set of actions, by maximum flow.

Gains are to be had only together with all the costs they require, a cost
is paid once for all gains that require it. The best choice is what a minimum
cut leaves on the side of the source (Picard 1976, Maximal closure of a graph
and applications to combinatorial problems).
"""

from __future__ import annotations

from collections.abc import Mapping

from watcher_rearrange.checker.cluster import Amount
from watcher_rearrange.checker.graph import bits


# Key of a gain: one bit for each cost that it requires.
Mask = int


class Closure:
    """Flow from gains to the costs they require; the excess is profit."""

    def __init__(
        self, gains: Mapping[Mask, Amount], costs: Mapping[int, Amount]
    ) -> None:
        self._excess = dict(gains)
        self._room = dict(costs)
        # flow[cost][gain]: how much of the cost the gain pays
        self._flow: dict[int, dict[Mask, Amount]] = {
            cost: {} for cost in costs
        }
        self._profit = sum(gains.values())

    def beats(self, least: Amount) -> bool:
        """Whether some closed set is worth more than ``least``."""
        for gain in self._excess:
            while self._profit > least and self._excess[gain] > 0:
                if not self._augment(gain):
                    break
        return self._profit > least

    def profit(self) -> Amount:
        """What the best closed set is worth, once ``beats`` was true."""
        return self._profit

    def chosen(self) -> set[Mask]:
        """The gains of the best closed set, once ``beats`` was true."""
        chosen: set[Mask] = set()
        for gain, excess in self._excess.items():
            if excess > 0:
                chosen |= set(self._reach(gain)[1])
        return chosen

    def _reach(
        self, start: Mask
    ) -> tuple[int | None, dict[Mask, int | None], dict[int, Mask]]:
        """Search for a cost with room, going back along flow.

        :returns: the cost or None, by which cost each gain was reached, and
            by which gain each cost
        """
        via_cost: dict[Mask, int | None] = {start: None}
        via_gain: dict[int, Mask] = {}
        seen = 0
        queue = [start]
        for gain in queue:
            for cost in bits(gain & ~seen):
                via_gain[cost] = gain
                if self._room[cost] > 0:
                    return cost, via_cost, via_gain
                for other, amount in self._flow[cost].items():
                    if amount > 0 and other not in via_cost:
                        via_cost[other] = cost
                        queue.append(other)
            seen |= gain
        return None, via_cost, via_gain

    def _augment(self, start: Mask) -> bool:
        """Push as much as fits along one path; False if there is none."""
        end, via_cost, via_gain = self._reach(start)
        if end is None:
            return False
        steps: list[tuple[Mask, int, int | None]] = []
        cost: int | None = end
        amount = min(self._excess[start], self._room[end])
        while cost is not None:
            gain = via_gain[cost]
            back = via_cost[gain]
            steps.append((gain, cost, back))
            if back is not None:
                amount = min(amount, self._flow[back][gain])
            cost = back
        for gain, cost, back in steps:
            paid = self._flow[cost]
            paid[gain] = paid.get(gain, 0) + amount
            if back is not None:
                self._flow[back][gain] -= amount
        self._excess[start] -= amount
        self._room[end] -= amount
        self._profit -= amount
        return True
