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

"""Rebalance: spread the load, with as few migrations as that takes."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping

from watcher_rearrange.objectives import imbalance
from watcher_rearrange.policies import schema
from watcher_rearrange.policies.common import CommonPolicy
from watcher_rearrange.policies.common import common
from watcher_rearrange.policies.common import extent


SCHEMA = schema.schema(
    {
        'dimensions': {
            'description': (
                'What to balance: resource classes (VCPU, MEMORY_MB, '
                'DISK_GB, ...) by what is allocated, or cpu_pct and '
                'memory_mb by what is measured.'
            ),
            'type': 'array',
            'items': {'type': 'string', 'minLength': 1},
            'minItems': 1,
            'uniqueItems': True,
            'default': ['VCPU', 'MEMORY_MB'],
        },
        'threshold_pct': {
            'description': (
                'Do nothing while the imbalance (standard deviation of the '
                'utilisation, in percentage points) is at most this, and '
                'reach it with as few migrations as that takes.'
            ),
            'type': 'number',
            'minimum': 0,
            'maximum': 100,
            'default': 5.0,
        },
        'measure': {
            'description': (
                'What the imbalance is: standard_deviation of the '
                'utilisation; maximum, how far the fullest node is above '
                'the mean; or spread, how far it is above the emptiest '
                'node. Of several dimensions the weighted mean.'
            ),
            'type': 'string',
            'enum': list(imbalance.MEASURES),
            'default': imbalance.STANDARD_DEVIATION,
        },
        'weights': {
            'description': (
                'How much a dimension counts, by name; 1 if it is not named.'
            ),
            'type': 'object',
            'additionalProperties': {
                'type': 'number',
                'minimum': 0,
                'exclusiveMinimum': True,
            },
            'default': {},
        },
        **schema.EXTENT,
    }
)


@dataclasses.dataclass(frozen=True)
class RebalancePolicy(CommonPolicy):
    """The parameters of a rebalancing.

    :ivar measure: one of ``objectives.imbalance.MEASURES``
    :ivar weights: of dimensions by name
    """

    dimensions: tuple[str, ...]
    threshold_pct: float
    measure: str
    weights: Mapping[str, float]

    @classmethod
    def of(cls, given: Mapping[str, object]) -> RebalancePolicy:
        """Check the parameters and fill in the defaults.

        :raises BadInput: with every problem
        """
        full = schema.complete(SCHEMA, given)
        return cls(
            dimensions=tuple(full['dimensions']),
            threshold_pct=float(full['threshold_pct']),
            measure=full['measure'],
            weights=dict(full['weights']),
            **common(full),
            **extent(full),
        )
