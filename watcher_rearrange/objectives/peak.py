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

"""Peak utilisation: the highest share in use of any node and dimension."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.imbalance import Imbalance


class PeakUtilization:
    """The fullest node in its fullest dimension."""

    name = 'peak_utilization_pct'
    unit = '%'

    def __init__(self, imbalance: Imbalance) -> None:
        self._imbalance = imbalance

    def value(self, placement: Placement) -> float:
        """Return the peak in percent of the capacity."""
        load = self._imbalance.load(placement)
        share = np.where(
            self._imbalance.judged, load / self._imbalance.capacity, 0.0
        )
        return 100.0 * float(share.max(initial=0.0))

    def lower_bound(self) -> float | None:
        """Return None: not computed."""
        return None
