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

"""Combined: several strategies on one cluster, as one plan."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from typing import Any

from watcher_rearrange.model import errors
from watcher_rearrange.policies import schema
from watcher_rearrange.policies.common import CommonPolicy
from watcher_rearrange.policies.common import common
from watcher_rearrange.policies.common import extent
from watcher_rearrange.policies.consolidate import ConsolidatePolicy
from watcher_rearrange.policies.evacuate import EvacuatePolicy
from watcher_rearrange.policies.rebalance import RebalancePolicy
from watcher_rearrange.policies.repair import RepairPolicy


StagePolicy = (
    EvacuatePolicy | RepairPolicy | ConsolidatePolicy | RebalancePolicy
)

REPAIR = 'policy'

# In the order in which none undoes another: what is rebalanced first would
# not be after a consolidation.
STAGES: dict[str, type[StagePolicy]] = {
    'evacuate': EvacuatePolicy,
    REPAIR: RepairPolicy,
    'consolidate': ConsolidatePolicy,
    'rebalance': RebalancePolicy,
}

SHARED = frozenset((*schema.COMMON, *schema.EXTENT))

SCHEMA = schema.schema(
    {
        'stages': {
            'description': (
                'What is done, in this order: evacuate, policy (mend '
                'what is broken), consolidate, rebalance, or some of them; '
                'with the parameters that only this strategy has.'
            ),
            'type': 'array',
            'items': schema.record(
                {
                    'strategy': {'type': 'string', 'enum': list(STAGES)},
                    'parameters': {'type': 'object'},
                },
                required=['strategy'],
            ),
            'default': [
                {'strategy': 'consolidate'},
                {'strategy': 'rebalance'},
            ],
        },
        **schema.EXTENT,
    }
)


@dataclasses.dataclass(frozen=True)
class CombinedPolicy(CommonPolicy):
    """The parameters of a combination.

    :ivar stages: by name, in their order
    """

    stages: Mapping[str, StagePolicy]

    @classmethod
    def of(cls, given: Mapping[str, object]) -> CombinedPolicy:
        """Check the parameters and fill in the defaults.

        :raises BadInput: with every problem, those of all stages too
        """
        full = schema.complete(SCHEMA, given)
        stages = _stages(full)
        moves = [stage.options for stage in stages.values()]
        return cls(
            stages=stages,
            **common(
                full,
                allow_cold=all(options.allow_cold for options in moves),
                named_nodes=frozenset().union(
                    *(options.named_nodes for options in moves)
                ),
            ),
            **extent(full),
        )


def _stages(full: Mapping[str, Any]) -> dict[str, StagePolicy]:
    names = [stage['strategy'] for stage in full['stages']]
    problems = []
    if not names:
        problems.append('stages: name at least one')
    if names != [name for name in STAGES if name in names]:
        wanted = ', '.join(STAGES)
        problems.append(
            f'stages: {", ".join(names)}: each at most once, in the order '
            f'{wanted}, or a later one would undo an earlier one'
        )
    shared = {name: full[name] for name in schema.COMMON}
    stages = {}
    for k, stage in enumerate(full['stages']):
        name, own = stage['strategy'], stage.get('parameters', {})
        place = f'stages[{k}].parameters'
        problems += [
            f'{place}.{twice}: say it once, beside the stages'
            for twice in sorted(SHARED & own.keys())
        ]
        own = {key: own[key] for key in own if key not in SHARED}
        try:
            stages[name] = STAGES[name].of({**shared, **own})
        except errors.BadInput as error:
            problems += [f'{place}.{problem}' for problem in error.problems]
    if problems:
        raise errors.BadInput(problems)
    return stages
