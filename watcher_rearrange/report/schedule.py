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

"""When the actions of a plan run, by their parents and estimates."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator

from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.report.outcome import state_after


@dataclasses.dataclass(frozen=True)
class Wave:
    """Actions that may run together, and the cluster around them."""

    number: int
    actions: tuple[plan.Action, ...]
    before: records.Snapshot
    after: records.Snapshot


def waves(snapshot: records.Snapshot, result: plan.Plan) -> Iterator[Wave]:
    """The waves of a plan, one after another."""
    members: dict[int, list[plan.Action]] = {}
    number_of = result.waves()
    for action in result.actions:
        members.setdefault(number_of[action.id], []).append(action)
    state = snapshot
    for number in sorted(members):
        after = state_after(state, members[number])
        yield Wave(number, tuple(members[number]), state, after)
        state = after


def times(result: plan.Plan) -> dict[str, tuple[float, float]]:
    """Start and end of each action, if each starts as soon as it may.

    In seconds; no limit on how many run at once is assumed.
    """
    spans: dict[str, tuple[float, float]] = {}
    for action in result.actions:
        start = max((spans[parent][1] for parent in action.parents), default=0)
        spans[action.id] = (start, start + action.estimated_s)
    return spans
