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

"""The plans of Watcher's strategies, ordered by Watcher's planners.

The planners run as they are, but for the database: what they would store
there is kept in memory.
"""

from __future__ import annotations

import types

from typing import Any

from watcher import objects
from watcher.common import context
from watcher.decision_engine.planner import (
    node_resource_consolidation as node_planner,
)
from watcher.decision_engine.planner import weight
from watcher.decision_engine.planner import (
    workload_stabilization as stabilization_planner,
)

from benchmarks import replay


objects.register_all()


class _InMemory:
    """Replaces what a planner does with the database."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)  # type: ignore[call-arg]
        self.rows: list[Any] = []

    def _create_action_plan(self, *_: Any) -> Any:
        return types.SimpleNamespace(id=1, state='', save=lambda: None)

    def _create_efficacy_indicators(self, *_: Any) -> None:
        pass

    def _create_action(self, _: Any, action: dict[str, Any]) -> Any:
        row = types.SimpleNamespace(**action, save=lambda: None)
        self.rows.append(row)
        return row


class _Nodes(_InMemory, node_planner.NodeResourceConsolidationPlanner):
    pass


class _Stabilization(
    _InMemory, stabilization_planner.WorkloadStabilizationPlanner
):
    pass


class _Weight(_InMemory, weight.WeightPlanner):
    def create_action_plan(self, *_: Any) -> Any:
        return self._create_action_plan()

    def create_scheduled_actions(self, graph: Any) -> None:
        self.rows = list(graph.nodes())


_PLANNERS: dict[str, Any] = {
    'weight': _Weight,
    'node_resource_consolidation': _Nodes,
    'workload_stabilization': _Stabilization,
}


def steps(strategy: Any) -> list[replay.Step]:
    """Return the plan that a strategy's own planner makes of its solution."""
    kind = _PLANNERS[strategy.planner]
    defaults = {opt.name: opt.default for opt in kind.get_config_opts()}
    planner = kind(types.SimpleNamespace(**defaults))
    planner.schedule(context.make_context(), 1, strategy.solution)
    return [_step(row) for row in planner.rows]


def _step(row: Any) -> replay.Step:
    given = row.input_parameters
    if row.action_type == 'migrate':
        return replay.Step(
            id=row.uuid,
            kind=replay.MIGRATE,
            thing=given['resource_id'],
            source=given['source_node'],
            destination=given['destination_node'],
            parents=tuple(row.parents or ()),
        )
    disabled = given['state'] == 'disabled'
    return replay.Step(
        id=row.uuid,
        kind=replay.DISABLE if disabled else replay.ENABLE,
        thing=given['resource_name'],
        parents=tuple(row.parents or ()),
    )
