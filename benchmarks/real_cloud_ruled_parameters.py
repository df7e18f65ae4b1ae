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

"""Audits of scenarios with rules: as without, and with a policy."""

from __future__ import annotations

import random

from collections.abc import Sequence
from typing import Any

from benchmarks import real_cloud_parameters


POLICY = 'rearrange_policy'
RULES = ('fence', 'ban', 'spread', 'gather')
SHOULD_RATIO = 0.25
POLICY_RATIO = 0.4


def draw(
    strategy: str,
    dice: random.Random,
    nodes: Sequence[str],
    instances: Sequence[str],
) -> real_cloud_parameters.Parameters:
    """Return parameters; of other strategies some have a policy, too.

    :param nodes: hostnames that are up and enabled
    :param instances: names
    """
    if strategy == POLICY:
        parameters: dict[str, Any] = {
            'move_locked': dice.random() < 0.2,
            'max_outgoing': dice.choice((1, 1, 2)),
            'max_parallel': dice.choice((0, 0, 4)),
            'time_limit_s': real_cloud_parameters.TIME_LIMIT_S,
        }
    else:
        parameters = real_cloud_parameters.draw(strategy, dice, nodes)
    if 'stages' in parameters:
        stages = [{'strategy': 'policy'}, *parameters['stages']]
        # An evacuation comes first.
        stages.sort(key=lambda stage: stage['strategy'] != 'evacuate')
        parameters['stages'] = stages
    if strategy == POLICY or dice.random() < POLICY_RATIO:
        parameters['policy'] = {
            'version': 1,
            'rules': [
                _rule(f'rule{number}', dice, nodes, instances)
                for number in range(dice.randint(1, 3))
            ],
        }
    return parameters


def _rule(
    name: str,
    dice: random.Random,
    nodes: Sequence[str],
    instances: Sequence[str],
) -> dict[str, Any]:
    kind = dice.choice(RULES)
    fewest, most = {'gather': (2, 3), 'spread': (3, 6)}.get(kind, (2, 5))
    names = sorted(dice.sample(instances, dice.randint(fewest, most)))
    if kind == 'ban' and dice.random() < 0.5:
        names = [f'vm??{dice.randrange(10)}']
    rule: dict[str, Any] = {
        'name': name,
        'rule': kind,
        'instances': {'names': names},
    }
    if kind == 'fence':
        count = max(2, len(nodes) // 2)
        rule['nodes'] = {'names': sorted(dice.sample(nodes, count))}
    if kind == 'ban':
        rule['nodes'] = {'names': sorted(dice.sample(nodes, 2))}
    if kind == 'spread':
        rule['at_most'] = dice.choice((1, 2))
    if dice.random() < SHOULD_RATIO:
        rule['should'] = dice.choice((1, 5))
    return rule
