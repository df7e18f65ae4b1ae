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

"""Defragment: make room in one piece for instances of some flavors."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from typing import Any

from watcher_rearrange.policies import schema
from watcher_rearrange.policies.common import CommonPolicy
from watcher_rearrange.policies.common import common
from watcher_rearrange.policies.common import extent


_AMOUNT = {'type': 'integer', 'minimum': 0}
_TRAITS = {'type': 'array', 'items': {'type': 'string', 'minLength': 1}}

# The size of a flavor, what it needs of a node, and what one is worth.
AMOUNTS = {'^[A-Z][A-Z0-9_]*$': _AMOUNT}
SIZE = {
    'weight': {'type': 'number', 'minimum': 0.001, 'maximum': 1000000},
    'required_traits': _TRAITS,
    'forbidden_traits': _TRAITS,
}

SCHEMA = schema.schema(
    {
        'flavors': {
            'description': (
                'For how many instances of each flavor there must be room at '
                'the same time, for instance {"m1.xlarge": 12}; 0 for each '
                'means: for as many as possible. In place of the number, an '
                'object may give the size too, as {"count": 12, "VCPU": 8, '
                '"MEMORY_MB": 16384, "DISK_GB": 80}, with required_traits, '
                'forbidden_traits and, where the count is 0, the weight of '
                'one instance. Without a size, the flavor is looked up.'
            ),
            'type': 'object',
            'additionalProperties': {
                'anyOf': [
                    _AMOUNT,
                    schema.record({'count': _AMOUNT, **SIZE}, others=AMOUNTS),
                ]
            },
            'default': {},
        },
        **schema.EXTENT,
    }
)


@dataclasses.dataclass(frozen=True)
class FlavorWish:
    """What an audit says of one flavor.

    :ivar count: 0 for as many as possible
    :ivar allocations: by resource class; empty if it is to be looked up
    """

    name: str
    count: int = 0
    weight: float = 1.0
    allocations: Mapping[str, int] = dataclasses.field(default_factory=dict)
    required_traits: tuple[str, ...] = ()
    forbidden_traits: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, given: int | Mapping[str, Any]) -> FlavorWish:
        """Read one entry of the parameter."""
        if isinstance(given, int):
            return cls(name, given)
        return cls(
            name,
            count=given.get('count', 0),
            weight=float(given.get('weight', 1.0)),
            allocations={
                key: amount
                for key, amount in given.items()
                if key.isupper() and amount
            },
            required_traits=tuple(given.get('required_traits', ())),
            forbidden_traits=tuple(given.get('forbidden_traits', ())),
        )


@dataclasses.dataclass(frozen=True)
class DefragmentPolicy(CommonPolicy):
    """The parameters of a defragmentation."""

    flavors: tuple[FlavorWish, ...]

    @classmethod
    def of(cls, given: Mapping[str, object]) -> DefragmentPolicy:
        """Check the parameters and fill in the defaults.

        :raises BadInput: with every problem
        """
        full = schema.complete(SCHEMA, given)
        return cls(
            flavors=tuple(
                FlavorWish.of(name, wish)
                for name, wish in full['flavors'].items()
            ),
            **common(full),
            **extent(full),
        )
