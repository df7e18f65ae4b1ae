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

"""Plans of the strategies, read the way an operator would."""

from __future__ import annotations

from typing import Any

from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.planning import pipeline


def plan(snapshot: Snapshot, strategy: str, **given: Any) -> Plan:
    """What a strategy plans with these parameters."""
    if strategy == 'rebalance':
        given.setdefault('dimensions', ['VCPU'])
    return pipeline.plan(snapshot, strategy, given)


def migrations(found: Plan) -> list[Action]:
    """The migrations of a plan, in its order."""
    return [action for action in found.actions if action.is_migration]


def moves(found: Plan) -> dict[str, str]:
    """Where each instance that moves ends up."""
    return {a.instance: a.destination for a in migrations(found)}


def disabled(found: Plan) -> list[str]:
    """The nodes that a plan disables."""
    return [a.node for a in found.actions if a.type == 'disable_service']


def objective(found: Plan, name: str) -> tuple[float, float]:
    """One objective before and after."""
    return next(
        (row.before, row.after) for row in found.objectives if row.name == name
    )
