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

"""Evacuate: free the named nodes, spreading what was on them."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping

from watcher_rearrange.policies import schema
from watcher_rearrange.policies.common import CommonPolicy
from watcher_rearrange.policies.common import common


SCHEMA = schema.schema(
    {
        'nodes': {
            'description': 'Hostnames of the compute nodes to free.',
            'type': 'array',
            'items': {'type': 'string', 'minLength': 1},
            'uniqueItems': True,
            'default': [],
        },
        'disable_nodes': {
            'description': (
                'Disable the compute services of these nodes first, so that '
                'nothing new is placed there. They stay disabled.'
            ),
            'type': 'boolean',
            'default': True,
        },
        'allow_cold': {
            'description': 'Migrate stopped instances, which is cold.',
            'type': 'boolean',
            'default': True,
        },
        'all_or_nothing': {
            'description': (
                'Move nothing unless every one of the nodes can be freed.'
            ),
            'type': 'boolean',
            'default': False,
        },
    }
)


@dataclasses.dataclass(frozen=True)
class EvacuatePolicy(CommonPolicy):
    """The parameters of an evacuation.

    :ivar nodes: hostnames
    """

    nodes: tuple[str, ...]
    disable_nodes: bool
    all_or_nothing: bool

    @classmethod
    def of(cls, given: Mapping[str, object]) -> EvacuatePolicy:
        """Check the parameters and fill in the defaults.

        :raises BadInput: with every problem
        """
        full = schema.complete(SCHEMA, given)
        return cls(
            nodes=tuple(full['nodes']),
            disable_nodes=full['disable_nodes'],
            all_or_nothing=full['all_or_nothing'],
            **common(
                full,
                allow_cold=full['allow_cold'],
                named_nodes=frozenset(full['nodes']),
            ),
        )
