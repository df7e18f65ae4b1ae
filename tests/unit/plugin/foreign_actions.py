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

"""Actions of strategies that bring no plan, and their arrangement."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.plugin import builders
from watcher_rearrange.plugin import foreign
from watcher_rearrange.plugin import weaving
from watcher_rearrange.plugin.rendering import WatcherAction


def migrate(
    name: str, source: str, destination: str | None, kind: str = 'live'
) -> WatcherAction:
    return {
        'action_type': 'migrate',
        'input_parameters': {
            'resource_id': builders.uuid_of(name),
            'resource_name': name,
            'migration_type': kind,
            'source_node': source,
            'destination_node': destination,
        },
    }


def service(host: str, state: str) -> WatcherAction:
    return {
        'action_type': 'change_nova_service_state',
        'input_parameters': {
            'resource_id': builders.uuid_of(host),
            'resource_name': host,
            'state': state,
        },
    }


def other(kind: str, name: str = '', **given: Any) -> WatcherAction:
    if name:
        given['resource_id'] = builders.uuid_of(name)
    return {'action_type': kind, 'input_parameters': given}


class Strategy:
    """Has a model of nodes with 8 GB, and instances by node."""

    name = 'somebody_elses'

    def __init__(
        self,
        instances: dict[str, dict[str, int]],
        states: dict[str, str] | None = None,
        closed: tuple[str, ...] = (),
    ) -> None:
        self.compute_model = builders.model(
            [
                builders.node_element(
                    host,
                    memory=8192,
                    memory_mb_reserved=0,
                    status='disabled' if host in closed else 'enabled',
                )
                for host in instances
            ],
            {
                host: [
                    builders.instance_element(
                        name,
                        memory=gb * 1024,
                        state=(states or {}).get(name, 'active'),
                    )
                    for name, gb in those.items()
                ]
                for host, those in instances.items()
            },
        )


SWAP = {'cmp1': {'a': 8}, 'cmp2': {'b': 8}, 'cmp3': {}}
ROOMY = {'cmp1': {'a': 2}, 'cmp2': {'b': 2}, 'cmp3': {}}


def words(step: weaving.Step) -> str:
    """A step in a few words."""
    given = step.action['input_parameters']
    if step.action['action_type'] == 'migrate':
        return (
            f'{given["resource_name"]} {given["source_node"]} '
            f'{given["destination_node"]}'
        )
    if 'state' in given:
        return f'{given["resource_name"]} {given["state"]}'
    return str(step.action['action_type'])


class ForeignTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        builders.trust_the_model(self)

    def arrange(
        self, strategy: Any, *actions: WatcherAction
    ) -> weaving.Arrangement:
        found = foreign.arrange(actions, strategy)
        for number, step in enumerate(found.steps):
            for waited in (*step.needs, *step.after):
                self.assertLess(waited, number)
        return found

    def order(self, found: weaving.Arrangement) -> list[str]:
        return [words(step) for step in found.steps]

    def waits(self, found: weaving.Arrangement, text: str) -> set[str]:
        """What a step waits for, directly or not."""
        (number,) = [
            k for k, step in enumerate(found.steps) if words(step) == text
        ]
        seen: set[int] = set()
        queue = [number]
        while queue:
            step = found.steps[queue.pop()]
            behind = {*step.needs, *step.after} - seen
            seen |= behind
            queue += behind
        return {words(found.steps[k]) for k in seen}
