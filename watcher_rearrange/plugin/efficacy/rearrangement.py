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

"""Efficacy of the goal cloud_rearrangement."""

from __future__ import annotations

import functools

from watcher.decision_engine.solution import efficacy

from watcher_rearrange.model import plan
from watcher_rearrange.plugin.efficacy import alternatives
from watcher_rearrange.plugin.efficacy import common
from watcher_rearrange.plugin.efficacy import figures


# What an objective may be composed of, beside nodes in use and migrations.
COMPOSED = (
    ('active_node_cost', 'cost units'),
    ('imbalance', 'percentage points'),
    ('imbalance_variance', 'percentage points squared'),
    ('instance_count', 'instances'),
    ('instance_count_variance', 'instances squared'),
    ('soft_threshold', '% of a node'),
    ('headroom', '% of a node'),
    ('proportion', '% of a node'),
    ('blocked_slots', 'slots'),
    ('disruption', 'instances'),
    ('breaches', 'breaches'),
    ('should_breaches', 'weighted breaches'),
)


def _before_and_after(name: str, unit: str) -> tuple[figures.Figure, ...]:
    """An objective before and after a plan whose objective it is."""

    def is_there(made: plan.Plan) -> bool:
        return any(row.name == name for row in made.objectives)

    return tuple(
        figures.Figure(
            f'{name}_{when}',
            f'{name} {when} the plan.',
            unit,
            functools.partial(_value, name, when),
            whole=False,
            present=is_there,
        )
        for when in ('before', 'after')
    )


def _value(name: str, when: str, made: figures.PlanFigures) -> float:
    return made.before(name) if when == 'before' else made.after(name)


class RearrangementEfficacy(figures.PlanEfficacy):
    """What any rearrangement changes, and what it costs."""

    FIGURES = (
        common.ACTIVE_NODES_BEFORE,
        common.ACTIVE_NODES_AFTER,
        common.HIGHEST_UTILIZATION_BEFORE,
        common.HIGHEST_UTILIZATION_AFTER,
        common.MIGRATIONS,
        common.LIVE_MIGRATIONS,
        common.COLD_MIGRATIONS,
        common.DISPLACEMENTS,
        common.MEMORY_MOVED_GB,
        common.ESTIMATED_MINUTES,
        *(
            figure
            for objective in COMPOSED
            for figure in _before_and_after(*objective)
        ),
        *alternatives.specifications(('active_nodes', 'nodes'), *COMPOSED),
    )

    def get_global_efficacy_indicator(
        self, indicators_map: dict[str, float]
    ) -> list[efficacy.Indicator]:
        """Return the price of the rearrangement."""
        return self.show(
            indicators_map,
            ('migrations', 'memory_moved_gb', 'estimated_minutes'),
        )
