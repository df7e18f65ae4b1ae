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

"""A plan: the actions, what they depend on, and what they bring about."""

from __future__ import annotations

import dataclasses
import enum

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property


class Status(str, enum.Enum):
    """What is known of a plan."""

    OPTIMAL = 'OPTIMAL'
    FEASIBLE = 'FEASIBLE'
    NO_CHANGE = 'NO_CHANGE'
    INFEASIBLE = 'INFEASIBLE'
    TIME_LIMIT = 'TIME_LIMIT'


LIVE_MIGRATE = 'live_migrate'
COLD_MIGRATE = 'cold_migrate'
DISABLE_SERVICE = 'disable_service'
ENABLE_SERVICE = 'enable_service'
MIGRATIONS = (LIVE_MIGRATE, COLD_MIGRATE)
SERVICE_ACTIONS = (DISABLE_SERVICE, ENABLE_SERVICE)


@dataclasses.dataclass(frozen=True)
class Action:
    """One step: a migration, or the change of a compute service.

    A migration has ``instance``, ``source`` and ``destination``; a service
    action has ``node`` (a hostname) instead.

    :ivar parents: ids of the actions that must have succeeded before
    :ivar after: ids of those that must be over before, whatever became of
        them: they keep the concurrency limits
    :ivar starts_s: when it starts, if all goes as estimated
    :ivar starts_bound_s: it starts no earlier in any order of the same
        migrations
    :ivar not_within: hours in which it must not start, as a policy file has
        them; a plan file has none
    """

    id: str
    type: str
    instance: str = ''
    source: str = ''
    destination: str = ''
    node: str = ''
    displacement: bool = False
    parents: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    reason: str = ''
    estimated_s: float = 0.0
    starts_s: float = 0.0
    starts_bound_s: float = 0.0
    not_within: tuple[str, ...] = ()

    @property
    def is_migration(self) -> bool:
        """Whether this moves an instance."""
        return self.type in MIGRATIONS


@dataclasses.dataclass(frozen=True)
class ObjectiveValue:
    """One line of the table that every result explains itself with."""

    name: str
    before: float
    after: float
    bound: float | None
    unit: str
    weight: float = 1.0


# Rules of a policy: those that must hold, and those that should.
POLICY = 'policy'
POLICY_SHOULD = 'policy_should'


@dataclasses.dataclass(frozen=True)
class Violation:
    """A rule that does not hold, with the numbers.

    :ivar rule: name of the rule
    :ivar things: the instances, nodes or groups concerned
    :ivar current: the amount now
    :ivar needed: the amount that the rule asks for
    """

    rule: str
    things: tuple[str, ...]
    current: float
    needed: float
    unit: str

    def __str__(self) -> str:
        return (
            f'{self.rule}: {", ".join(self.things)}: '
            f'{self.current:.15g} {self.unit}, needed {self.needed:.15g}'
        )


@dataclasses.dataclass(frozen=True)
class PathSummary:
    """Figures of the path.

    :ivar bound: the fewest possible migrations
    :ivar makespan_bound_s: no order of the same migrations is shorter
    """

    migrations: int = 0
    displacements: int = 0
    bound: int = 0
    migrated_mb: int = 0
    makespan_s: float = 0.0
    makespan_bound_s: float = 0.0


@dataclasses.dataclass(frozen=True)
class Alternative:
    """What another plan would bring about, with more or less effort."""

    migrations: int
    migrated_mb: int
    makespan_s: float
    objectives: tuple[ObjectiveValue, ...]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to do, in an order that is valid one action at a time.

    :ivar limits: how much may run at once, by name; ``after`` of the
        actions keeps to it
    """

    status: Status
    actions: tuple[Action, ...] = ()
    objectives: tuple[ObjectiveValue, ...] = ()
    path: PathSummary = field(default_factory=PathSummary)
    violations_before: tuple[Violation, ...] = ()
    violations_after: tuple[Violation, ...] = ()
    messages: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)

    def waves(self) -> dict[str, int]:
        """The wave of each action: 1 + the latest wave of its parents."""
        wave: dict[str, int] = {}
        for action in self.actions:
            wave[action.id] = 1 + max(
                (wave[parent] for parent in action.parents), default=0
            )
        return wave

    def falls_with(self, action_id: str) -> tuple[str, ...]:
        """Return what is skipped if an action fails, in the plan's order.

        These are all that depend on it, directly or through others. What
        only comes after it, for the concurrency limits, does not fall.

        :raises KeyError: if there is no such action
        """
        position = self._position
        fallen = {position[action_id]}
        todo = [action_id]
        while todo:
            for child in self._children.get(todo.pop(), ()):
                if position[child] not in fallen:
                    fallen.add(position[child])
                    todo.append(child)
        fallen.remove(position[action_id])
        return tuple(self.actions[k].id for k in sorted(fallen))

    @cached_property
    def _position(self) -> dict[str, int]:
        return {action.id: k for k, action in enumerate(self.actions)}

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = {}
        for action in self.actions:
            for parent in action.parents:
                children.setdefault(parent, []).append(action.id)
        return children
