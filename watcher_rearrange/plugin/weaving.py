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

"""A path and the other actions of a strategy, put together.

Everything that waits comes after what it waits for: what is to be done
first, services that close or open, the moves with the actions on the same
instances, services that change when the moves are over, and the rest.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Sequence

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.plugin import ranking
from watcher_rearrange.plugin import rendering
from watcher_rearrange.plugin.journeys import Wishes


@dataclasses.dataclass(frozen=True)
class Step:
    """An action and the positions of the steps that it waits for.

    :ivar needs: those that must have succeeded
    :ivar after: those that must be over, whatever became of them
    :ivar guarded: whether a guard is to look at what it needs
    """

    action: rendering.WatcherAction
    needs: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    reason: str = ''
    guarded: bool = False


@dataclasses.dataclass(frozen=True)
class Arrangement:
    """Steps, each after all that it waits for.

    :ivar message: what has to be said of them; may be empty
    """

    steps: tuple[Step, ...]
    message: str = ''

    def waves(self) -> list[int]:
        """Return 1 + the latest wave of what each step waits for."""
        found: list[int] = []
        for step in self.steps:
            before = (found[k] for k in (*step.needs, *step.after))
            found.append(1 + max(before, default=0))
        return found


def weave(
    actions: Sequence[rendering.WatcherAction],
    wishes: Wishes,
    made: plan.Plan,
    left: Collection[str],
) -> Arrangement:
    """Return all actions, with the moves of a plan for the migrations.

    :param left: UUIDs of the instances whose migrations are not in the
        plan: these come last
    """
    sorting = _Sorting.of(actions, wishes, made, left)
    weaver = _Weaver(actions, wishes, made)
    weaver.chain(sorting.head)
    weaver.open_and_close(sorting.early)
    weaver.before_moves(sorting.before)
    weaver.moves()
    weaver.after_moves(sorting.after)
    weaver.change_services(sorting.late)
    weaver.chain(sorting.tail)
    return Arrangement(tuple(weaver.steps))


@dataclasses.dataclass
class _Sorting:
    """Positions of actions by where they go."""

    head: list[int] = dataclasses.field(default_factory=list)
    early: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    before: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    after: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    late: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    tail: list[int] = dataclasses.field(default_factory=list)

    @classmethod
    def of(
        cls,
        actions: Sequence[rendering.WatcherAction],
        wishes: Wishes,
        made: plan.Plan,
        left: Collection[str],
    ) -> _Sorting:
        sorting = cls()
        rank = ranking.ranks(actions)
        moved = {action.instance for action in made.actions}
        left_to = {
            action['input_parameters'].get('destination_node')
            for action in actions
            if action['action_type'] == rendering.MIGRATE
            and action['input_parameters'].get('resource_id') in left
        }
        services = {
            position: hostname
            for hostname, changes in wishes.services.items()
            for position, _ in changes
        }
        for position, action in enumerate(actions):
            uuid = action['input_parameters'].get('resource_id')
            journey = wishes.journeys.get(uuid)
            if uuid in left:
                sorting.tail.append(position)
            elif action['action_type'] == rendering.MIGRATE:
                continue
            elif position in services:
                sorting._service(wishes, services[position], position, left_to)
            elif journey is not None and uuid in moved:
                first = position < journey.positions[0]
                group = sorting.before if first else sorting.after
                group.setdefault(uuid, []).append(position)
            elif rank[position] < ranking.MOVE:
                sorting.head.append(position)
            else:
                sorting.tail.append(position)
        sorting.head.sort(key=lambda position: rank[position])
        sorting.tail.sort(
            key=lambda position: max(ranking.OTHER, rank[position])
        )
        return sorting

    def _service(
        self,
        wishes: Wishes,
        hostname: str,
        position: int,
        left_to: Collection[str],
    ) -> None:
        """A service closes first if nobody arrives, else when all are there.

        One that was closed opens again when all is over.
        """
        changes = wishes.services[hostname]
        states = [state for k, state in changes if k <= position]
        disables = states[-1] == records.DISABLED
        if hostname in self.late or hostname in left_to and disables:
            early = False
        elif disables:
            early = hostname not in wishes.arrivals
        else:
            early = records.DISABLED not in states
        if early:
            self.early.setdefault(hostname, []).append(position)
        elif hostname in left_to:
            self.tail.append(position)
        else:
            self.late.setdefault(hostname, []).append(position)


class _Weaver:
    """Adds steps, parts of the whole one after the other."""

    def __init__(
        self,
        actions: Sequence[rendering.WatcherAction],
        wishes: Wishes,
        made: plan.Plan,
    ) -> None:
        self.steps: list[Step] = []
        self._actions = actions
        self._wishes = wishes
        self._made = made
        # The last step that everything else comes after.
        self._head: tuple[int, ...] = ()
        # The step after which a node is closed, or open.
        self._closed: dict[str, int] = {}
        self._opened: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._moves: list[int] = []

    def chain(self, positions: Sequence[int]) -> None:
        """Add actions one after the other, the first after all there are."""
        for position in positions:
            waited = {
                k for step in self.steps for k in (*step.needs, *step.after)
            }
            ends = [k for k in range(len(self.steps)) if k not in waited]
            self._head = (
                self._add(Step(self._actions[position], after=tuple(ends))),
            )

    def open_and_close(self, services: dict[str, list[int]]) -> None:
        """Add services that change before the moves."""
        for hostname, positions in services.items():
            needs: tuple[int, ...] = ()
            for position in positions:
                action = self._actions[position]
                needs = (self._add(Step(action, needs, guarded=True)),)
                closes = self._closes(position)
                (self._closed if closes else self._opened)[hostname] = needs[0]

    def before_moves(self, others: dict[str, list[int]]) -> None:
        """Add what comes before the first move of the same instance."""
        for uuid, positions in others.items():
            after: tuple[int, ...] = ()
            for position in positions:
                step = Step(self._actions[position], after=after)
                self._before[uuid] = self._add(step)
                after = (self._before[uuid],)

    def moves(self) -> None:
        """Add the moves of the plan."""
        renderer = rendering.Renderer(self._wishes.snapshot, '')
        step_of: dict[str, int] = {}
        seen: set[str] = set()
        for action in self._made.actions:
            needs = [step_of[parent] for parent in action.parents]
            gates = [
                self._closed.get(action.source),
                self._opened.get(action.destination),
            ]
            if action.instance not in seen:
                gates.append(self._before.get(action.instance))
            seen.add(action.instance)
            needs += [gate for gate in gates if gate is not None]
            step = Step(
                self._wanted(renderer.plain(action), action.instance),
                tuple(needs),
                tuple(step_of[other] for other in action.after),
                action.reason,
                guarded=True,
            )
            step_of[action.id] = self._add(step)
            self._moves.append(step_of[action.id])

    def after_moves(self, others: dict[str, list[int]]) -> None:
        """Add what comes after the last move of the same instance."""
        last = {
            action.instance: step
            for action, step in zip(
                self._made.actions, self._moves, strict=True
            )
        }
        for uuid, positions in others.items():
            before = last[uuid]
            for position in positions:
                step = Step(self._actions[position], after=(before,))
                before = self._add(step)

    def change_services(self, services: dict[str, list[int]]) -> None:
        """Add services that change when the moves are over.

        One that closes only has to wait for the arrivals.
        """
        for hostname, positions in services.items():
            before: tuple[int, ...] = ()
            for position in positions:
                after = self._moves_at(hostname, self._closes(position))
                step = Step(
                    self._actions[position],
                    after=(*before, *after),
                    guarded=True,
                )
                before = (self._add(step),)

    def _add(self, step: Step) -> int:
        if not step.needs and not step.after:
            step = dataclasses.replace(step, after=self._head)
        self.steps.append(step)
        return len(self.steps) - 1

    def _closes(self, position: int) -> bool:
        given = self._actions[position]['input_parameters']
        return bool(given.get('state') == records.DISABLED)

    def _wanted(
        self, written: rendering.WatcherAction, uuid: str
    ) -> rendering.WatcherAction:
        """A migration of the type that the strategy wants."""
        journey = self._wishes.journeys.get(uuid)
        if journey is not None and journey.migration_type:
            written['input_parameters']['migration_type'] = (
                journey.migration_type
            )
        return written

    def _moves_at(self, hostname: str, arrivals: bool) -> tuple[int, ...]:
        return tuple(
            step
            for action, step in zip(
                self._made.actions, self._moves, strict=True
            )
            if action.destination == hostname
            or (not arrivals and action.source == hostname)
        )
