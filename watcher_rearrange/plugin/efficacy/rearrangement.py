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

from watcher.decision_engine.solution import efficacy

from watcher_rearrange.plugin.efficacy import alternatives
from watcher_rearrange.plugin.efficacy import common
from watcher_rearrange.plugin.efficacy import figures


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
        *alternatives.specifications(('active_nodes', 'nodes')),
    )

    def get_global_efficacy_indicator(
        self, indicators_map: dict[str, float]
    ) -> list[efficacy.Indicator]:
        """Return the price of the rearrangement."""
        return self.show(
            indicators_map,
            ('migrations', 'memory_moved_gb', 'estimated_minutes'),
        )
