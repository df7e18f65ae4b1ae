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

"""What a plan must be worth, and what it may cost in memory."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Worth:
    """The least gain and the highest price of a plan; 0 for any.

    The gain is that of the strategy's first objective: nodes freed,
    percentage points of imbalance, missing slots.

    :ivar min_gain_per_migration: on average over the plan
    :ivar min_gain_per_gb: on average, by GiB of memory migrated
    :ivar max_moved_gb: GiB of memory migrated in the whole plan
    """

    min_gain_per_migration: float = 0.0
    min_gain_per_gb: float = 0.0
    max_moved_gb: float = 0.0

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Worth:
        """Return what parameters ask for."""
        return cls(
            **{
                field.name: float(given[field.name])
                for field in dataclasses.fields(cls)
            }
        )

    @property
    def asked(self) -> bool:
        """Whether anything is asked for."""
        return self != Worth()
