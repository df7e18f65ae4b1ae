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

"""Whether a service can be disabled while a migration enters its node."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator

from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.graph import bits
from watcher_rearrange.checker.occupancy import not_receiving
from watcher_rearrange.checker.simulator import Path
from watcher_rearrange.checker.violation import Violation


def check_services(cluster: Cluster, path: Path) -> Iterator[Violation]:
    """Every way to find the destination's service disabled, exactly.

    A service that is disabled at the start is enabled before the move. Each
    action that disables it waits for the move, or is undone by one that waits
    for it and that the move waits for. If not, some order runs the disabling
    right before the move.
    """
    enables = _by_node(path, 'enable_service')
    disables = _by_node(path, 'disable_service')
    for i, action in enumerate(path.actions):
        if not action.migrates:
            continue
        node = action.destination
        found = not_receiving(action.instance, node)
        undone = path.graph.ancestors[i] & enables.get(node, 0)
        if not (cluster.nodes[node].enabled or undone):
            when = f'action {action.id} waits for no enable_service'
            yield dataclasses.replace(found, when=when)
        for disable in bits(disables.get(node, 0)):
            if not _harmless(path, i, disable, undone):
                name = path.actions[disable].id
                when = f'action {name} starts before action {action.id} ends'
                yield dataclasses.replace(found, when=when)


def _harmless(path: Path, move: int, disable: int, undone: int) -> bool:
    before = path.graph.before
    return before(move, disable) or any(
        before(disable, enable) for enable in bits(undone)
    )


def _by_node(path: Path, kind: str) -> dict[str, int]:
    """A bit for each action of the kind, by node."""
    positions: dict[str, int] = {}
    for i, action in enumerate(path.actions):
        if action.type == kind:
            positions[action.node] = positions.get(action.node, 0) | 1 << i
    return positions
