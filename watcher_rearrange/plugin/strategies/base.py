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

"""What the strategies share: read the model, plan, report."""

from __future__ import annotations

import dataclasses
import datetime

from typing import Any

from oslo_config import cfg
from oslo_log import log
from watcher import objects
from watcher.common import exception
from watcher.decision_engine.strategy.strategies import base

from watcher_rearrange.model import errors
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.planning import pipeline
from watcher_rearrange.plugin import messages
from watcher_rearrange.plugin import options
from watcher_rearrange.plugin import rendering
from watcher_rearrange.plugin import solution
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import business
from watcher_rearrange.plugin.readers import cloud
from watcher_rearrange.plugin.readers import load
from watcher_rearrange.plugin.readers import scheduler
from watcher_rearrange.plugin.readers import watcher_model
from watcher_rearrange.plugin.strategies import limits
from watcher_rearrange.policies import parameters


LOG = log.getLogger(__name__)

# Of the cloud, by which a strategy may depart from all others.
COMMON = (*business.OPTIONS, *scheduler.OPTIONS)


class NoModel(Exception):
    """There is no compute model to plan with."""


class RearrangeStrategy(base.BaseStrategy):
    """A strategy whose planning is done elsewhere.

    An exception ends a continuous audit, and an event audit, for good. So
    whatever comes in the way gives an empty solution and a reason there, in
    the log and in the messages of the audit and of the action plan. In a
    one-shot audit bad parameters, and errors, fail the audit with that
    reason.

    :ivar plan: what is to be done; the planner reads it
    :ivar snapshot: what the plan was made from
    :ivar status_message: the outcome, for the action plan
    """

    NAME = ''
    DISPLAY_NAME = ''
    GOAL = ''
    LIMITS: tuple[cfg.Opt, ...] = (limits.TIME_LIMIT,)

    def __init__(self, config: Any, osc: Any = None) -> None:
        super().__init__(config, osc)
        self._planner = 'rearrange'
        self._solution = solution.PlanSolution(goal=self.goal, strategy=self)
        self._model_problem = ''
        self.plan = plan.Plan(plan.Status.NO_CHANGE)
        self.snapshot = records.Snapshot((), ())
        self.status_message = ''

    @classmethod
    def get_name(cls) -> str:
        """Return the name, which is that of the entry point."""
        return cls.NAME

    @classmethod
    def get_display_name(cls) -> str:
        """Return the name that is shown."""
        return cls.DISPLAY_NAME

    @classmethod
    def get_translatable_display_name(cls) -> str:
        """Return the name that is stored and shown."""
        return cls.DISPLAY_NAME

    @classmethod
    def get_goal_name(cls) -> str:
        """Return the name of the goal that this strategy achieves."""
        return cls.GOAL

    @classmethod
    def get_schema(cls) -> parameters.schemas.Schema:
        """Return the JSON schema of the audit's parameters."""
        return parameters.schema(cls.NAME)

    @classmethod
    def get_config_opts(cls) -> list[cfg.Opt]:
        """Return the options of ``[watcher_strategies.<name>]``."""
        return [
            *super().get_config_opts(),
            *cls.LIMITS,
            *map(options.of_a_strategy, COMMON),
        ]

    def pre_execute(self) -> None:
        """Get the compute model, or note why there is none."""
        try:
            self._pre_execute()
        except Exception as error:
            # Nova, Placement and Keystone all have a say in the model. What
            # to do about it depends on the audit, which is not known here.
            LOG.exception('The compute model is not available')
            self._model_problem = _describe(error)

    def do_execute(self, audit: Any = None) -> None:
        """Plan, and put the actions of the plan into the solution."""
        _know_state(audit)
        self._say(audit, '')
        try:
            self.plan = self._make_plan()
        except (NoModel, api.Unreadable, load.NoMetrics) as error:
            self._give_up(audit, str(error))
        except errors.BadInput as error:
            self._give_up(audit, *error.problems)
            if not _is_recurring(audit):
                raise exception.Invalid('; '.join(error.problems)) from error
        except Exception as error:
            self._give_up(audit, _describe(error))
            if not _is_recurring(audit):
                raise
            LOG.exception('Planning failed')
        else:
            self._report(audit)
        self._fill_solution()

    def post_execute(self) -> None:
        """Set the efficacy indicators from the plan."""
        self.solution.set_efficacy_indicators(
            **self.goal.efficacy_specification.values(self.plan)
        )

    def get_datasource_metrics(self) -> list[str]:
        """Return the metrics of the loads that the audit is about."""
        return [load.METRICS[name] for name in self.measured_loads()]

    def measured_loads(self) -> list[str]:
        """Return the loads that the datasource is asked for."""
        return []

    def _make_plan(self) -> plan.Plan:
        inline = self._inline()
        known = business.known(
            options.value(business.POLICY_PATH.name, self.config), inline
        )
        reading = self._read(business.names_images(known.policy, inline))
        self.snapshot = reading.snapshot
        # Reading takes its time.
        now = datetime.datetime.now(datetime.timezone.utc)
        known = dataclasses.replace(known, whole=reading.whole, now=now)
        made = pipeline.plan(
            reading.snapshot, self.NAME, self._limited_parameters(), known
        )
        return dataclasses.replace(
            made,
            messages=(
                *made.messages,
                *reading.messages,
                *messages.too_slow(made, _patience_s()),
            ),
        )

    def _read(self, all_images: bool) -> watcher_model.Reading:
        if self._model_problem:
            raise NoModel(
                f'the compute model is not available: {self._model_problem}'
            )
        reading = watcher_model.read(self.compute_model)
        if not reading.snapshot.compute_nodes:
            raise NoModel('there is no compute node in the audit scope')
        reading = cloud.add(reading, all_images)
        snapshot = scheduler.as_configured(reading.snapshot, self.config)
        reading = dataclasses.replace(reading, snapshot=snapshot)
        loads = self.measured_loads()
        if not loads:
            return reading
        try:
            backend = self.datasource_backend
        except exception.WatcherException as error:
            raise load.NoMetrics(f'no measured load: {error}') from error
        elements = self.compute_model.get_all_instances()
        return load.measure(reading, elements, backend, loads)

    def _inline(self) -> Any:
        return self.input_parameters.get('policy')

    def _limited_parameters(self) -> dict[str, Any]:
        properties = self.get_schema()['properties']
        return limits.apply(
            self.input_parameters,
            {opt.name: properties[opt.name]['default'] for opt in self.LIMITS},
            self.config,
        )

    def _fill_solution(self) -> None:
        renderer = rendering.Renderer(self.snapshot, self.NAME)
        for action in self.plan.actions:
            self.solution.add_action(**renderer.plain(action))

    def _report(self, audit: Any) -> None:
        self.status_message = messages.summary(self.plan)
        if not self.plan.actions:
            self._say(audit, self.status_message)
        LOG.info('%s: %s', self.NAME, self.plan.status.value)
        for row in self.plan.objectives:
            LOG.info(
                '%s: %.6g before, %.6g after (%s)',
                row.name,
                row.before,
                row.after,
                row.unit,
            )
        for message in self.plan.messages:
            LOG.warning('%s: %s', self.NAME, message)

    def _give_up(self, audit: Any, *problems: str) -> None:
        LOG.warning('%s makes no plan: %s', self.NAME, '; '.join(problems))
        self.status_message = messages.no_plan(problems)
        self._say(audit, self.status_message)

    def _say(self, audit: Any, text: str) -> None:
        # The audit handler saves the audit when this is over.
        if audit is not None and (audit.status_message or '') != text:
            audit.status_message = text or None


def _is_recurring(audit: Any) -> bool:
    """Whether the audit runs again, unless it FAILED."""
    kinds = objects.audit.AuditType
    return audit is not None and audit.audit_type in (
        kinds.CONTINUOUS.value,
        kinds.EVENT.value,
    )


def _know_state(audit: Any) -> None:
    """Let the audit that Watcher saves later know that it is ONGOING.

    Watcher marks it so on a copy. An event audit that was triggered before
    still has SUCCEEDED here, so that Watcher would see no change at the end,
    save none, and never again be able to trigger it.
    """
    states = objects.audit.State
    if _is_recurring(audit) and audit.state == states.SUCCEEDED:
        audit.state = states.ONGOING


def _patience_s() -> float:
    """How long Watcher waits for a migration before it calls it failed."""
    nova = cfg.CONF.nova
    return float(nova.migration_max_retries * nova.migration_interval)


def _describe(error: Exception) -> str:
    if isinstance(error, exception.WatcherException):
        return str(error)
    return f'{type(error).__name__}: {error}'
