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

"""How many migrations may run at once."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits on what runs at the same time; None for no limit.

    :ivar max_outgoing: migrations off one node; Nova's own limit is
        max_concurrent_live_migrations, 1 unless configured
    :ivar max_incoming: migrations onto one node
    :ivar max_parallel: migrations in the whole cluster
    """

    max_outgoing: int | None = 1
    max_incoming: int | None = None
    max_parallel: int | None = None

    @property
    def set(self) -> dict[str, int]:
        """The limits that there are, by name."""
        found: dict[str, int | None] = dataclasses.asdict(self)
        return {name: n for name, n in found.items() if n is not None}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Limits:
        """Return the limits that parameters ask for; 0 means none."""
        return cls(
            max_outgoing=given['max_outgoing'] or None,
            max_incoming=given['max_incoming'] or None,
            max_parallel=given['max_parallel'] or None,
        )
