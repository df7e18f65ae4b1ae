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

"""A solution that holds every action of a plan."""

from __future__ import annotations

from typing import Any

from watcher.decision_engine.solution import default


class PlanSolution(default.DefaultSolution):
    """Watcher's solution, but equal actions are kept.

    A path may move an instance away, back and away again; Watcher's
    solution would drop the second of two equal moves. The strategy's plan
    is the truth, and what the ``rearrange`` planner reads: it alone knows
    what depends on what. This is the same plan for everybody else.
    """

    def add_action(
        self,
        action_type: str,
        input_parameters: dict[str, Any] | None = None,
        resource_id: str | None = None,
    ) -> None:
        """Append an action."""
        parameters = dict(input_parameters or {})
        if resource_id is not None:
            parameters['resource_id'] = resource_id
        self._actions.append(
            {'action_type': action_type, 'input_parameters': parameters}
        )
