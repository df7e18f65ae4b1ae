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

"""The strategies by name, with the schema of their parameters."""

from __future__ import annotations

import copy
import dataclasses

from collections.abc import Mapping

from watcher_rearrange.model import errors
from watcher_rearrange.policies import combined
from watcher_rearrange.policies import consolidate
from watcher_rearrange.policies import defragment
from watcher_rearrange.policies import evacuate
from watcher_rearrange.policies import optimize
from watcher_rearrange.policies import rebalance
from watcher_rearrange.policies import repair
from watcher_rearrange.policies import schema as schemas


Policy = (
    rebalance.RebalancePolicy
    | consolidate.ConsolidatePolicy
    | evacuate.EvacuatePolicy
    | combined.CombinedPolicy
    | defragment.DefragmentPolicy
    | optimize.OptimizePolicy
    | repair.RepairPolicy
)

PREFIX = 'rearrange_'


@dataclasses.dataclass(frozen=True)
class StrategyParameters:
    """A strategy's name, its schema and the policy that it makes."""

    name: str
    schema: schemas.Schema
    policy: (
        type[rebalance.RebalancePolicy]
        | type[consolidate.ConsolidatePolicy]
        | type[evacuate.EvacuatePolicy]
        | type[combined.CombinedPolicy]
        | type[defragment.DefragmentPolicy]
        | type[optimize.OptimizePolicy]
        | type[repair.RepairPolicy]
    )


STRATEGIES: dict[str, StrategyParameters] = {
    strategy.name: strategy
    for strategy in (
        StrategyParameters(
            'rearrange_rebalance', rebalance.SCHEMA, rebalance.RebalancePolicy
        ),
        StrategyParameters(
            'rearrange_consolidate',
            consolidate.SCHEMA,
            consolidate.ConsolidatePolicy,
        ),
        StrategyParameters(
            'rearrange_evacuate', evacuate.SCHEMA, evacuate.EvacuatePolicy
        ),
        StrategyParameters(
            'rearrange_combined', combined.SCHEMA, combined.CombinedPolicy
        ),
        StrategyParameters(
            'rearrange_defragment',
            defragment.SCHEMA,
            defragment.DefragmentPolicy,
        ),
        StrategyParameters(
            'rearrange_optimize', optimize.SCHEMA, optimize.OptimizePolicy
        ),
        StrategyParameters(
            'rearrange_policy', repair.SCHEMA, repair.RepairPolicy
        ),
    )
}


def find(name: str) -> StrategyParameters:
    """Return a strategy by its name, with or without the prefix.

    :raises BadInput: for an unknown name
    """
    full = name if name.startswith(PREFIX) else PREFIX + name
    if full not in STRATEGIES:
        known = ', '.join(STRATEGIES)
        raise errors.BadInput([f'{name!r} is not a strategy; known: {known}'])
    return STRATEGIES[full]


def schema(name: str) -> schemas.Schema:
    """Return a copy of the JSON schema of a strategy's parameters."""
    return copy.deepcopy(find(name).schema)


def policy(name: str, given: Mapping[str, object]) -> Policy:
    """Return the policy that a strategy's parameters ask for.

    :raises BadInput: with every problem of the name and the parameters
    """
    return find(name).policy.of(given)
