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

import collections
import dataclasses
import datetime
import statistics

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from benchmarks import churn


DONE = frozenset({'completed', 'confirmed', 'done'})


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


def moves(
    migrations: Iterable[Mapping[str, Any]],
    actions: Iterable[Any],
    plans: Iterable[Any],
) -> list[Move]:
    """Return the moves, each with the plan that wanted it, oldest first.

    Resizes are left out: they are not Watcher's.
    """
    made = {plan.uuid: time_of(plan.created_at) for plan in plans}
    wanted = collections.defaultdict(list)
    for action in actions:
        given = action.input_parameters
        if 'destination_node' in given and action.state == 'SUCCEEDED':
            key = (
                given['resource_id'],
                given['source_node'],
                given['destination_node'],
            )
            wanted[key].append(action.action_plan_uuid)
    found = []
    for migration in sorted(migrations, key=lambda m: m['id']):
        if migration['status'] not in DONE:
            continue
        key = (
            migration['instance_uuid'],
            migration['source_compute'],
            migration['dest_compute'],
        )
        if wanted[key]:
            began = time_of(migration['created_at'])
            plan = max(
                (p for p in wanted[key] if made[p] <= began),
                key=made.__getitem__,
                default=wanted[key][0],
            )
            found.append(Move(*key, plan, made[plan]))
    return found


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
        # A host's own change may be hidden for a moment: it takes so long
        # until Watcher has heard of it.
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
