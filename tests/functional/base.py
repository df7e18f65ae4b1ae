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

"""A real Watcher over a small strict cloud, for every functional test."""

from __future__ import annotations

import unittest

from collections.abc import Mapping
from typing import Any

from tests.embedded.client import Client
from tests.embedded.cloud import Cloud
from tests.embedded.control_plane import ControlPlane


Record = dict[str, Any]

MIGRATION_S = 0.1

GOALS = {
    'rearrange_evacuate': 'cloud_evacuation',
    'rearrange_consolidate': 'cloud_consolidation',
    'rearrange_rebalance': 'cloud_rebalancing',
    'rearrange_optimize': 'cloud_rearrangement',
}


def node(name: str, memory_mb: int = 8192, **fields: Any) -> Record:
    """Return a compute node document, of 16 VCPU and 100 GB."""
    return {
        'hostname': name,
        'uuid': f'00000000-0000-4000-8000-{int(name[3:]):012d}',
        'inventories': {
            'VCPU': {'total': 16},
            'MEMORY_MB': {'total': memory_mb},
            'DISK_GB': {'total': 100},
        },
        **fields,
    }


def instance(number: int, host: str, memory_mb: int, **fields: Any) -> Record:
    """Return an instance document, of 1 VCPU."""
    return {
        'uuid': f'00000000-0000-4000-9000-{number:012d}',
        'name': f'vm{number}',
        'host': host,
        'allocations': {'VCPU': 1, 'MEMORY_MB': memory_mb},
        **fields,
    }


def snapshot(nodes: list[Record], instances: list[Record]) -> Record:
    """Return a snapshot document."""
    return {'version': 1, 'compute_nodes': nodes, 'instances': instances}


class FunctionalTestCase(unittest.TestCase):
    """Starts Watcher over a cloud and drives it as an operator would."""

    def start(
        self,
        document: Record,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Start a cloud and a Watcher for this test."""
        self.cloud = Cloud(document, migration_s=MIGRATION_S)
        plane = ControlPlane(self.cloud, options=options)
        self.plane = self.enterContext(plane)
        self.client: Client = self.plane.client()

    def enterContext(self, cm: Any) -> Any:
        """Enter a context for this test; unittest has it from 3.11 on."""
        entered = cm.__enter__()
        self.addCleanup(cm.__exit__, None, None, None)
        return entered

    def audit(self, strategy: str, **fields: Any) -> Record:
        """Run an audit to its end and return it."""
        parameters = fields.pop('parameters', {})
        audit = self.client.create_audit(
            GOALS[strategy], strategy, parameters, **fields
        )
        return self.client.wait_audit(audit['uuid'])

    def plan(self, strategy: str, **parameters: Any) -> Record:
        """Run an audit that succeeds and return its action plan."""
        audit = self.audit(strategy, parameters=parameters)
        self.assertEqual('SUCCEEDED', audit['state'], audit)
        return self.client.plan_of(audit['uuid'])

    def apply(self, plan: Record) -> tuple[Record, dict[str, Record]]:
        """Approve a plan and wait for its end.

        :returns: the plan, and its actions by the name of what they are on
        """
        self.client.start(plan['uuid'])
        ended = self.client.wait_plan(plan['uuid'])
        return ended, self.actions(plan)

    def actions(self, plan: Record) -> dict[str, Record]:
        """Return the actions of a plan by the name of what they are on."""
        return {
            action['input_parameters']['resource_name']: action
            for action in self.client.actions(plan['uuid'])
        }

    def indicators(self, plan: Record) -> dict[str, float]:
        """Return the efficacy indicators of a plan by name."""
        return {i['name']: i['value'] for i in plan['efficacy_indicators']}

    def assert_clean(self) -> None:
        """Nothing was refused and nothing was overloaded."""
        self.assertEqual([], self.cloud.refusals)
        self.assertEqual([], self.cloud.overloads)

    def hosts(self) -> dict[str, str]:
        """Return where every instance is, by name."""
        return {
            i['name']: i['host'] for i in self.cloud.snapshot()['instances']
        }

    def service(self, host: str) -> Record:
        """Return a compute node of the cloud as it is now."""
        nodes = self.cloud.snapshot()['compute_nodes']
        return next(n for n in nodes if n['hostname'] == host)
