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

"""How much a plan disturbs the project or group that it disturbs most."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.objectives.term import Term


class Disruption(Term):
    """The most instances of any one group that are not at their start.

    :param start: int64[n_instances]
    :param group: int64[n_instances], from 0; -1 for no group
    """

    name = 'disruption'
    unit = 'instances'

    def __init__(self, start: Ints, group: Ints, n_nodes: int) -> None:
        super().__init__(n_nodes)
        self.start = start.copy()
        self.group = group.copy()
        self._n_groups = int(group.max(initial=-1)) + 1
        # The last place is that of no group, where nothing is counted.
        self.moved: Ints = np.zeros(self._n_groups + 1, dtype=np.int64)
        self._with: Ints = np.ones(1, dtype=np.int64)
        self._most = 0

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        away = (node_of != self.start) & (self.group >= 0)
        size = self._n_groups + 1
        self.moved = np.bincount(self.group[away], minlength=size)
        self._most = int(self.moved.max(initial=0))
        # _with[c]: how many groups have c instances away.
        self._with = np.bincount(self.moved[:-1], minlength=len(node_of) + 2)

    def value(self) -> float:
        """Return the value of the placement that is followed."""
        return float(self._most)

    def shift_deltas(self, instances: Ints) -> Floats:
        """Return float64[n, n_nodes]: the change for each destination."""
        start, home = self.start[instances], self.node_of[instances]
        away = home != start
        rows = np.arange(len(instances))
        deltas = np.zeros((len(rows), self.n_nodes))
        deltas[~away] = self._change(instances[~away], 1)[:, None]
        deltas[rows[away], start[away]] = self._change(instances[away], -1)
        deltas[rows, home] = 0.0
        return deltas

    def swap_deltas(self, left: Ints, right: Ints) -> Floats:
        """Return float64[n]: the change when two trade places."""
        here, there = self.node_of[left], self.node_of[right]
        one = self._step(left, here, there)
        other = self._step(right, there, here)
        deltas = np.zeros(len(left))
        matters = self._matters(left, one) | self._matters(right, other)
        for k in np.flatnonzero(matters):
            steps = {int(left[k]): int(one[k]), int(right[k]): int(other[k])}
            deltas[k] = self._after(steps) - self._most
        return deltas

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        home = int(self.node_of[instance])
        self.node_of[instance] = to
        group, start = int(self.group[instance]), int(self.start[instance])
        step = int(to != start) - int(home != start)
        if group < 0 or not step:
            return
        before = int(self.moved[group])
        self.moved[group] += step
        self._with[before] -= 1
        self._with[before + step] += 1
        self._most = max(self._most, before + step)
        if not self._with[self._most]:
            self._most -= 1

    def lower_bound(self) -> float | None:
        """Return 0: nobody moved."""
        return 0.0

    def write(self, area: Area, weight: float) -> None:
        """Write the term, times a weight, into a programme."""
        free = np.zeros(len(self.start), dtype=np.bool_)
        free[area.free] = True
        away = (area.node_of != self.start) & (self.group >= 0) & ~free
        fixed = np.bincount(self.group[away], minlength=self._n_groups + 1)
        most = area.program.columns(
            1, cost=weight, lower=float(fixed.max()), integer=False
        )
        groups = self.group[area.free]
        leaves = area.nodes != self.start[area.free, None]
        for group in np.unique(groups[groups >= 0]).tolist():
            who = leaves & (groups == group)[:, None] & (area.choice >= 0)
            columns = area.choice[who]
            if fixed[group] + (groups == group).sum() > fixed.max():
                area.program.row(
                    np.append(columns, most),
                    np.append(np.full(len(columns), -1.0), 1.0),
                    lower=float(fixed[group]),
                )

    def _change(self, instances: Ints, step: int) -> Floats:
        """The change when one more, or less, of its group is away."""
        group = self.group[instances]
        at_most = (self.moved[group] == self._most) & (group >= 0)
        if step < 0:
            at_most &= bool(self._with[self._most] == 1)
        return np.where(at_most, float(step), 0.0)

    def _step(self, instances: Ints, home: Ints, to: Ints) -> Ints:
        start = self.start[instances]
        step = (to != start).astype(np.int64) - (home != start)
        step[self.group[instances] < 0] = 0
        return step

    def _matters(self, instances: Ints, step: Ints) -> Bools:
        high = self.moved[self.group[instances]] >= self._most - 1
        matters: Bools = high & (step != 0)
        return matters

    def _after(self, steps: dict[int, int]) -> int:
        """The most after some instances have left or come home."""
        moved: dict[int, int] = {}
        for instance, step in steps.items():
            if step:
                group = int(self.group[instance])
                count = moved.get(group, int(self.moved[group]))
                moved[group] = count + step
        most = max(moved.values(), default=0)
        changed = [int(self.moved[g]) for g in moved]
        level = self._most
        while level > most and self._with[level] <= changed.count(level):
            level -= 1
        return max(most, level)
