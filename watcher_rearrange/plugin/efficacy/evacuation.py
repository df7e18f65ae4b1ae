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

"""Efficacy of the goal cloud_evacuation."""

from __future__ import annotations

from watcher.decision_engine.solution import efficacy

from watcher_rearrange.plugin.efficacy import common
from watcher_rearrange.plugin.efficacy import figures


NODES = 'nodes_to_evacuate'
INSTANCES = 'instances_on_evacuated_nodes'


class EvacuationEfficacy(figures.PlanEfficacy):
    """What leaves the named nodes, what stays, and what it costs."""

    FIGURES = (
        figures.Figure(
            'nodes_to_evacuate',
            'Compute nodes named by the audit that are not yet empty.',
            'nodes',
            lambda plan: plan.before(NODES),
        ),
        figures.Figure(
            'nodes_evacuated',
            'Named compute nodes that the plan empties.',
            'nodes',
            lambda plan: plan.gain(NODES),
        ),
        figures.Figure(
            'instances_to_evacuate',
            'Instances on the named compute nodes.',
            'instances',
            lambda plan: plan.before(INSTANCES),
        ),
        figures.Figure(
            'instances_evacuated',
            'Instances that leave the named compute nodes.',
            'instances',
            lambda plan: plan.gain(INSTANCES),
        ),
        figures.Figure(
            'instances_staying',
            'Instances that stay on the named compute nodes; the message '
            'of the action plan says why.',
            'instances',
            lambda plan: plan.after(INSTANCES),
        ),
        common.LIVE_MIGRATIONS,
        common.COLD_MIGRATIONS,
        common.DISPLACEMENTS,
        common.MEMORY_MOVED_GB,
        common.ESTIMATED_MINUTES,
    )

    def get_global_efficacy_indicator(
        self, indicators_map: dict[str, float]
    ) -> list[efficacy.Indicator]:
        """Return how much of the evacuation is done."""
        return [
            figures.share(
                'nodes_evacuated_pct',
                'Share of the named compute nodes that the plan empties.',
                indicators_map.get('nodes_evacuated', 0),
                indicators_map.get('nodes_to_evacuate', 0),
            ),
            figures.share(
                'instances_evacuated_pct',
                'Share of the instances on them that the plan moves away.',
                indicators_map.get('instances_evacuated', 0),
                indicators_map.get('instances_to_evacuate', 0),
            ),
            *self.show(
                indicators_map, ('instances_staying', 'estimated_minutes')
            ),
        ]
