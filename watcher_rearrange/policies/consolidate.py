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

"""Consolidate: empty as many nodes as possible, the cheapest first."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping

from watcher_rearrange.policies import schema
from watcher_rearrange.policies.common import CommonPolicy
from watcher_rearrange.policies.common import common
from watcher_rearrange.policies.common import extent


MAX_UTILIZATION_PCT: schema.Schema = {
    'description': (
        'Headroom: how full a node may be filled, in percent of its '
        'capacity, per resource class, for instance '
        '{"VCPU": 80, "MEMORY_MB": 90}; other classes to 100.'
    ),
    'type': 'object',
    'additionalProperties': {'type': 'number', 'minimum': 0, 'maximum': 100},
    'default': {},
}

SCHEMA = schema.schema(
    {
        'max_utilization_pct': MAX_UTILIZATION_PCT,
        'spare_nodes': {
            'description': (
                'How many empty nodes stay enabled for new instances.'
            ),
            'type': 'integer',
            'minimum': 0,
            'default': 1,
        },
        'disable_freed_nodes': {
            'description': (
                'Disable the compute service of the nodes that were freed, '
                'but for the spare ones.'
            ),
            'type': 'boolean',
            'default': True,
        },
        'node_costs': {
            'description': (
                'What a node in use costs, for instance its power in watts, '
                'by hostname or pattern, for instance {"old-*": 450, '
                '"new-*": 300}; the first pattern that fits counts, and a '
                'node that none fits costs as much as the others on '
                'average. The total is minimised instead of the number of '
                'nodes.'
            ),
            'type': 'object',
            'additionalProperties': {'type': 'number', 'minimum': 0},
            'default': {},
        },
        'max_freed_nodes': {
            'description': (
                'Free at most so many nodes, and with the fewest '
                'migrations; 0 means as many as possible. It has no effect '
                'together with node_costs.'
            ),
            'type': 'integer',
            'minimum': 0,
            'default': 0,
        },
        **schema.EXTENT,
    }
)


@dataclasses.dataclass(frozen=True)
class ConsolidatePolicy(CommonPolicy):
    """The parameters of a consolidation.

    :ivar max_utilization_pct: by resource class
    :ivar node_costs: by hostname or pattern; empty if all cost the same
    :ivar max_freed_nodes: None for no limit
    """

    max_utilization_pct: Mapping[str, float]
    spare_nodes: int
    disable_freed_nodes: bool
    node_costs: Mapping[str, float]
    max_freed_nodes: int | None

    @classmethod
    def of(cls, given: Mapping[str, object]) -> ConsolidatePolicy:
        """Check the parameters and fill in the defaults.

        :raises BadInput: with every problem
        """
        full = schema.complete(SCHEMA, given)
        return cls(
            max_utilization_pct=full['max_utilization_pct'],
            spare_nodes=full['spare_nodes'],
            disable_freed_nodes=full['disable_freed_nodes'],
            node_costs=full['node_costs'],
            max_freed_nodes=full['max_freed_nodes'] or None,
            **common(full),
            **extent(full),
        )
