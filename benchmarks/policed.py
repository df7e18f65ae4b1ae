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

"""What a policy of hundreds of rules costs, in time and in quality.

``python -m benchmarks.policed`` plans for 1,000 nodes with 15 instances each,
with and without a policy of 500 rules: each on an application of ten
instances, but for two limits on everybody. First nobody has cared for the
rules, so that many are broken, and ``rearrange_policy`` repairs them; the
others begin with what it leaves. The times are of the processor, all
processes together.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import random

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from benchmarks import ruled
from benchmarks import tables
from watcher_rearrange import checker
from watcher_rearrange.checker import policy as judge
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model import records
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.file import reading
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot import writer


ZONES = 4
RACK = 20
PER_RULE = 10

# How many of each hundred rules are of a kind.
SHARES: tuple[tuple[int, dict[str, Any]], ...] = (
    (50, {'rule': 'spread'}),
    (10, {'rule': 'spread', 'over': 'zone', 'at_most': 5}),
    (10, {'rule': 'near', 'over': {'aggregates': ['rack-*']}}),
    (2, {'rule': 'lonely'}),
    (5, {'rule': 'split', 'others': {'metadata': {'app': 'app-0'}}}),
    (10, {'rule': 'fence', 'nodes': {'zones': ['az0', 'az1']}}),
    (5, {'rule': 'ban', 'nodes': {'aggregates': ['rack-1*']}}),
    (8, {'rule': 'gather', 'should': 2}),
)
EVERYBODY = (
    {'rule': 'max_instances', 'nodes': {'zones': ['az0']}, 'at_most': 40},
    {'rule': 'max_instances', 'nodes': {'zones': ['az1']}, 'at_most': 30},
)

PARAMETERS: dict[str, dict[str, Any]] = {
    'combined': {
        'stages': [{'strategy': 'policy'}, {'strategy': 'rebalance'}]
    },
    'policy': {},
    'evacuate': {'nodes': 10},
    **ruled.PARAMETERS,
}


def cluster(nodes: int, rules: int, seed: int) -> records.Snapshot:
    """Return a cluster whose instances belong to applications."""
    spec = generator.GenerateSpec(
        nodes=nodes, seed=seed, instances_per_node=ruled.INSTANCES_PER_NODE
    )
    snapshot = generator.generate(spec)
    dice = random.Random(f'{seed} applications')
    of = dice.sample(range(len(snapshot.instances)), rules * PER_RULE)
    app_of = {one: f'app-{k // PER_RULE}' for k, one in enumerate(of)}
    hosts = [node.hostname for node in snapshot.compute_nodes]
    racks = [hosts[k : k + RACK] for k in range(0, len(hosts), RACK)]
    return dataclasses.replace(
        snapshot,
        compute_nodes=tuple(
            dataclasses.replace(node, availability_zone=f'az{k % ZONES}')
            for k, node in enumerate(snapshot.compute_nodes)
        ),
        instances=tuple(
            dataclasses.replace(one, metadata={'app': app_of.get(k, '')})
            for k, one in enumerate(snapshot.instances)
        ),
        aggregates=tuple(
            records.Aggregate(f'rack-{k}', tuple(rack), {})
            for k, rack in enumerate(racks)
        ),
    )


def policy(rules: int) -> dict[str, Any]:
    """Return a policy document, its kinds of rules mixed."""
    kinds = [kind for share, kind in SHARES for _ in range(share)]
    random.Random('kinds').shuffle(kinds)
    found = [
        {
            'name': f'rule-{k}',
            'instances': {'metadata': {'app': f'app-{k}'}},
            **kinds[k % len(kinds)],
        }
        for k in range(rules - len(EVERYBODY))
    ]
    found += [{'name': f'limit-{k}', **one} for k, one in enumerate(EVERYBODY)]
    return {'version': 1, 'rules': found}


def parameters(
    strategy: str, snapshot: records.Snapshot, limit_s: float
) -> dict[str, Any]:
    """Return those of a strategy on a cluster."""
    found = {**PARAMETERS[strategy], 'time_limit_s': limit_s}
    if 'nodes' in found:
        nodes = snapshot.compute_nodes[: found['nodes']]
        found['nodes'] = [node.hostname for node in nodes]
    return found


def repaired(snapshot: records.Snapshot, made: plans.Plan) -> records.Snapshot:
    """Return the cluster as a plan leaves it."""
    host_of = {a.instance: a.destination for a in made.actions if a.instance}
    return dataclasses.replace(
        snapshot,
        instances=tuple(
            dataclasses.replace(one, host=host_of.get(one.uuid, one.host))
            for one in snapshot.instances
        ),
    )


def rows(given: argparse.Namespace) -> Iterator[list[object]]:
    """Yield the cells of each row, a strategy and a seed in each."""
    document = policy(given.rules)
    known = pipeline.Business(reading.policy_from_document(document))
    for seed in given.seeds:
        snapshot = cluster(given.nodes, given.rules, seed)
        for strategy in given.strategies:
            asked = parameters(strategy, snapshot, given.limit)
            plan = functools.partial(pipeline.plan, snapshot, strategy, asked)
            base, base_s = ruled.timed(plan)
            made, made_s = ruled.timed(functools.partial(plan, known))
            report = checker.check_plan(
                writer.snapshot_document(snapshot),
                writer.plan_document(made),
                interleavings=ruled.INTERLEAVINGS,
                policy=judge.Policy(document),
            )
            yield [
                strategy,
                seed,
                *_figures(base, base_s),
                *_figures(made, made_s),
                f'{made_s / base_s:.2f}',
                len(made.violations_before),
                len(made.violations_after),
                len(report.violations),
            ]
            if strategy == 'policy':
                snapshot = repaired(snapshot, made)


def _figures(made: plans.Plan, cpu_s: float) -> list[object]:
    after = made.objectives[0].after if made.objectives else float('nan')
    return [f'{after:g}', made.path.migrations, f'{cpu_s:.1f}']


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--nodes', type=int, default=1000)
    parser.add_argument('--rules', type=int, default=500)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--limit', type=float, default=120.0, help='s')
    parser.add_argument('--strategies', nargs='+', default=list(PARAMETERS))
    header = (
        'Strategy, Seed, Objective, Migrations, CPU s, Objective with policy, '
        'Migrations, CPU s, Ratio, Broken before, Broken after, Violations'
    )
    tables.print_csv(header, rows(parser.parse_args(arguments)))


if __name__ == '__main__':
    main()
