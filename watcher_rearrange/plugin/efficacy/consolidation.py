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

"""Efficacy of the goal cloud_consolidation."""

from __future__ import annotations

from watcher.decision_engine.solution import efficacy

from watcher_rearrange.model import plan
from watcher_rearrange.plugin.efficacy import alternatives
from watcher_rearrange.plugin.efficacy import common
from watcher_rearrange.plugin.efficacy import figures


# What the strategy rearrange_defragment makes small.
SLOTS = ('blocked_slots', 'unplaced_instances')


class ConsolidationEfficacy(figures.PlanEfficacy):
    """How many nodes are freed, and what it costs."""

    FIGURES = (
        common.ACTIVE_NODES_BEFORE,
        common.ACTIVE_NODES_AFTER,
        figures.Figure(
            'active_nodes_bound',
            'No placement can do with fewer nodes, as far as is proved.',
            'nodes',
            lambda made: made.bound('active_nodes'),
        ),
        figures.Figure(
            'nodes_freed',
            'Compute nodes that the plan leaves without instances.',
            'nodes',
            lambda made: made.gain('active_nodes'),
        ),
        figures.Figure(
            'nodes_disabled',
            'Freed compute nodes whose service the plan disables.',
            'nodes',
            lambda made: made.count(plan.DISABLE_SERVICE),
        ),
        figures.Figure(
            'slots_gained',
            'More instances of the flavors named than before find room.',
            'instances',
            lambda made: _slots_gained(made.made),
            whole=False,
            present=lambda made: any(
                row.name in SLOTS for row in made.objectives
            ),
        ),
        common.MIGRATIONS,
        common.DISPLACEMENTS,
        common.MEMORY_MOVED_GB,
        common.ESTIMATED_MINUTES,
        *alternatives.specifications(
            ('active_nodes', 'nodes'), ('blocked_slots', 'slots')
        ),
    )

    def get_global_efficacy_indicator(
        self, indicators_map: dict[str, float]
    ) -> list[efficacy.Indicator]:
        """Return the nodes freed or slots gained, and the price."""
        if 'slots_gained' in indicators_map:
            return self.show(indicators_map, ('slots_gained', 'migrations'))
        return [
            *self.show(indicators_map, ('nodes_freed',)),
            figures.share(
                'nodes_freed_pct',
                'Share of the active compute nodes that the plan frees.',
                indicators_map.get('nodes_freed', 0),
                indicators_map.get('active_nodes_before', 0),
            ),
            *self.show(indicators_map, ('migrations',)),
        ]


def _slots_gained(made: plan.Plan) -> float:
    return sum(
        row.before - row.after for row in made.objectives if row.name in SLOTS
    )
