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

"""What the rows of the programme over patterns are worth, and bounds."""

from __future__ import annotations

import dataclasses
import math

from watcher_rearrange.objectives.dimensions import Floats


# What a bound may be off by, in migrations.
TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Prices:
    """Duals: of the nodes, of the kinds and of the variance."""

    node: Floats
    kind: Floats
    variance: float


def whole_up(bound: float) -> int:
    """Return how many whole migrations a bound comes to."""
    return math.ceil(bound - TOLERANCE)
