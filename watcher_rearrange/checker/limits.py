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

"""What the executor of a plan respects besides the parents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Concurrency limits of a plan, and what its user asked for.

    None is no limit. The concurrency limits steer the simulator only: no
    limit makes an unsafe plan safe, as the worst state of a node is always
    reached by some order of one action at a time.

    :ivar max_parallel: actions that run at the same time
    :ivar max_outgoing: migrations that leave one node at the same time
    :ivar max_incoming: migrations that enter one node at the same time
    :ivar move_locked: the user asked to move locked instances too
    :ivar move_numa: and those with a NUMA topology
    :ivar failures_to_tolerate: nodes whose instances must find room
        elsewhere, whatever the order
    :raises ValueError: a limit below 1, under which nothing could run, or
        fewer failures than none
    """

    max_parallel: int | None = None
    max_outgoing: int | None = None
    max_incoming: int | None = None
    move_locked: bool = False
    move_numa: bool = False
    failures_to_tolerate: int = 0

    def __post_init__(self) -> None:
        for name in ('max_parallel', 'max_outgoing', 'max_incoming'):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise ValueError(f'{name} must be at least 1, not {limit}')
        if self.failures_to_tolerate < 0:
            raise ValueError('failures_to_tolerate must not be negative')
