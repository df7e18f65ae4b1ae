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

"""Actions of a plan in Watcher's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from watcher_rearrange.model import plan
from watcher_rearrange.model import records


MIGRATE = 'migrate'
CHANGE_SERVICE = 'change_nova_service_state'
GUARDED = 'guarded_'

_MIGRATION_TYPES = {plan.LIVE_MIGRATE: 'live', plan.COLD_MIGRATE: 'cold'}

WatcherAction = dict[str, Any]


def guarded(
    plain: WatcherAction, depends_on: Sequence[str], reason: str, wave: int
) -> WatcherAction:
    """Return the guarded action for one of Watcher's own.

    :param depends_on: UUIDs of the actions that must have succeeded
    :param wave: 1 for the actions that depend on none
    """
    return {
        'action_type': GUARDED + plain['action_type'],
        'input_parameters': {
            **plain['input_parameters'],
            'depends_on': list(depends_on),
            'reason': reason,
            'wave': wave,
        },
    }


class Renderer:
    """Translates the actions of a plan.

    :param snapshot: what the plan was made from, for names and UUIDs
    :param strategy_name: becomes the reason that a service is disabled for,
        behind Watcher's prefix: ``watcher_rearrange_evacuate``
    """

    def __init__(self, snapshot: records.Snapshot, strategy_name: str) -> None:
        self._labels = {i.uuid: i.label for i in snapshot.instances}
        self._unlocked = {i.uuid for i in snapshot.instances if not i.locked}
        self._node_uuids = {
            node.hostname: node.uuid for node in snapshot.compute_nodes
        }
        self._disabled_reason = f'watcher_{strategy_name}'

    def plain(self, action: plan.Action) -> WatcherAction:
        """Return the type and the parameters of Watcher's own action."""
        if action.is_migration:
            return {
                'action_type': MIGRATE,
                'input_parameters': self._migration(action),
            }
        return {
            'action_type': CHANGE_SERVICE,
            'input_parameters': self._service(action),
        }

    def guarded(
        self, action: plan.Action, depends_on: Sequence[str], wave: int
    ) -> WatcherAction:
        """Return the type and the parameters of the guarded action.

        :param depends_on: UUIDs of the actions that must have succeeded
        :param wave: 1 for the actions that depend on none
        """
        written = guarded(self.plain(action), depends_on, action.reason, wave)
        if action.is_migration and action.instance in self._unlocked:
            written['input_parameters']['if_unlocked'] = True
        if action.not_within:
            hours = list(action.not_within)
            written['input_parameters']['not_within'] = hours
        return written

    def _migration(self, action: plan.Action) -> dict[str, str]:
        return {
            'resource_id': action.instance,
            'resource_name': self._labels.get(
                action.instance, action.instance
            ),
            'migration_type': _MIGRATION_TYPES[action.type],
            'source_node': action.source,
            'destination_node': action.destination,
        }

    def _service(self, action: plan.Action) -> dict[str, str]:
        parameters = {
            'resource_id': self._node_uuids.get(action.node) or action.node,
            'resource_name': action.node,
        }
        if action.type == plan.ENABLE_SERVICE:
            return {**parameters, 'state': records.ENABLED}
        return {
            **parameters,
            'state': records.DISABLED,
            'disabled_reason': action.reason or self._disabled_reason,
        }
