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

"""Random parameters of an audit for each of our strategies."""

from __future__ import annotations

import random

from collections.abc import Sequence
from typing import Any


Parameters = dict[str, Any]

STRATEGIES = (
    'rearrange_rebalance',
    'rearrange_consolidate',
    'rearrange_evacuate',
    'rearrange_defragment',
    'rearrange_combined',
    'rearrange_optimize',
)
# The search is as long as a small cloud needs, and the plan the best of it.
TIME_LIMIT_S = 20

# As the tenant of the minicloud names flavors: VCPU, MiB, GiB.
LARGE_FLAVOR = '8-16384-60'
FLAVOR = '4-8192-40'

OBJECTIVES: tuple[list[list[dict[str, Any]]], ...] = (
    [
        [{'name': 'soft_threshold', 'utilization_pct': {'MEMORY_MB': 80}}],
        [
            {'name': 'imbalance', 'measure': 'spread', 'enough': 10},
            {'name': 'migrations', 'weight': 0.1},
        ],
        [{'name': 'moved_gb'}],
    ],
    [[{'name': 'active_nodes'}], [{'name': 'migrations'}]],
    [
        [{'name': 'fragmentation', 'flavors': {LARGE_FLAVOR: {}}}],
        [{'name': 'migrations'}],
    ],
    [
        [{'name': 'headroom', 'free': {'VCPU': 4, 'MEMORY_MB': 4096}}],
        [{'name': 'instance_count', 'enough': 3}],
    ],
    [[{'name': 'proportion'}, {'name': 'migrations', 'weight': 0.5}]],
)


def draw(
    strategy: str, dice: random.Random, nodes: Sequence[str]
) -> Parameters:
    """Return parameters.

    :param nodes: hostnames that are up and enabled
    """
    own = {
        'rearrange_rebalance': _rebalance,
        'rearrange_consolidate': _consolidate,
        'rearrange_evacuate': _evacuate,
        'rearrange_defragment': _defragment,
        'rearrange_combined': _combined,
        'rearrange_optimize': _optimize,
    }[strategy](dice, nodes)
    if strategy != 'rearrange_evacuate' and dice.random() < 0.25:
        own['max_migrations'] = dice.choice((1, 2)) * max(5, len(nodes))
    return {
        **own,
        'max_outgoing': dice.choice((1, 1, 2)),
        'max_parallel': dice.choice((0, 0, 4)),
        'path_cost': dice.choice(('migrations', 'memory')),
        'move_locked': dice.random() < 0.2,
        'time_limit_s': TIME_LIMIT_S,
    }


def _rebalance(dice: random.Random, nodes: Sequence[str]) -> Parameters:
    return {
        'threshold_pct': dice.choice((3, 5, 10)),
        'measure': dice.choice(('standard_deviation', 'maximum', 'spread')),
        'dimensions': dice.choice(
            (
                ['VCPU', 'MEMORY_MB'],
                ['MEMORY_MB'],
                ['VCPU', 'MEMORY_MB', 'DISK_GB'],
            )
        ),
    }


def _consolidate(dice: random.Random, nodes: Sequence[str]) -> Parameters:
    return {
        'spare_nodes': dice.choice((0, 1, 2)),
        'disable_freed_nodes': dice.random() < 0.6,
        'max_utilization_pct': dice.choice(({}, {'MEMORY_MB': 90})),
        'node_costs': dice.choice(({}, {}, {nodes[0]: 450, '*': 300})),
        'max_freed_nodes': dice.choice((0, 0, max(2, len(nodes) // 8))),
    }


def _evacuate(dice: random.Random, nodes: Sequence[str]) -> Parameters:
    return {
        'nodes': sorted(dice.sample(nodes, dice.choice((1, 1, 2)))),
        'disable_nodes': dice.random() < 0.8,
        'all_or_nothing': dice.random() < 0.2,
    }


def _defragment(dice: random.Random, nodes: Sequence[str]) -> Parameters:
    return {
        'flavors': dice.choice(
            (
                {LARGE_FLAVOR: 0},
                {LARGE_FLAVOR: dice.choice((2, 3, 4))},
                {FLAVOR: dice.choice((4, 8))},
                {'huge': {'VCPU': 12, 'MEMORY_MB': 20480, 'count': 1}},
            )
        )
    }


def _combined(dice: random.Random, nodes: Sequence[str]) -> Parameters:
    evacuate = {
        'strategy': 'evacuate',
        'parameters': {'nodes': [dice.choice(nodes)]},
    }
    consolidate = {
        'strategy': 'consolidate',
        'parameters': {'spare_nodes': dice.choice((1, 2))},
    }
    rebalance = {
        'strategy': 'rebalance',
        'parameters': {'threshold_pct': dice.choice((5, 10))},
    }
    return {
        'stages': dice.choice(
            (
                [evacuate, consolidate, rebalance],
                [evacuate, rebalance],
                [consolidate, rebalance],
            )
        )
    }


def _optimize(dice: random.Random, nodes: Sequence[str]) -> Parameters:
    objectives = dice.choice((None, *OBJECTIVES))
    return {'objectives': objectives} if objectives else {}
