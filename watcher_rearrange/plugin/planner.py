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

"""The planner: writes a plan as Watcher's actions."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator
from typing import Any

from oslo_config import cfg
from oslo_log import log
from watcher import objects
from watcher.common import utils
from watcher.decision_engine.planner import base

from watcher_rearrange.model import plan
from watcher_rearrange.plugin import foreign
from watcher_rearrange.plugin import guarding
from watcher_rearrange.plugin import rendering
from watcher_rearrange.plugin import weaving


LOG = log.getLogger(__name__)

NAME = 'rearrange'


@dataclasses.dataclass(frozen=True)
class ScheduledAction:
    """An action as it goes into Watcher's database."""

    uuid: str
    action_type: str
    input_parameters: dict[str, Any]
    parents: list[str]


class RearrangePlanner(base.BasePlanner):
    """Writes the plan of a strategy with what depends on what.

    *Description*

    The strategies of this package bring a plan that says which actions must
    have succeeded before another may start. The migrations of any other
    strategy are put into an order that is safe on the cluster as its model
    shows it, through temporary hosts where nothing else helps. What cannot
    be done safely comes last, one action after the other.
    """

    @classmethod
    def get_name(cls) -> str:
        """Return the name, which is that of the entry point."""
        return NAME

    @classmethod
    def get_config_opts(cls) -> list[cfg.Opt]:
        """Return the options of ``[watcher_planners.rearrange]``."""
        return [guarding.GUARD_ACTIONS]

    def schedule(self, context: Any, audit_id: int, solution: Any) -> Any:
        """Create the action plan of a solution, with all that is in it.

        :param audit_id: the number of the audit in the database
        :param solution: of any strategy; one that has a ``plan`` is asked
            for that, and for its ``snapshot`` and ``status_message``
        :returns: the action plan: RECOMMENDED, or SUCCEEDED when there is
            nothing to do
        """
        message, actions = self._scheduled(solution)
        scheduled = list(actions)
        action_plan = _create_plan(
            context, audit_id, solution, scheduled, message
        )
        try:
            _create_indicators(context, action_plan, solution)
            # Parents come before their children, so that what is there can
            # be carried out even if somebody starts it now.
            for action in scheduled:
                objects.Action(
                    context,
                    action_plan_id=action_plan.id,
                    **dataclasses.asdict(action),
                ).create()
        except Exception:
            LOG.exception('Action plan %s is incomplete', action_plan.uuid)
            action_plan.state = objects.action_plan.State.CANCELLED
            action_plan.save()
            raise
        return action_plan

    def _scheduled(
        self, solution: Any
    ) -> tuple[str | None, Iterator[ScheduledAction]]:
        """The message of the action plan, and what is in it."""
        strategy = solution.strategy
        made = getattr(strategy, 'plan', None)
        message = getattr(strategy, 'status_message', None)
        if isinstance(made, plan.Plan):
            return message, self._of_plan(made, strategy)
        arrangement = foreign.arrange(solution.actions, strategy)
        return arrangement.message or message, self._of_steps(arrangement)

    def _of_plan(
        self, made: plan.Plan, strategy: Any
    ) -> Iterator[ScheduledAction]:
        renderer = rendering.Renderer(strategy.snapshot, strategy.name)
        uuids = {action.id: utils.generate_uuid() for action in made.actions}
        waves = made.waves()
        for action in made.actions:
            needed = [uuids[parent] for parent in action.parents]
            # Watcher only waits for its parents; the guard alone asks what
            # became of them. So those that keep the limits are parents too.
            before = [uuids[other] for other in action.after]
            if self.config.guard_actions:
                written = renderer.guarded(action, needed, waves[action.id])
            else:
                written = renderer.plain(action)
            yield ScheduledAction(
                uuid=uuids[action.id], parents=needed + before, **written
            )

    def _of_steps(
        self, arrangement: weaving.Arrangement
    ) -> Iterator[ScheduledAction]:
        steps = arrangement.steps
        uuids = [utils.generate_uuid() for _ in steps]
        for uuid, step, wave in zip(
            uuids, steps, arrangement.waves(), strict=True
        ):
            needed = [uuids[k] for k in step.needs]
            before = [uuids[k] for k in step.after if k not in step.needs]
            written = step.action
            if step.guarded and self.config.guard_actions:
                written = rendering.guarded(written, needed, step.reason, wave)
            yield ScheduledAction(
                uuid=uuid, parents=needed + before, **written
            )


def _create_plan(
    context: Any,
    audit_id: int,
    solution: Any,
    scheduled: list[ScheduledAction],
    message: str | None,
) -> Any:
    states = objects.action_plan.State
    strategy = objects.Strategy.get_by_name(context, solution.strategy.name)
    action_plan = objects.ActionPlan(
        context,
        uuid=utils.generate_uuid(),
        audit_id=audit_id,
        strategy_id=strategy.id,
        state=states.RECOMMENDED if scheduled else states.SUCCEEDED,
        global_efficacy=solution.global_efficacy,
        status_message=message,
    )
    action_plan.create()
    return action_plan


def _create_indicators(context: Any, action_plan: Any, solution: Any) -> None:
    for indicator in solution.efficacy_indicators:
        objects.EfficacyIndicator(
            context,
            uuid=utils.generate_uuid(),
            action_plan_id=action_plan.id,
            name=indicator.name,
            description=indicator.description,
            unit=indicator.unit,
            value=indicator.value,
        ).create()
