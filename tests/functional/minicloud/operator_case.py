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

"""A test that works as an operator does: with the command line."""

from __future__ import annotations

import json

from typing import Any

from tests.functional.minicloud import base
from tests.functional.minicloud import command_line


STRATEGIES = {
    'rearrange_combined': 'cloud_rearrangement',
    'rearrange_consolidate': 'cloud_consolidation',
    'rearrange_defragment': 'cloud_consolidation',
    'rearrange_evacuate': 'cloud_evacuation',
    'rearrange_optimize': 'cloud_rearrangement',
    'rearrange_policy': 'cloud_rearrangement',
    'rearrange_rebalance': 'cloud_rebalancing',
}


class OperatorTestCase(base.CloudTestCase):
    """See the module."""

    def setUp(self) -> None:
        """Open a command line."""
        super().setUp()
        self.openstack = command_line.CommandLine(self.cloud.layout)

    def audit(
        self, strategy: str, *words: str, **parameters: Any
    ) -> command_line.Row:
        """Run a one-shot audit that succeeds and return its plan.

        :param words: more of the command
        """
        audit = self.openstack.audit(
            *chosen(strategy), *words, *given(parameters)
        )
        self.assertEqual('SUCCEEDED', audit['State'], audit['Status Message'])
        return self.openstack.plan(audit['UUID'])

    def apply(
        self, plan: command_line.Row, ends: str = 'SUCCEEDED'
    ) -> command_line.Row:
        """Start a plan, wait for its end and ask Nova whether it is true."""
        ended = self.openstack.apply(plan['UUID'])
        self.assertEqual(ends, ended['State'], ended['Status Message'])
        self.assert_clean()
        return ended

    def stop(self, *uuids: str) -> None:
        """Stop instances."""
        for uuid in uuids:
            self.connection.compute.stop_server(uuid)
        self.tenant.wait(uuids, {'SHUTOFF'})


def chosen(strategy: str) -> list[str]:
    """Return the options for a strategy and its goal."""
    return ['-g', STRATEGIES[strategy], '-s', strategy]


def given(parameters: dict[str, Any]) -> list[str]:
    """Return the options for parameters."""
    return [
        word
        for name, value in parameters.items()
        for word in ('-p', f'{name}={json.dumps(value)}')
    ]
