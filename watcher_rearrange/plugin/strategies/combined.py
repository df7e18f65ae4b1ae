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

"""The strategy rearrange_combined."""

from __future__ import annotations

from watcher_rearrange.plugin.readers import load
from watcher_rearrange.plugin.strategies import base
from watcher_rearrange.plugin.strategies import limits


class Combined(base.RearrangeStrategy):
    """Evacuate, mend rules, consolidate and rebalance in one plan.

    *Description*

    Frees the named nodes, mends rules that are broken, frees as many other
    nodes as possible, then balances the rest, or some of these. Nobody moves
    twice where once would do, and no stage undoes what one before it has
    done.

    *Requirements*

    None, unless a measured load is to be balanced.
    """

    NAME = 'rearrange_combined'
    DISPLAY_NAME = 'Rearrange: combined'
    GOAL = 'cloud_rearrangement'
    LIMITS = (limits.MAX_MIGRATIONS, limits.TIME_LIMIT)

    DATASOURCE_METRICS = list(load.METRICS.values())

    def measured_loads(self) -> list[str]:
        """Return the dimensions of the stages that are measured."""
        wanted = {
            name
            for stage in self.input_parameters.get('stages', [])
            for name in stage.get('parameters', {}).get('dimensions', [])
        }
        return [name for name in load.METRICS if name in wanted]
