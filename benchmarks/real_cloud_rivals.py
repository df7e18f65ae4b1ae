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

"""Watcher's own strategies on the scenarios of :mod:`.real_cloud`."""

from __future__ import annotations

from benchmarks import real_cloud_judge
from benchmarks import real_cloud_scenarios as scenarios


Methods = dict[str, list[real_cloud_judge.Step]]


def methods(scenario: scenarios.Scenario) -> Methods:
    """Return the strategies that aim at the same, each with its audits.

    A node is maintained at a time, so that two nodes take two audits.
    """
    step = real_cloud_judge.Step
    if scenario.strategy == 'rearrange_evacuate':
        return {
            'host_maintenance': [
                step('host_maintenance', {'maintenance_node': node})
                for node in scenario.parameters['nodes']
            ]
        }
    if scenario.strategy in ('rearrange_consolidate', 'rearrange_defragment'):
        return {
            name: [step(name, {})]
            for name in (
                'vm_workload_consolidation',
                'node_resource_consolidation',
            )
        }
    return {}
