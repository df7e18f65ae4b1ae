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

"""One act of the demonstration: a strategy with its parameters."""

from __future__ import annotations

import dataclasses

from typing import Any

from watcher_rearrange.policies import parameters


GOALS = {
    'rearrange_evacuate': 'cloud_evacuation',
    'rearrange_consolidate': 'cloud_consolidation',
    'rearrange_rebalance': 'cloud_rebalancing',
}

# Nodes that an evacuation frees unless it is told which.
EVACUATED_COUNT = 3


@dataclasses.dataclass(frozen=True)
class Act:
    """An audit that is to be created.

    :ivar given: its parameters
    """

    goal: str
    strategy: str
    given: dict[str, Any]

    @classmethod
    def of(cls, name: str, given: dict[str, Any]) -> Act:
        """Check the name and the parameters.

        :raises BadInput: with every problem
        """
        strategy = parameters.find(name)
        strategy.policy.of(given)
        return cls(GOALS[strategy.name], strategy.name, given)

    def parameters(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters for a cluster as it is now.

        :param document: a snapshot document
        """
        if self.goal == 'cloud_evacuation' and 'nodes' not in self.given:
            return {**self.given, 'nodes': _fullest(document)}
        return self.given


def _fullest(document: dict[str, Any]) -> list[str]:
    """Return the enabled nodes with the most instances."""
    count = {
        node['hostname']: 0
        for node in document['compute_nodes']
        if node.get('status', 'enabled') == 'enabled'
    }
    for instance in document['instances']:
        if instance['host'] in count:
            count[instance['host']] += 1
    return sorted(count, key=lambda host: (-count[host], host))[
        :EVACUATED_COUNT
    ]
