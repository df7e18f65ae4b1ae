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

"""The guard: an action that first looks at what it depends on."""

from __future__ import annotations

import contextlib

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from watcher import objects
from watcher.common import context
from watcher.common import exception

from watcher_rearrange.plugin import messages
from watcher_rearrange.plugin import rendering
from watcher_rearrange.plugin.actions import nova_state


UUID_PATTERN = (
    '^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-'
    '[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$'
)

PROPERTIES = {
    'depends_on': {
        'type': 'array',
        'items': {'type': 'string', 'pattern': UUID_PATTERN},
    },
    'reason': {'type': 'string'},
    'wave': {'type': 'integer', 'minimum': 1},
}


class Guard:
    """Skips an action unless all that it depends on has been brought about.

    Watcher starts an action when its parents are over, whatever became of
    them. To be mixed in before one of Watcher's actions; it adds these
    parameters to the action's own:

    - ``depends_on``: UUIDs of the actions that must have SUCCEEDED, or were
      skipped and what they were for is so all the same;
    - ``reason``: why the action is in the plan, for who reads it;
    - ``wave``: 1 + the latest wave of the actions that it depends on.
    """

    input_parameters: dict[str, Any]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the parameters."""
        schema: dict[str, Any] = super().schema  # type: ignore[misc]
        return {**schema, 'properties': {**schema['properties'], **PROPERTIES}}

    def pre_condition(self) -> None:
        """Check what this depends on, then what Watcher checks.

        :raises ActionSkipped: if something was not brought about
        :raises ActionExecutionFailure: if that cannot be found out
        """
        with explained('cannot check what this waits for'):
            _require(self.input_parameters.get('depends_on', []))
        with explained('cannot check the conditions of this'):
            super().pre_condition()  # type: ignore[misc]


def require_not_cancelled(parameters: Mapping[str, Any]) -> None:
    """Return if the plan of a pending action goes on.

    An action does not know its own UUID.

    :param parameters: the input parameters of the action
    :raises ActionPlanCancelled: if it is being cancelled
    """
    admin = context.make_context(is_admin=True)
    states = objects.action_plan.State
    pending = objects.Action.list(
        admin, filters={'state': objects.action.State.PENDING}
    )
    for action in pending:
        if action.input_parameters == parameters:
            plan = objects.ActionPlan.get_by_id(admin, action.action_plan_id)
            if plan.state == states.CANCELLING:
                raise exception.ActionPlanCancelled(uuid=plan.uuid)


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Let errors pass with a message that fits into the action's.

    Watcher shows the text of its own exceptions only, of any other just
    the class.

    :param what: what could not be done, put before a foreign error
    """
    try:
        yield
    except exception.ActionSkipped as error:
        raise exception.ActionSkipped(
            messages.for_action(str(error))
        ) from error
    except exception.WatcherException as error:
        raise exception.ActionExecutionFailure(
            messages.for_action(nova_state.sentence(error))
        ) from error
    except Exception as error:
        reason = f'{what}: {type(error).__name__}: {error}'
        raise exception.ActionExecutionFailure(
            messages.for_action(reason)
        ) from error


def _require(uuids: Sequence[str]) -> None:
    """Return if actions were brought about, and all they depended on.

    Each is looked at once, however many ways through the plan lead to it.

    :raises ActionSkipped: if one was not, naming it
    """
    pending = list(uuids)
    seen = set(pending)
    while pending:
        behind = [uuid for uuid in _behind(pending.pop()) if uuid not in seen]
        seen.update(behind)
        pending += behind


def _behind(uuid: str) -> list[str]:
    """Return what has to be looked at behind an action that is fulfilled.

    An action that was skipped says nothing of its own parents, and who
    depends on it may depend on them through it alone.

    :raises ActionSkipped: if it is not fulfilled, naming it
    """
    states = objects.action.State
    try:
        action = objects.Action.get_by_uuid(
            context.make_context(is_admin=True), uuid
        )
    except exception.ActionNotFound:
        raise exception.ActionSkipped(
            f'waits for: action {uuid}, which is not in the database'
        ) from None
    if action.state == states.SUCCEEDED:
        return []
    parameters = action.input_parameters or {}
    if action.state == states.SKIPPED and nova_state.already_so(
        action.action_type, parameters
    ):
        # Some of the parents are there for the order only.
        return list(parameters.get('depends_on', action.parents) or [])
    because = f': {action.status_message}' if action.status_message else ''
    raise exception.ActionSkipped(
        f'waits for: {describe(action.action_type, parameters)} '
        f'(action {uuid}), which is {action.state}{because}'
    )


def describe(action_type: str, parameters: Mapping[str, Any]) -> str:
    """Return an action in words that an operator understands."""
    kind = action_type.removeprefix(rendering.GUARDED)
    name = parameters.get('resource_name') or parameters.get('resource_id')
    if kind == rendering.MIGRATE:
        return (
            f'{parameters.get("migration_type")} migration of {name} from '
            f'{parameters.get("source_node")} to '
            f'{parameters.get("destination_node")}'
        )
    if kind == rendering.CHANGE_SERVICE:
        return f'nova-compute of {name} to be {parameters.get("state")}'
    return f'{kind} of {name}'
