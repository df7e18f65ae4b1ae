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

"""Our strategies as methods to compare."""

from __future__ import annotations

import time

from typing import Any

from benchmarks import replay
from benchmarks.method import CONSOLIDATE
from benchmarks.method import REBALANCE
from benchmarks.method import Method
from benchmarks.method import Planned
from watcher_rearrange.checker import check_plan
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model import records
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


# Schedules that the checker simulates, besides its exact search.
INTERLEAVINGS = 20

_KINDS = {
    plans.LIVE_MIGRATE: replay.MIGRATE,
    plans.COLD_MIGRATE: replay.MIGRATE,
    plans.DISABLE_SERVICE: replay.DISABLE,
    plans.ENABLE_SERVICE: replay.ENABLE,
}


def methods(threshold_pct: float) -> list[Method]:
    """Return both strategies.

    A node may be filled to the last, and no empty one is spared, as
    Watcher's strategies do it.

    :param threshold_pct: the spread at which rebalancing stops
    """
    return [
        consolidate({}),
        _method(
            'rearrange_rebalance', REBALANCE, {'threshold_pct': threshold_pct}
        ),
    ]


def consolidate(given: dict[str, Any]) -> Method:
    """Return the consolidation, with some parameters given."""
    return _method(
        'rearrange_consolidate', CONSOLIDATE, {'spare_nodes': 0, **given}
    )


def _method(strategy: str, goal: str, given: dict[str, Any]) -> Method:
    def plan(snapshot: records.Snapshot, seed: int, limit_s: float) -> Planned:
        limits = {'seed': seed, 'time_limit_s': limit_s}
        began = time.process_time()
        result = pipeline.plan(snapshot, strategy, {**given, **limits})
        seconds = time.process_time() - began
        report = check_plan(
            writer.snapshot_document(snapshot),
            writer.plan_document(result),
            interleavings=INTERLEAVINGS,
            seed=seed,
        )
        steps = [_step(action) for action in result.actions]
        return Planned(
            steps,
            seconds,
            guarded=True,
            violations=len(report.violations),
            bound=_bound(result),
        )

    return Method(strategy, goal, plan)


def _bound(plan: plans.Plan) -> int | None:
    """Return how many nodes can be freed at most, if the plan says so."""
    for value in plan.objectives:
        if value.name == 'active_nodes' and value.bound is not None:
            return round(value.before - value.bound)
    return None


def _step(action: plans.Action) -> replay.Step:
    return replay.Step(
        id=action.id,
        kind=_KINDS[action.type],
        thing=action.instance or action.node,
        source=action.source,
        destination=action.destination,
        parents=action.parents,
    )
