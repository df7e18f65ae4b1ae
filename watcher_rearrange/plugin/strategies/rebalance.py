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

"""The strategy rearrange_rebalance."""

from __future__ import annotations

from watcher_rearrange.plugin.readers import load
from watcher_rearrange.plugin.strategies import base
from watcher_rearrange.plugin.strategies import limits


class Rebalance(base.RearrangeStrategy):
    """Spread the instances evenly over the compute nodes.

    *Description*

    Moves instances, as few as that takes, until the utilization of the
    compute nodes is even in every dimension that the audit names: resource
    classes as allocated, or the measured load of the instances.

    *Requirements*

    None for resource classes. For ``cpu_pct`` and ``memory_mb`` a datasource
    with the metrics of the instances.
    """

    NAME = 'rearrange_rebalance'
    DISPLAY_NAME = 'Rearrange: rebalance'
    GOAL = 'cloud_rebalancing'
    LIMITS = (limits.MAX_MIGRATIONS, limits.TIME_LIMIT)

    DATASOURCE_METRICS = list(load.METRICS.values())

    def measured_loads(self) -> list[str]:
        """Return the dimensions of the audit that are measured."""
        dimensions = self.input_parameters.get('dimensions', [])
        return [name for name in load.METRICS if name in dimensions]
