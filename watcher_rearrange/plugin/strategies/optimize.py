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
"""The strategy rearrange_optimize."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from watcher_rearrange.plugin.readers import flavors
from watcher_rearrange.plugin.readers import load
from watcher_rearrange.plugin.readers import watcher_model
from watcher_rearrange.plugin.strategies import base
from watcher_rearrange.plugin.strategies import limits


class Optimize(base.RearrangeStrategy):
    """Minimise objectives that the audit composes.

    *Description*

    Moves instances until what the audit names is as small as possible:
    nodes in use, imbalance, what is above soft thresholds, room out of
    proportion, fragmentation, migrations, disruption; one after the other,
    or as a weighted sum.

    *Requirements*

    None, unless a measured load is one of the dimensions.
    """

    NAME = 'rearrange_optimize'
    DISPLAY_NAME = 'Rearrange: optimize'
    GOAL = 'cloud_rearrangement'
    LIMITS = (limits.MAX_MIGRATIONS, limits.TIME_LIMIT)

    DATASOURCE_METRICS = list(load.METRICS.values())

    def measured_loads(self) -> list[str]:
        """Return the dimensions of the terms that are measured."""
        wanted = {
            name
            for term in self._terms()
            for option in ('dimensions', 'utilization_pct', 'free')
            for name in term.get(option, ())
        }
        return [name for name in load.METRICS if name in wanted]

    def _read(self, all_images: bool) -> watcher_model.Reading:
        wanted: dict[str, Any] = {}
        for term in self._terms():
            for name, size in term.get('flavors', {}).items():
                # It is looked up if one of several terms needs that.
                if name not in wanted or not flavors.has_size(size):
                    wanted[name] = size
        return flavors.add(super()._read(all_images), wanted)

    def _terms(self) -> Iterable[dict[str, Any]]:
        for level in self.input_parameters.get('objectives', []):
            yield from level
