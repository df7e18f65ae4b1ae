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

"""The defragmentation strategy on one cluster."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Status
from watcher_rearrange.objectives.base import Objective
from watcher_rearrange.objectives.fragmentation import BlockedSlots
from watcher_rearrange.optimizer.defragmentation import defragment
from watcher_rearrange.optimizer.defragmentation import separate
from watcher_rearrange.optimizer.defragmentation import slot_counts
from watcher_rearrange.optimizer.defragmentation.defragment import Found
from watcher_rearrange.optimizer.defragmentation.slots import TINY
from watcher_rearrange.optimizer.defragmentation.slots import Wanted
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.split import Split
from watcher_rearrange.path.moves import Move
from watcher_rearrange.planning import flavors
from watcher_rearrange.planning.job import Job
from watcher_rearrange.policies.defragment import DefragmentPolicy


# Of the nodes where instances could boot, how many are named.
MOST_SHOWN = 10


class Defragmentation(Job):
    """Make room for more instances of some flavors.

    :raises BadInput: for flavors that cannot be planned for
    """

    def __init__(self, cluster: Cluster, policy: DefragmentPolicy) -> None:
        super().__init__(cluster, policy)
        arrays = flavors.arrays(self.rules, policy.flavors)
        self._wanted = Wanted(arrays, together=bool(arrays.count.any()))
        self._start = Placement(cluster)
        self._whole: Found | None = None

    def improve(self, problem: Problem, placement: Placement) -> Placement:
        """Look for more slots; all that are wanted together, or nothing."""
        if self._is_done(placement):
            return placement
        found = self._found(problem, placement)
        if self._is_first(problem, placement):
            self._whole = found
        if self._wanted.together and found.worth < self._needed - TINY:
            return placement
        return found.placement

    def _found(self, problem: Problem, placement: Placement) -> Found:
        if separate.is_additive(problem, self._wanted):
            split = self._split
            if len(split.parts) > 1:
                return separate.search(
                    split, problem, placement, self._wanted, self.seed
                )
        return defragment.search(problem, placement, self._wanted, self.seed)

    @cached_property
    def _split(self) -> Split:
        return Split(self._problem(), self._start)

    def objectives(self) -> list[Objective]:
        """Return the slots, or the instances that find no room."""
        most = None if self._whole is None else self._whole.most
        if self._wanted.together:
            return [Unplaced(self._problem(), self._wanted, most)]
        return [BlockedSlots(self._wanted.flavors, self.limit(), most)]

    def fewest_migrations(self, start: Placement, end: Placement) -> int:
        """Return what is proved of the slots that there are."""
        return 0 if self._whole is None else self._whole.fewest

    def reason(self, move: Move, end: Placement) -> str:
        """Return where it makes room, and for what."""
        source = self.cluster.hostname(move.source)
        gained: Ints = self._gain(end)[:, move.source]
        names = self._wanted.flavors.names
        gaining = [names[k] for k in np.flatnonzero(gained > 0)]
        if gaining:
            return f'makes room for {", ".join(gaining)} on {source}'
        return f'makes room on {source}'

    def useful(self, moves: Sequence[Move], end: Placement) -> list[bool]:
        """Return which moves leave a node that has more slots then."""
        if self._wanted.together:
            enough = self._worth(end) >= self._needed - TINY
            return [enough] * len(moves)
        gain: Ints = self._gain(end).max(axis=0)
        return [bool(gain[move.source] > 0) for move in moves]

    def refusal(self, end: Placement) -> Status | None:
        """Return how sure it is that there is no room for all."""
        if not self._wanted.together or self._is_enough(end):
            return None
        if self._whole is not None and self._whole.most < self._needed - TINY:
            return Status.INFEASIBLE
        return Status.TIME_LIMIT

    def messages(self, end: Placement) -> list[str]:
        """Return for each flavor what there is room for, and where."""
        if self._wanted.together and not self._is_enough(end):
            return [*self._why_not(), *super().messages(end)]
        before = self._slots(self._start).sum(axis=1)
        slots = self._slots(end)
        lines = []
        for k, name in enumerate(self._wanted.flavors.names):
            count = int(slots[k].sum())
            lines.append(
                f'{name}: there is room for {count} more, before the plan '
                f'for {before[k]}; {self._where(slots[k])}'
            )
        return [*lines, *super().messages(end)]

    def _where(self, slots: Ints) -> str:
        nodes = np.flatnonzero(slots)
        shown = [
            f'{slots[node]} on {self.cluster.hostname(int(node))}'
            for node in nodes[np.argsort(-slots[nodes], kind='stable')]
        ]
        if len(shown) > MOST_SHOWN:
            more = len(shown) - MOST_SHOWN
            shown = [*shown[:MOST_SHOWN], f'others on {more} more nodes']
        return ', '.join(shown) or 'nowhere'

    def _why_not(self) -> list[str]:
        found = self._whole
        if found is None:
            return ['the time limit is over']
        needed = round(self._needed)
        fit = self._slots(found.placement).sum(axis=1)
        most = int(found.most + TINY)
        parts = ', '.join(
            f'{fit[k]} of {self._wanted.flavors.count[k]} {name}'
            for k, name in enumerate(self._wanted.flavors.names)
        )
        limit = ''
        if self.max_migrations is not None:
            limit = f' with at most {self.max_migrations} migrations'
        if found.worth >= needed - TINY:
            return [
                f'there is a placement with room for all, {parts}, but no '
                f'way to it was found{limit}'
            ]
        sure = 'no placement has' if most < needed else 'none was found with'
        return [
            f'{sure} room for all {needed} instances{limit}: at most {most} '
            f'fit, and a placement is known for {parts}'
        ]

    def _is_first(self, problem: Problem, placement: Placement) -> bool:
        """Whether what is found holds for every plan."""
        return (
            self._whole is None
            and not problem.frozen.any()
            and problem.max_migrations == self.max_migrations
            and bool((placement.node_of == self._start.node_of).all())
        )

    def _is_done(self, placement: Placement) -> bool:
        if self._wanted.together:
            return self._is_enough(placement)
        most = np.inf if self._whole is None else self._whole.most
        return self._worth(placement) >= most - TINY

    def _is_enough(self, placement: Placement) -> bool:
        return self._worth(placement) >= self._needed - TINY

    @property
    def _needed(self) -> float:
        return float(self._wanted.flavors.count.sum())

    def _problem(self) -> Problem:
        nothing: Bools = np.zeros(self.cluster.n_instances, dtype=np.bool_)
        return self.problem(nothing, None)

    def _slots(self, placement: Placement) -> Ints:
        return slot_counts.counted(self._problem(), placement, self._wanted)

    def _worth(self, placement: Placement) -> float:
        return slot_counts.worth_of(self._problem(), placement, self._wanted)

    def _gain(self, end: Placement) -> Ints:
        """int64[n_flavors, n_nodes]: slots that were not there before."""
        limit = self.limit()
        arrays = self._wanted.flavors
        before = arrays.slots(limit - self._start.used)
        gain: Ints = arrays.slots(limit - end.used) - before
        return gain


class Unplaced:
    """Instances that are wanted at the same time and find no room."""

    name = 'unplaced_instances'
    unit = 'instances'

    def __init__(
        self, problem: Problem, wanted: Wanted, most: float | None
    ) -> None:
        self._problem = problem
        self._wanted = wanted
        self._most = most
        self._needed = float(wanted.flavors.count.sum())

    def value(self, placement: Placement) -> float:
        """Return how many find no room."""
        worth = slot_counts.worth_of(self._problem, placement, self._wanted)
        return self._needed - worth

    def lower_bound(self) -> float | None:
        """Return how many find none in any placement."""
        if self._most is None:
            return 0.0
        return max(0.0, self._needed - self._most)
