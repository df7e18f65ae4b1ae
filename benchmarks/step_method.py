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

"""Our method in the contest's model: the package's path, packed into steps."""

from __future__ import annotations

import random
import time

import numpy as np

from benchmarks import step_packing
from benchmarks.step_model import Cloud
from benchmarks.step_model import Move
from benchmarks.step_model import Steps
from benchmarks.step_model import product
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.displacement import Displacement
from watcher_rearrange.path.walk import Walk


def solve(cloud: Cloud, tries: int, limit_s: float, seed: int) -> Steps | None:
    """Return the best steps of some tries, None if none comes to an end.

    :param limit_s: no other try is begun after half of it; one that is
        under way is improved until it is over, and for a second at least
    """
    rules = _rules(cloud)
    rng = random.Random(seed)
    began = time.process_time()
    best: Steps | None = None
    for number in range(tries):
        if best and time.process_time() > began + limit_s / 2:
            break
        dice = random.Random(f'{seed} {number}') if number else None
        path = _path(cloud, rules, dice)
        if path is None:
            continue
        steps = step_packing.pack(cloud, path, dice)
        deadline = max(began + limit_s, time.process_time() + 1.0)
        steps = step_packing.improve(cloud, steps, rng, deadline)
        if best is None or product(cloud, steps) < product(cloud, best):
            best = steps
        if product(cloud, best) <= cloud.fewest_steps * cloud.least_gb:
            break
    return best


def _path(
    cloud: Cloud, rules: Rules, dice: random.Random | None
) -> list[Move] | None:
    weight = np.maximum(1, rules.cluster.memory_mb)
    start = Placement(rules.cluster)
    walk = Walk(rules, start, np.array(cloud.goal), weight)
    walk.settle(sorted(walk.pending))
    displacement = Displacement(walk, dice=dice)
    while walk.pending:
        if not displacement.step():
            return None
    return [(m.source, m.destination, m.instance) for m in walk.path().moves]


def _rules(cloud: Cloud) -> Rules:
    nodes = tuple(
        records.ComputeNode(
            f'server{k}',
            {
                'VCPU': records.Inventory(cores),
                'MEMORY_MB': records.Inventory(memory_gb),
            },
        )
        for k, (cores, memory_gb) in enumerate(cloud.room)
    )
    # Only compared, so that GB do as well as MB.
    instances = tuple(
        records.Instance(
            f'vm{k}',
            f'server{cloud.start[k]}',
            {'VCPU': cores, 'MEMORY_MB': memory_gb},
        )
        for k, (cores, memory_gb) in enumerate(cloud.need)
    )
    cluster = Cluster.from_snapshot(records.Snapshot(nodes, instances))
    return Rules(cluster, MoveOptions())
