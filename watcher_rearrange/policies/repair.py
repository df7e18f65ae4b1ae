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

"""Policy: mend the rules that are broken, and nothing else."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping

from watcher_rearrange.policies import schema
from watcher_rearrange.policies.common import CommonPolicy
from watcher_rearrange.policies.common import common


SCHEMA = schema.schema(
    {
        'allow_cold': {
            'description': 'Migrate stopped instances, which is cold.',
            'type': 'boolean',
            'default': True,
        },
        'max_migrations': schema.EXTENT['max_migrations'],
    }
)


@dataclasses.dataclass(frozen=True)
class RepairPolicy(CommonPolicy):
    """The parameters of a repair."""

    @classmethod
    def of(cls, given: Mapping[str, object]) -> RepairPolicy:
        """Check the parameters and fill in the defaults.

        :raises BadInput: with every problem
        """
        full = schema.complete(SCHEMA, given)
        return cls(
            max_migrations=full['max_migrations'] or None,
            **common(full, allow_cold=full['allow_cold']),
        )
