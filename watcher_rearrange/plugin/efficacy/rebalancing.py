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

"""Efficacy of the goal cloud_rebalancing."""

from __future__ import annotations

from watcher.decision_engine.solution import efficacy

from watcher_rearrange.plugin.efficacy import alternatives
from watcher_rearrange.plugin.efficacy import common
from watcher_rearrange.plugin.efficacy import figures


class RebalancingEfficacy(figures.PlanEfficacy):
    """How much more even the nodes are, and what it costs."""

    FIGURES = (
        figures.Figure(
            'imbalance_before',
            'How unevenly the nodes are used before the plan.',
            'percentage points',
            lambda plan: plan.before('imbalance'),
            whole=False,
        ),
        figures.Figure(
            'imbalance_after',
            'How unevenly the nodes are used after the plan.',
            'percentage points',
            lambda plan: plan.after('imbalance'),
            whole=False,
        ),
        common.HIGHEST_UTILIZATION_BEFORE,
        common.HIGHEST_UTILIZATION_AFTER,
        common.MIGRATIONS,
        common.DISPLACEMENTS,
        common.MEMORY_MOVED_GB,
        common.ESTIMATED_MINUTES,
        *alternatives.specifications(('imbalance', 'percentage points')),
    )

    def get_global_efficacy_indicator(
        self, indicators_map: dict[str, float]
    ) -> list[efficacy.Indicator]:
        """Return the share of the imbalance removed and its price."""
        before = indicators_map.get('imbalance_before', 0)
        after = indicators_map.get('imbalance_after', 0)
        return [
            figures.share(
                'imbalance_removed_pct',
                'Share of the imbalance that the plan removes.',
                before - after,
                before,
            ),
            *self.show(
                indicators_map, ('highest_utilization_after_pct', 'migrations')
            ),
        ]
