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

"""What a continuous audit did while a cloud changed."""

from __future__ import annotations

import dataclasses
import datetime
import statistics

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from benchmarks import churn


@dataclasses.dataclass(frozen=True)
class Move:
    """A migration that Watcher asked for and Nova carried out.

    :ivar planned: when the plan was made
    """

    instance: str
    source: str
    destination: str
    plan: str
    planned: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Again:
    """Two moves in a row of the same instance, by different plans.

    :ivar changes: of the cloud between the plans, on any host
    :ivar near: of these, the ones on hosts that the moves are about
    """

    first: Move
    second: Move
    changes: int
    near: int

    @property
    def is_back(self) -> bool:
        """Whether the instance is where it was."""
        return self.first.source == self.second.destination


def moves(actions: Iterable[Any], plans: Iterable[Any]) -> list[Move]:
    """Return the migrations that succeeded, by the age of their plans.

    Nova no longer shows the migrations of instances that were deleted.
    """
    made = {plan.uuid: time_of(plan.created_at) for plan in plans}
    found = []
    for action in actions:
        given = action.input_parameters
        if 'destination_node' in given and action.state == 'SUCCEEDED':
            plan = action.action_plan_uuid
            found.append(
                Move(
                    given['resource_id'],
                    given['source_node'],
                    given['destination_node'],
                    plan,
                    made[plan],
                )
            )
    return sorted(found, key=lambda move: move.planned)


def again(
    found: Sequence[Move], changes: Sequence[churn.Change]
) -> list[Again]:
    """Return every pair of moves in a row of the same instance."""
    latest: dict[str, Move] = {}
    pairs = []
    for move in found:
        before = latest.get(move.instance)
        latest[move.instance] = move
        if before is None or before.plan == move.plan:
            continue
        between = [
            c for c in changes if before.planned <= c.at <= move.planned
        ]
        hosts = {
            before.source,
            before.destination,
            move.source,
            move.destination,
        }
        near = sum(bool(c.hosts & hosts) for c in between)
        pairs.append(Again(before, move, len(between), near))
    return pairs


def imbalance(
    used: Mapping[str, Sequence[int]], capacity: Mapping[str, Sequence[int]]
) -> float:
    """Return the imbalance as the rebalancing measures it, in points.

    The root of the mean over the dimensions of the variance of the
    utilisation, each node weighed by its capacity.

    :param used: of VCPU and MEMORY_MB, by host
    """
    variances = []
    for position in range(2):
        total = sum(c[position] for c in capacity.values())
        mean = sum(u[position] for u in used.values()) / total
        variances.append(
            sum(
                (used[host][position] / room[position] - mean) ** 2
                * room[position]
                for host, room in capacity.items()
            )
            / total
        )
    return 100 * statistics.fmean(variances) ** 0.5


def time_of(text: str) -> datetime.datetime:
    """Read a time of Nova's or Watcher's, which is in UTC."""
    found = datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))
    return found.replace(tzinfo=found.tzinfo or datetime.timezone.utc)
