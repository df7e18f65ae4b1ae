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
"""The rules that only the machine reassignment benchmark needs."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives.term import Area
from watcher_rearrange.optimizer.search.rules import Rule


class Spread(Rule):
    """A service is in at least so many locations.

    :param service: int64[n_instances]
    :param location: int64[n_nodes]
    :param least: int64[n_services]
    """

    name = 'spread'

    def __init__(self, service: Ints, location: Ints, least: Ints) -> None:
        super().__init__(len(location))
        real = np.flatnonzero(least > 1)
        row = np.full(len(least), len(real))
        row[real] = np.arange(len(real))
        self._row: Ints = row[service]
        self._least: Ints = np.append(least[real], 0)
        self._location = location
        self._n_locations = int(location.max()) + 1
        self._count = np.zeros((0, 0), dtype=np.int64)
        self._held = self._least
        self._missing = 0

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self._count = self._counted(node_of)
        # In how many locations each service is.
        self._held = (self._count > 0).sum(axis=1)
        self._missing = int(np.maximum(self._least - self._held, 0).sum())

    def excess(self) -> float:
        """Return how many locations are missing."""
        return float(self._missing)

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        row = self._row[instances]
        here = self._location[self.node_of[instances]]
        left = self._held[row] - (self._count[row, here] == 1)
        after = left[:, None] + (self._count[row] == 0)
        enough = np.minimum(self._least[row], self._held[row])
        fine = after >= enough[:, None]
        fine[np.arange(len(row)), here] = True
        allowed: Bools = fine[:, self._location]
        return allowed

    def swap_allowed(self, one: int, others: Ints) -> Bools:
        """Return bool[n]: with whom one could trade places."""
        here = self._location[self.node_of[one]]
        there = self._location[self.node_of[others]]
        allowed: Bools = self._enough(one, here, there)
        allowed &= self._enough(others, there, here)
        same = self._row[others] == self._row[one]
        return allowed | (here == there) | same

    def _enough(self, instances: Ints | int, here: Ints, there: Ints) -> Bools:
        row = self._row[instances]
        more = (self._count[row, there] == 0).astype(np.int64)
        after = self._held[row] + more - (self._count[row, here] == 1)
        enough: Bools = after >= np.minimum(self._least[row], self._held[row])
        return enough

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        row = int(self._row[instance])
        here = self._location[self.node_of[instance]]
        there = self._location[to]
        self.node_of[instance] = to
        if here == there:
            return
        count, least = self._count[row], int(self._least[row])
        before = int(self._held[row])
        count[here] -= 1
        count[there] += 1
        after = before + int(count[there] == 1) - int(count[here] == 0)
        self._held[row] = after
        self._missing += max(least - after, 0) - max(least - before, 0)

    def trade(self, instances: Ints, to: Ints) -> None:
        """Follow several to other nodes at once."""
        row = self._row[instances]
        here = self._location[self.node_of[instances]]
        np.subtract.at(self._count, (row, here), 1)
        np.add.at(self._count, (row, self._location[to]), 1)
        self.node_of[instances] = to
        self._held[row] = (self._count[row] > 0).sum(axis=1)
        self._missing = int(np.maximum(self._least - self._held, 0).sum())

    def write(self, area: Area) -> None:
        """Write the rule into a programme."""
        fixed = self._counted(area.node_of) > 0
        rows = self._row[area.free]
        where = self._location[area.nodes]
        for row in np.unique(rows[rows < len(self._least) - 1]).tolist():
            enough = min(int(self._least[row]), int(self._held[row]))
            missing = enough - int(fixed[row].sum())
            if missing <= 0:
                continue
            reached = []
            for location in np.unique(where).tolist():
                columns = area.choice[np.ix_(rows == row, where == location)]
                columns = columns[columns >= 0]
                if fixed[row, location] or not len(columns):
                    continue
                one = area.program.columns(1, upper=1.0)
                area.program.row(
                    np.append(columns, one),
                    np.append(np.ones(len(columns)), -1.0),
                    lower=0.0,
                )
                reached.append(int(one[0]))
            area.program.row(reached, 1.0, lower=float(missing))

    def _counted(self, node_of: Ints) -> Ints:
        shape = (len(self._least), self._n_locations)
        count = np.zeros(shape, dtype=np.int64)
        placed = node_of >= 0
        np.add.at(
            count, (self._row[placed], self._location[node_of[placed]]), 1
        )
        return count


class Dependencies(Rule):
    """Where a service is, those that it depends on are near.

    :param service: int64[n_instances]
    :param neighbourhood: int64[n_nodes]
    :param needs: for each service those that it depends on
    """

    name = 'dependencies'

    def __init__(
        self,
        service: Ints,
        neighbourhood: Ints,
        needs: tuple[tuple[int, ...], ...],
    ) -> None:
        super().__init__(len(neighbourhood))
        self._service = service
        self._near = neighbourhood
        size = (len(needs), int(neighbourhood.max()) + 1)
        self._count = np.zeros(size, dtype=np.int64)
        self._needs = [
            np.array(sorted(set(ones) - {s}), dtype=np.int64)
            for s, ones in enumerate(needs)
        ]
        needed_by: list[list[int]] = [[] for _ in needs]
        for s, ones in enumerate(self._needs):
            for other in ones.tolist():
                needed_by[other].append(s)
        self._needed_by = [np.array(n, dtype=np.int64) for n in needed_by]
        # missing[s, n]: how many that s needs are not in n; wanted[s, n]:
        # how many that need s are in n.
        self._missing = np.zeros(size, dtype=np.int64)
        self._wanted = np.zeros(size, dtype=np.int64)
        self._broken = 0

    def reset(self, node_of: Ints) -> None:
        """Follow this placement, int64[n_instances], from now on."""
        super().reset(node_of)
        self._count = self._counted(node_of)
        there = self._count > 0
        for s, ones in enumerate(self._needs):
            self._missing[s] = (~there[ones]).sum(axis=0)
            self._wanted[s] = there[self._needed_by[s]].sum(axis=0)
        self._broken = int(self._missing[there].sum())

    def excess(self) -> float:
        """Return how many that are needed are missing."""
        return float(self._broken)

    def shift_allowed(self, instances: Ints) -> Bools:
        """Return bool[n, n_nodes]: where each may go, or stay."""
        service = self._service[instances]
        home = self._near[self.node_of[instances]]
        fine = self._missing[service] == 0
        last = (self._count[service, home] == 1) & (
            self._wanted[service, home] > 0
        )
        fine[last] = False
        fine[np.arange(len(service)), home] = True
        allowed: Bools = fine[:, self._near]
        return allowed

    def swap_allowed(self, one: int, others: Ints) -> Bools:
        """Return bool[n]: with whom one could trade places."""
        here = self._near[self.node_of[one]]
        there = self._near[self.node_of[others]]
        allowed: Bools = self._complete(one, here, there)
        allowed &= self._complete(others, there, here)
        same = self._service[others] == self._service[one]
        return allowed | (here == there) | same

    def _complete(
        self, instances: Ints | int, here: Ints, there: Ints
    ) -> Bools:
        service = self._service[instances]
        last = self._count[service, here] == 1
        last &= self._wanted[service, here] > 0
        complete: Bools = (self._missing[service, there] == 0) & ~last
        return complete

    def move(self, instance: int, to: int) -> None:
        """Follow an instance to another node."""
        service = int(self._service[instance])
        near = int(self._near[self.node_of[instance]])
        after = int(self._near[to])
        self.node_of[instance] = to
        if near == after:
            return
        self._leave(service, near)
        self._arrive(service, after)

    def _leave(self, service: int, near: int) -> None:
        self._count[service, near] -= 1
        if not self._count[service, near]:
            self._broken -= int(self._missing[service, near])
            self._broken += int(self._wanted[service, near])
            self._missing[self._needed_by[service], near] += 1
            self._wanted[self._needs[service], near] -= 1

    def _arrive(self, service: int, near: int) -> None:
        self._count[service, near] += 1
        if self._count[service, near] == 1:
            self._broken += int(self._missing[service, near])
            self._broken -= int(self._wanted[service, near])
            self._missing[self._needed_by[service], near] -= 1
            self._wanted[self._needs[service], near] += 1

    def write(self, area: Area) -> None:
        """Write the rule into a programme."""
        fixed = self._counted(area.node_of)
        services = self._service[area.free]
        where = self._near[area.nodes]
        for near in np.unique(where).tolist():
            at = np.flatnonzero(where == near)
            columns = {
                s: _used(area.choice[np.ix_(services == s, at)])
                for s in np.unique(services).tolist()
            }
            for s, ones in columns.items():
                here = bool(self._count[s, near])
                for other in self._needs[s].tolist():
                    # What is broken already may stay so.
                    broken = here and not self._count[other, near]
                    if not fixed[other, near] and not broken:
                        self._follow(area, ones, columns.get(other, _NONE))
                wanted = fixed[self._needed_by[s], near].any()
                if here and wanted and not fixed[s, near]:
                    area.program.row(ones, 1.0, lower=1.0)

    def _follow(self, area: Area, ones: Ints, others: Ints) -> None:
        """Each of the ones requires one of the others."""
        for column in ones.tolist():
            area.program.row(
                np.append(others, column),
                np.append(np.ones(len(others)), -1.0),
                lower=0.0,
            )

    def _counted(self, node_of: Ints) -> Ints:
        count = np.zeros_like(self._count)
        placed = node_of >= 0
        np.add.at(
            count, (self._service[placed], self._near[node_of[placed]]), 1
        )
        return count


_NONE = np.zeros(0, dtype=np.int64)


def _used(columns: Ints) -> Ints:
    used: Ints = columns[columns >= 0]
    return used
