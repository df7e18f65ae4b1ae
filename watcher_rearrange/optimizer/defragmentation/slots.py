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

"""A programme with slots: the room of one more instance of a flavor."""

from __future__ import annotations

import dataclasses

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.objectives.fragmentation import Flavors
from watcher_rearrange.optimizer.counts import Counts
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.program import Answer
from watcher_rearrange.optimizer.reductions.group import Kinds


# What the solver's integers and sums may be off by.
TINY = 1e-6


class SlotProgram(Counts):
    """Who leaves and arrives where, and how many slots that leaves.

    :ivar slots: int64[n], columns; ``slot_flavor`` and ``slot_node``,
        int64[n], say of which flavor and where
    """

    def __init__(
        self,
        problem: Problem,
        placement: Placement,
        kinds: Kinds,
        wanted: Wanted,
    ) -> None:
        super().__init__(problem, placement, kinds)
        self.wanted = wanted
        self._switches: list[tuple[int, Ints]] = []
        self._free = problem.limit - placement.used
        most = self._most()
        self.slot_flavor, self.slot_node = np.nonzero(most)
        self._upper = most[self.slot_flavor, self.slot_node].astype(float)
        self.slots = self.program.columns(len(self._upper), upper=self._upper)
        self._share_room()
        if wanted.together:
            self._no_more_than_wanted()

    @property
    def migrations(self) -> Floats:
        """float64[n]: how many migrations it is if one leaves."""
        return np.ones(len(self.leave))

    @property
    def weight(self) -> Floats:
        """float64[n]: what each slot is worth."""
        weight: Floats = self.wanted.flavors.weight[self.slot_flavor]
        return weight

    def solution(self, end: Placement, slots: Ints) -> Floats | None:
        """Return float64[n_columns]: a placement as a solution, or None.

        :param slots: int64[n_flavors, n_nodes], those that it has
        """
        values = self.encoded(end)
        if values is None:
            return None
        count = slots[self.slot_flavor, self.slot_node]
        values[self.slots] = count
        for column, here in self._switches:
            values[column] = float(count[here].any())
        return values

    def ask_most(self) -> None:
        """Make the worth of the slots the objective."""
        self.program.clear_costs()
        self.program.cost(self.slots, -self.weight)

    def ask_fewest(self, worth: float) -> None:
        """Make the migrations the objective, with slots of some worth."""
        self.program.row(self.slots, self.weight, lower=worth - TINY)
        self.program.clear_costs()
        self.program.cost(self.leave, self.migrations)

    def slots_at(self, answer: Answer) -> Ints:
        """Return int64[n_flavors, n_nodes]: the slots of an answer."""
        shape = self.wanted.flavors.nodes.shape
        found = np.zeros(shape, dtype=np.int64)
        found[self.slot_flavor, self.slot_node] = answer.counts(self.slots)
        return found

    def without_detours(self, answer: Answer) -> Answer:
        """Return an answer in which nobody leaves and arrives at once."""
        leave = {
            (int(kind), int(node)): int(column)
            for kind, node, column in zip(
                self.leave_kind, self.leave_node, self.leave, strict=True
            )
        }
        values = np.rint(answer.values)
        for kind, node, column in zip(
            self.arrive_kind, self.arrive_node, self.arrive, strict=True
        ):
            other = leave.get((int(kind), int(node)))
            if other is not None:
                both = min(values[column], values[other])
                values[[column, other]] -= both
        return dataclasses.replace(answer, values=values)

    def _most(self) -> Ints:
        """int64[n_flavors, n_nodes]: slots if all who may leave do."""
        flavors = self.wanted.flavors
        leaving = self.kinds.count.T @ self.kinds.demand
        most = flavors.slots(self._free + leaving)
        if self.wanted.together:
            most = np.minimum(most, flavors.count[:, None])
        return most

    def _share_room(self) -> None:
        """Slots and whoever is there fit into the room of a node."""
        for node in np.unique(self.slot_node).tolist():
            here = np.flatnonzero(self.slot_node == node)
            alone = [here] if self.wanted.together else here[:, None]
            for slots in alone:
                self._fit_slots(node, slots)

    def _fit_slots(self, node: int, slots: Ints) -> None:
        size = self.wanted.flavors.size[self.slot_flavor[slots]]
        columns, kind, sign = self.at(node)
        asked = np.flatnonzero(size.any(axis=0))
        is_over = bool((self._free[node, asked] < 0).any())
        over = self._switch(slots) if is_over else None
        for rc_idx in asked.tolist():
            amount = self.kinds.demand[kind, rc_idx] * sign
            used = np.flatnonzero(amount)
            room = float(self._free[node, rc_idx])
            index = [columns[used], self.slots[slots]]
            value = [amount[used], size[:, rc_idx]]
            if room < 0 and over is not None:
                # There are slots only if so many leave that there is room.
                index.append(over)
                value.append(np.array([-room]))
            self.program.row(
                np.concatenate(index),
                np.concatenate(value).astype(np.float64),
                upper=max(room, 0.0),
            )

    def _switch(self, slots: Ints) -> Ints:
        """A column that is 1 where any of some slots is used."""
        switch = self.program.columns(1, upper=1.0)
        self._switches.append((int(switch[0]), slots))
        for slot in slots.tolist():
            self.program.row(
                [int(self.slots[slot]), int(switch[0])],
                [1.0, -self._upper[slot]],
                upper=0.0,
            )
        return switch

    def _no_more_than_wanted(self) -> None:
        flavors = self.wanted.flavors
        for k, count in enumerate(flavors.count.tolist()):
            self.program.row(
                self.slots[self.slot_flavor == k], 1.0, upper=float(count)
            )


@dataclasses.dataclass(frozen=True, eq=False)
class Wanted:
    """What slots are wanted.

    :ivar together: the flavors share the room and no more slots count than
        are wanted of each; if not, each flavor counts as if it were alone
    :ivar programme: the class of the programme, if there are more rows
    """

    flavors: Flavors
    together: bool = False
    programme: type[SlotProgram] = SlotProgram
