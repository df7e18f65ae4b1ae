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

"""The figures of a plan, and an efficacy indicator that shows one."""

from __future__ import annotations

import dataclasses

from collections.abc import Callable
from collections.abc import Iterable

from watcher.decision_engine.goal.efficacy import base
from watcher.decision_engine.goal.efficacy import indicators
from watcher.decision_engine.solution import efficacy

from watcher_rearrange.model import plan


MB_PER_GB = 1024
SECONDS_PER_MINUTE = 60


@dataclasses.dataclass(frozen=True)
class PlanFigures:
    """What a plan says in numbers; zero where it says nothing."""

    made: plan.Plan

    def before(self, objective: str) -> float:
        """The value of an objective before the plan."""
        return self._row(objective).before

    def after(self, objective: str) -> float:
        """The value of an objective after the plan."""
        return self._row(objective).after

    def bound(self, objective: str) -> float:
        """What no plan can go below, as far as is proved."""
        return self._row(objective).bound or 0.0

    def gain(self, objective: str) -> float:
        """By how much the plan lowers an objective, at least 0."""
        row = self._row(objective)
        return max(0.0, row.before - row.after)

    def count(self, action_type: str) -> int:
        """How many actions of one type there are."""
        return sum(a.type == action_type for a in self.made.actions)

    @property
    def memory_moved_gb(self) -> float:
        """Memory of the instances moved, in GiB."""
        return self.made.path.migrated_mb / MB_PER_GB

    @property
    def estimated_minutes(self) -> float:
        """How long the plan takes, in minutes."""
        return self.made.path.makespan_s / SECONDS_PER_MINUTE

    def _row(self, objective: str) -> plan.ObjectiveValue:
        for row in self.made.objectives:
            if row.name == objective:
                return row
        return plan.ObjectiveValue(objective, 0.0, 0.0, None, '')


class Figure(indicators.IndicatorSpecification):
    """An efficacy indicator that knows how to read its value.

    :param name: as Horizon shows it, with its unit where it has one
    :param description: one sentence, at most 255 characters
    :param unit: shown after the value
    :param value: reads the value from the figures of a plan
    :param whole: the value is a count
    :param present: whether a plan has it; every plan has by default
    """

    def __init__(
        self,
        name: str,
        description: str,
        unit: str,
        value: Callable[[PlanFigures], float],
        whole: bool = True,
        present: Callable[[plan.Plan], bool] | None = None,
    ) -> None:
        super().__init__(
            name=name,
            description=description,
            unit=unit,
            required=present is None,
        )
        self._value = value
        self._whole = whole
        self._present = present

    @property
    def schema(self) -> dict[str, object]:
        """JSON schema of the value."""
        kind = 'integer' if self._whole else 'number'
        return {'type': kind, 'minimum': 0}

    def is_in(self, made: plan.Plan) -> bool:
        """Whether a plan has this figure."""
        return self._present is None or self._present(made)

    def of(self, figures: PlanFigures) -> float:
        """Return the value for a plan, rounded as it is shown."""
        value = max(0.0, self._value(figures))
        return round(value) if self._whole else round(value, 1)


class PlanEfficacy(base.EfficacySpecification):
    """An efficacy specification given as one table of figures."""

    FIGURES: tuple[Figure, ...] = ()

    def get_indicators_specifications(self) -> list[Figure]:
        """List the figures that a strategy of this goal provides."""
        return list(self.FIGURES)

    def values(self, made: plan.Plan) -> dict[str, float]:
        """Return the value of every indicator for a plan."""
        figures = PlanFigures(made)
        return {
            figure.name: figure.of(figures)
            for figure in self.FIGURES
            if figure.is_in(made)
        }

    def show(
        self, indicators_map: dict[str, float], names: Iterable[str]
    ) -> list[efficacy.Indicator]:
        """Return some of the indicators as global efficacy indicators."""
        figures = {figure.name: figure for figure in self.FIGURES}
        return [
            efficacy.Indicator(
                name=name,
                description=figures[name].description,
                unit=figures[name].unit,
                value=indicators_map.get(name, 0),
            )
            for name in names
        ]


def share(
    name: str, description: str, part: float, whole: float
) -> efficacy.Indicator:
    """Return a global efficacy indicator in per cent, 0 of nothing."""
    value = round(100.0 * part / whole, 1) if whole else 0.0
    return efficacy.Indicator(
        name=name, description=description, unit='%', value=value
    )
