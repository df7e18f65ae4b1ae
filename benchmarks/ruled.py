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

"""What rules cost: the same cluster planned with and without them.

``python -m benchmarks.ruled`` has 500 server groups and 30 aggregates, to
one of which every fifth instance is bound by its flavor, on 1,000 nodes with
15 instances each. Every rule holds at the start. The times are of the
processor, all processes together.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import resource

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from benchmarks import tables
from watcher_rearrange.checker import check_plan
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model import records
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot import writer


INSTANCES_PER_NODE = 15
GROUPS = 500
AGGREGATES = 30
BOUND_RATIO = 0.2
SCOPE = 'aggregate_instance_extra_specs:pool'
INTERLEAVINGS = 5

PARAMETERS: dict[str, dict[str, Any]] = {
    'rebalance': {},
    'consolidate': {'spare_nodes': 0},
}


def cluster(nodes: int, seed: int) -> records.Snapshot:
    """Return a cluster of equal nodes with all rules."""
    spec = generator.GenerateSpec(
        nodes=nodes,
        seed=seed,
        instances_per_node=INSTANCES_PER_NODE,
        groups=GROUPS * nodes // 1000,
    )
    snapshot = generator.generate(spec)
    pool_of = {
        node.hostname: f'pool{number % AGGREGATES}'
        for number, node in enumerate(snapshot.compute_nodes)
    }
    dice = random.Random(f'{seed} pools')
    return dataclasses.replace(
        snapshot,
        instances=tuple(
            dataclasses.replace(
                one, flavor_extra_specs={SCOPE: pool_of[one.host]}
            )
            if dice.random() < BOUND_RATIO
            else one
            for one in snapshot.instances
        ),
        aggregates=tuple(
            records.Aggregate(
                name,
                tuple(host for host, pool in pool_of.items() if pool == name),
                {'pool': name},
            )
            for name in sorted(set(pool_of.values()))
        ),
    )


def without(snapshot: records.Snapshot) -> records.Snapshot:
    """Return the cluster without its rules."""
    return dataclasses.replace(
        snapshot,
        instances=tuple(
            dataclasses.replace(one, flavor_extra_specs={})
            for one in snapshot.instances
        ),
        server_groups=(),
        aggregates=(),
    )


def measured(
    snapshot: records.Snapshot, strategy: str, limit_s: float
) -> tuple[plans.Plan, float]:
    """Return a plan, and the seconds of processor time that it took."""
    parameters = {**PARAMETERS[strategy], 'time_limit_s': limit_s}
    return timed(lambda: pipeline.plan(snapshot, strategy, parameters))


def timed(make: Callable[[], plans.Plan]) -> tuple[plans.Plan, float]:
    """Return a plan, and the seconds of processor time that it took."""
    began = _cpu_s()
    result = make()
    return result, _cpu_s() - began


def _cpu_s() -> float:
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(one.ru_utime + one.ru_stime for one in used)


def rows(given: argparse.Namespace) -> Iterator[list[object]]:
    """Yield the cells of each row, a strategy and a seed in each."""
    for strategy in given.strategies:
        for seed in given.seeds:
            ruled = cluster(given.nodes, seed)
            base, base_s = measured(without(ruled), strategy, given.limit)
            made, made_s = measured(ruled, strategy, given.limit)
            report = check_plan(
                writer.snapshot_document(ruled),
                writer.plan_document(made),
                interleavings=INTERLEAVINGS,
            )
            yield [
                strategy,
                seed,
                base.path.migrations,
                made.path.migrations,
                f'{base.objectives[0].after:g}',
                f'{made.objectives[0].after:g}',
                f'{base_s:.1f}',
                f'{made_s:.1f}',
                f'{made_s / base_s:.2f}',
                len(report.violations),
            ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--nodes', type=int, default=1000)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--limit', type=float, default=120.0, help='s')
    parser.add_argument('--strategies', nargs='+', default=sorted(PARAMETERS))
    header = (
        'Strategy, Seed, Migrations, with rules, Objective, with rules, '
        'CPU s, with rules, Ratio, Violations'
    )
    tables.print_csv(header, rows(parser.parse_args(arguments)))


if __name__ == '__main__':
    main()
