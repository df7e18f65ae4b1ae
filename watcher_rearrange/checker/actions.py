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

"""The actions of a plan as records, and what is wrong with their form."""

from __future__ import annotations

import math

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.report import Findings
from watcher_rearrange.checker.violation import Violation


MIGRATIONS = ('live_migrate', 'cold_migrate')
SERVICES = ('disable_service', 'enable_service')


@dataclass(frozen=True)
class Action:
    """One action; ``node`` is that of a service action.

    ``displacement`` is None where the plan does not say, ``starts_s`` when
    it starts if all goes as estimated: 0 where the plan does not say.
    """

    id: str
    type: str
    parents: tuple[str, ...] = ()
    instance: str = ''
    source: str = ''
    destination: str = ''
    node: str = ''
    displacement: bool | None = None
    starts_s: float = 0.0

    @property
    def migrates(self) -> bool:
        """Whether it moves an instance."""
        return self.type in MIGRATIONS


def read_actions(plan: dict[str, Any], findings: Findings) -> list[Action]:
    """The well-formed actions; findings gets what the others lack."""
    actions = []
    for number, data in enumerate(plan.get('actions') or (), start=1):
        wrong = list(_malformed(data, number))
        findings.add(wrong, f'number {number} of the list')
        if not wrong:
            actions.append(_action(data))
    return actions


def unreplayable(action: Action, cluster: Cluster) -> Iterator[Violation]:
    """An unknown instance or node, one node as both ends, an instance gone."""
    nodes: tuple[str, ...] = (action.node,)
    if action.migrates:
        nodes = (action.source, action.destination)
        if action.instance not in cluster.instances:
            yield Violation('unknown_instance', (action.instance,))
        if action.instance in cluster.released:
            yield Violation('release', (action.instance, action.id))
        if action.source == action.destination:
            things = (action.id, action.instance)
            yield Violation('same_node', things, action.source, 'another node')
    for node in nodes:
        if node not in cluster.nodes:
            yield Violation('unknown_node', (node,))


def _malformed(data: Any, number: int) -> Iterator[Violation]:
    """A missing or ill-typed key, an unknown type of action."""
    if not isinstance(data, dict):
        yield _wrong(str(number), type(data).__name__, 'an object')
        return
    name = str(data.get('id', number))
    kind = data.get('type')
    if kind not in MIGRATIONS + SERVICES:
        yield _wrong(name, f'type {kind}', ' or '.join(MIGRATIONS + SERVICES))
        return
    keys = ['node']
    if kind in MIGRATIONS:
        keys = ['instance', 'source', 'destination']
    for key in ('id', *keys):
        if not isinstance(data.get(key), str):
            yield _wrong(name, f'{key} {data.get(key)}', 'a text')
    starts_s = data.get('starts_s') or 0
    if not isinstance(starts_s, int | float) or not math.isfinite(starts_s):
        yield _wrong(name, f'starts_s {starts_s}', 'a number')
    parents = data.get('parents') or []
    if not isinstance(parents, list) or not all(
        isinstance(parent, str) for parent in parents
    ):
        yield _wrong(name, f'parents {parents}', 'a list of action ids')


def _wrong(action: str, current: str, needed: str) -> Violation:
    return Violation('malformed_action', (action,), current, needed)


def _action(data: dict[str, Any]) -> Action:
    # A parent named twice is one parent.
    parents = tuple(dict.fromkeys(data.get('parents') or ()))
    if data['type'] in SERVICES:
        return Action(data['id'], data['type'], parents, node=data['node'])
    return Action(
        id=data['id'],
        type=data['type'],
        parents=parents,
        instance=data['instance'],
        source=data['source'],
        destination=data['destination'],
        displacement=data.get('displacement'),
        starts_s=float(data.get('starts_s') or 0),
    )
