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

"""How few migrations the wanted balance takes, and what Watcher makes of it.

``python -m benchmarks.rebalancing [--nodes 40 100 400 1000] [--seeds 3]``
rebalances generated clusters and compares the migrations of
``rearrange_rebalance`` with the bound that its search gives, and with those
of ``workload_stabilization``. Plans are carried out in the strict cloud of
:mod:`benchmarks.replay`, ours also pass the checker.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from collections.abc import Sequence

import numpy as np

from benchmarks import beside_watcher
from benchmarks import clusters
from benchmarks import method as methods
from benchmarks import tables
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.planning.rebalancing import Rebalancing
from watcher_rearrange.policies.rebalance import RebalancePolicy


Row = beside_watcher.Row

OURS = 'rearrange_rebalance'

COLUMNS = (
    *('CPU before', 'CPU after', 'memory before', 'memory after'),
    *('migrations', 'bound', 'refused', 'GB moved', 'seconds'),
)


@dataclasses.dataclass(frozen=True)
class Reach:
    """What our search finds before any path is asked for.

    :ivar bound: fewer migrations cannot reach the threshold
    :ivar reached: whether the threshold is
    """

    bound: int
    reached: bool


def reach(snapshot: records.Snapshot, given: argparse.Namespace) -> Reach:
    """Return the bound on the migrations that the balance takes."""
    wanted = {
        'threshold_pct': given.threshold_pct,
        'time_limit_s': given.time_limit_s,
    }
    cluster = Cluster.from_snapshot(snapshot)
    job = Rebalancing(cluster, RebalancePolicy.of(wanted))
    start = Placement(cluster)
    nobody = np.zeros(cluster.n_instances, dtype=np.bool_)
    end = job.improve(job.problem(nobody, None), start)
    after = job.objectives()[0].value(end)
    return Reach(
        job.fewest_migrations(start, end), after <= given.threshold_pct
    )


def compare(
    kind: clusters.Kind, nodes: int, given: argparse.Namespace
) -> list[Row]:
    """Return the rows of one size of one kind of cluster, every seed."""
    rows: list[Row] = []
    asked = [
        method
        for method in beside_watcher.chosen(given)
        if method.goal == methods.REBALANCE
    ]
    for snapshot, row in beside_watcher.compare(kind, nodes, asked, given):
        row['refused'] = row['no room'] + row['group'] + row['other']
        if row['method'] == OURS:
            row.update(dataclasses.asdict(reach(snapshot, given)))
        rows.append(row)
    return rows


def show(rows: Sequence[Row]) -> str:
    """Return the table of one size of one kind of cluster."""
    lines = [
        [
            f'{row["method"]} {row["seed"]}',
            *(None if row['failure'] else row[name] for name in COLUMNS),
        ]
        for row in sorted(rows, key=lambda row: (row['method'], row['seed']))
    ]
    return tables.text(('method, seed', *COLUMNS), lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if the checker found anything in a plan of ours."""
    given = parser().parse_args(arguments)
    everything: list[Row] = []
    for kind in clusters.KINDS:
        for nodes in given.nodes:
            rows = compare(kind, nodes, given)
            everything += rows
            print(f'\n{kind.name}: {nodes} nodes\n\n{show(rows)}', flush=True)
    if given.json:
        with open(given.json, 'w', encoding='utf-8') as file:
            json.dump(everything, file, indent=1)
    found = sum(row['violations'] or 0 for row in everything)
    print(f'\nviolations in our plans: {found}')
    return 1 if found else 0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = beside_watcher.parser()
    result.prog = 'python -m benchmarks.rebalancing'
    result.description = 'Migrations that the wanted balance takes.'
    result.set_defaults(nodes=[40, 100, 400, 1000])
    return result


if __name__ == '__main__':
    sys.exit(main())
