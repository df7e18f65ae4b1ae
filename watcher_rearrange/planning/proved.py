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

"""A plan, of which some is known to be in order."""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence

from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.planning import waits


@dataclasses.dataclass(frozen=True)
class Draft:
    """A plan, and how much of it is in order."""

    result: Plan
    proof: waits.Proof

    @property
    def whole(self) -> bool:
        """Whether all of it is."""
        return len(self.proof.parents) == len(self.result.actions)

    @property
    def made(self) -> tuple[Action, ...]:
        """The actions that are, before somebody gets only halfway."""
        return whole(self.result.actions, self.actions)

    @property
    def migrations(self) -> int:
        """How many migrations are, of those who get to their final node."""
        return sum(action.is_migration for action in self.made)

    @property
    def actions(self) -> list[Action]:
        """The actions that are."""
        return [self.result.actions[k] for k in self.positions]

    @property
    def left(self) -> frozenset[str]:
        """The nodes whose services stay as they are."""
        actions = self.result.actions
        return frozenset(actions[k].node for k in self.proof.left)

    @property
    def positions(self) -> list[int]:
        """Their positions in the list of the plan."""
        left = self.proof.left
        return [k for k in range(len(self.proof.parents)) if k not in left]

    @property
    def parents(self) -> list[list[int]]:
        """Whom each waits for, as positions among themselves."""
        number = {k: n for n, k in enumerate(self.positions)}
        return [
            [number[parent] for parent in self.proof.parents[k]]
            for k in self.positions
        ]


def parents(made: Sequence[Action]) -> list[list[int]]:
    """Return whom each waits for, as positions; -1 for who is left out."""
    position = {action.id: k for k, action in enumerate(made)}
    return [[position.get(p, -1) for p in one.parents] for one in made]


def migrations(actions: Sequence[Action]) -> int:
    """Return how many of some actions are migrations."""
    return sum(action.is_migration for action in actions)


def whole(
    actions: Sequence[Action], made: Sequence[Action]
) -> tuple[Action, ...]:
    """Return the first of some actions, before somebody gets only halfway.

    :param actions: all that were planned, of which these are some
    """
    final = {one.instance: one.destination for one in actions}
    while True:
        at = {one.instance: one.destination for one in made}
        halfway = [
            k
            for k, one in enumerate(made)
            if at[one.instance] != final[one.instance]
        ]
        if not halfway:
            return tuple(made)
        made = made[: halfway[0]]
