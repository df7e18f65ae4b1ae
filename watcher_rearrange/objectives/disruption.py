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
        self._count()

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

    def swap_deltas(self, one: int, others: Ints) -> Floats:
        """Return float64[n]: changes when one trades places with others."""
        here, there = int(self.node_of[one]), self.node_of[others]
        step = self._step(np.array([one]), here, there)
        steps = self._step(others, there, here)
        group, groups = int(self.group[one]), self.group[others]
        # Of who has no group nothing counts.
        count = self.moved[group] if group >= 0 else -1
        counts = np.where(groups >= 0, self.moved[groups], -1)
        near = self._most - 1
        matters = (step != 0) & (count >= near)
        matters |= (steps != 0) & (counts >= near)
        if not matters.any():
            return np.zeros(len(others))
        same = (groups == group) & (group >= 0)
        most = np.maximum(
            count + step + np.where(same, steps, 0),
            counts + steps + np.where(same, step, 0),
        )
        for level in range(max(0, self._most - 2), self._most + 1):
            left = self._with[level] - (count == level)
            left = left - ((counts == level) & ~same)
            most = np.where(left > 0, np.maximum(most, level), most)
        return (np.maximum(most, 0) - self._most).astype(float)

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

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        step = self._step(instances, self.node_of[instances], to)
        self.node_of[instances] = to
        np.add.at(self.moved, self.group[instances], step)
        self._count()

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

    def _count(self) -> None:
        self._most = int(self.moved.max(initial=0))
        # _with[c]: how many groups have c instances away.
        least = len(self.node_of) + 2
        self._with = np.bincount(self.moved[:-1], minlength=least)

    def _step(self, instances: Ints, home: Ints | int, to: Ints | int) -> Ints:
        """int64[n]: by how much the count of its group changes."""
        start = self.start[instances]
        step = np.not_equal(to, start).astype(np.int64) - (home != start)
        return np.where(self.group[instances] < 0, 0, step)
