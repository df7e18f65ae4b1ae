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

"""The same question with exactly one thing relaxed."""

from __future__ import annotations

import dataclasses

from collections.abc import Iterable

from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.planning.question import Question


# What costs an operator least comes first.
UNLOCK, STATE, SERVICE, ROOM, TARGET = range(5)


@dataclasses.dataclass(frozen=True)
class Relaxation:
    """One thing that an operator could do, and what would be asked then.

    :ivar kind: which kind of thing, the cheapest kind first
    :ivar cost: orders those of a kind
    """

    kind: int
    cost: float
    text: str
    question: Question


def of_instances(
    question: Question, instances: Iterable[int]
) -> list[Relaxation]:
    """Let one of the instances move that stay, in the order given."""
    found = []
    for idx in instances:
        relaxed = _movable(question, idx)
        if (
            relaxed is not None
            and relaxed.question.rules.movability.movable[idx]
        ):
            found.append(relaxed)
    return found


def of_services(question: Question) -> list[Relaxation]:
    """Enable a compute service that is up but disabled."""
    found = []
    for number, node in enumerate(question.snapshot.compute_nodes):
        if node.status == records.ENABLED or node.state != records.UP:
            continue
        enabled = dataclasses.replace(
            node, status=records.ENABLED, disabled_reason=None
        )
        text = f'enable nova-compute on {node.hostname}'
        found.append(
            Relaxation(
                SERVICE, number, text, _with_node(question, number, enabled)
            )
        )
    return found


def of_targets(
    question: Question, instances: Iterable[int]
) -> list[Relaxation]:
    """Leave one of the instances where it is, in the order given."""
    found = []
    for idx in instances:
        uuid = question.snapshot.instances[idx].uuid
        placement = dict(question.target.placement)
        del placement[uuid]
        target = dataclasses.replace(question.target, placement=placement)
        found.append(
            Relaxation(
                TARGET,
                float(question.cluster.memory_mb[idx]),
                f'drop the target of {question.label(idx)}',
                dataclasses.replace(question, target=target),
            )
        )
    return found


def with_room(question: Question, node_idx: int, extra: Ints) -> Question:
    """Return the question with more room on a node.

    :param extra: int64[n_rc]
    """
    node = question.snapshot.compute_nodes[node_idx]
    capacity = question.cluster.capacity[node_idx] + extra
    inventories = {
        name: records.Inventory(int(amount), max_unit=_largest(node, name))
        for name, amount in zip(
            question.cluster.resource_classes, capacity, strict=True
        )
    }
    roomier = dataclasses.replace(node, inventories=inventories)
    return _with_node(question, node_idx, roomier)


def _largest(node: records.ComputeNode, name: str) -> int | None:
    found = node.inventories.get(name)
    return None if found is None else found.max_unit


def _movable(question: Question, idx: int) -> Relaxation | None:
    """What would let an instance move; None if nothing simple would."""
    instance = question.snapshot.instances[idx]
    label = instance.label
    cost = float(question.cluster.memory_mb[idx])

    def relaxed(kind: int, text: str, **change: object) -> Relaxation:
        return Relaxation(
            kind, cost, text, _with_instance(question, idx, **change)
        )

    if instance.excluded:
        text = f'take {label} out of the excluded instances'
        return relaxed(UNLOCK, text, excluded=False)
    if idx in question.cluster.migrating:
        text = f'wait for the migration of {label} to end'
        return Relaxation(
            UNLOCK, cost, text, _without_migrations(question, instance)
        )
    if instance.locked and not question.options.move_locked:
        return relaxed(UNLOCK, f'unlock {label}', locked=False)
    if instance.state == 'stopped' and not question.options.allow_cold:
        text = f'allow cold migration of {label}'
        return relaxed(STATE, text, state='active')
    if instance.state not in ('active', 'stopped'):
        return relaxed(STATE, f'start or stop {label}', state='active')
    return None


def _with_instance(question: Question, idx: int, **change: object) -> Question:
    instances = list(question.snapshot.instances)
    instances[idx] = dataclasses.replace(
        instances[idx],
        **change,  # type: ignore[arg-type]
    )
    snapshot = dataclasses.replace(
        question.snapshot, instances=tuple(instances)
    )
    return dataclasses.replace(question, snapshot=snapshot)


def _with_node(
    question: Question, number: int, node: records.ComputeNode
) -> Question:
    nodes = list(question.snapshot.compute_nodes)
    nodes[number] = node
    snapshot = dataclasses.replace(
        question.snapshot, compute_nodes=tuple(nodes)
    )
    return dataclasses.replace(question, snapshot=snapshot)


def _without_migrations(
    question: Question, instance: records.Instance
) -> Question:
    migrations = tuple(
        move
        for move in question.snapshot.migrations
        if move.instance != instance.uuid
    )
    snapshot = dataclasses.replace(question.snapshot, migrations=migrations)
    return dataclasses.replace(question, snapshot=snapshot)
