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

"""Which types of actions come before which, where nothing else is known."""

from __future__ import annotations

import dataclasses

from collections.abc import Sequence

from watcher_rearrange.model import records
from watcher_rearrange.plugin import rendering


POWER = 'change_node_power_state'

# The ranks, in the order in which they run.
BEFORE_ALL, ENABLE, DISABLE, ROOM, MOVE, OTHER, LATE, AFTER_ALL = range(8)

RANKS = {
    'nop': BEFORE_ALL,
    'sleep': BEFORE_ALL,
    'stop': ROOM,
    'shelve': ROOM,
    'delete': ROOM,
    'volume_migrate': ROOM,
    rendering.MIGRATE: MOVE,
    'resize': MOVE,
    'turn_host_to_acpi_s3_state': AFTER_ALL,
}


def in_order(
    actions: Sequence[rendering.WatcherAction],
) -> list[rendering.WatcherAction]:
    """Return the actions by type, each type in the order given.

    A service is disabled before the migrations, so that nothing new comes
    to its node, unless one of them moves an instance onto it; and enabled
    before them, unless the same actions disable it for a while.
    """
    order = sorted(zip(ranks(actions), range(len(actions)), strict=True))
    return [actions[position] for _, position in order]


def ranks(actions: Sequence[rendering.WatcherAction]) -> list[int]:
    """Return the rank of each action, the first to run the lowest."""
    nodes = _Nodes.of(actions)
    return [_rank(action, nodes) for action in actions]


@dataclasses.dataclass(frozen=True)
class _Nodes:
    receiving: frozenset[str | None]
    disabled: frozenset[str | None]

    @classmethod
    def of(cls, actions: Sequence[rendering.WatcherAction]) -> _Nodes:
        every = [action['input_parameters'] for action in actions]
        return cls(
            frozenset(given.get('destination_node') for given in every),
            frozenset(
                given.get('resource_id')
                for given in every
                if given.get('state') == records.DISABLED
            ),
        )


def _rank(action: rendering.WatcherAction, nodes: _Nodes) -> int:
    kind = action['action_type']
    given = action['input_parameters']
    if kind == rendering.CHANGE_SERVICE:
        if given.get('state') == records.DISABLED:
            late = given.get('resource_name') in nodes.receiving
            return LATE if late else DISABLE
        return LATE if given.get('resource_id') in nodes.disabled else ENABLE
    if kind == POWER:
        return BEFORE_ALL if given.get('state') == 'on' else AFTER_ALL
    return RANKS.get(kind, OTHER)
