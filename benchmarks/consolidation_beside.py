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

"""Consolidation beside Watcher's own, with what is proved of both.

``python -m benchmarks.consolidation_beside [--nodes 40 100 400 1000]``
runs Watcher's ``vm_workload_consolidation`` and ``rearrange_consolidate`` on
the same clusters in one process and carries out the plans in the same strict
cloud. *At most* so many nodes can be freed, and *at least* so many migrations
does any plan take that frees as many; *ratio* is that of the migrations to
it. The last line of each cluster is ours when it is asked for no more nodes
than Watcher's strategy has freed.
"""

from __future__ import annotations

import argparse
import sys

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks import beside_watcher
from benchmarks import clusters
from benchmarks import ours
from benchmarks import tables
from benchmarks.method import Planned
from benchmarks.watcher_side import strategies
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.planning.consolidation import Consolidation
from watcher_rearrange.policies import parameters
from watcher_rearrange.policies.consolidate import ConsolidatePolicy


WATCHER = 'vm_workload_consolidation'
LIMIT_S = 600.0
WORKERS = 8

COLUMNS = (
    'cluster',
    'nodes',
    'seed',
    'method',
    'freed',
    'at most',
    'migrations',
    'at least',
    'ratio',
    'refused',
    'GB moved',
    'CPU s',
)


def fewest(snapshot: records.Snapshot, freed: int) -> int:
    """Return how many migrations any plan takes that frees so many nodes."""
    cluster = Cluster.from_snapshot(snapshot)
    given = {'max_freed_nodes': freed, 'time_limit_s': LIMIT_S}
    policy = parameters.policy('consolidate', given)
    assert isinstance(policy, ConsolidatePolicy)
    job = Consolidation(cluster, policy)
    start = Placement(cluster)
    frozen = np.zeros(cluster.n_instances, dtype=np.bool_)
    job.improve(job.problem(frozen, None), start)
    # What is proved depends only on how many nodes are left in use.
    gone = np.flatnonzero(occupied(start))[:freed]
    node_of = np.where(np.isin(start.node_of, gone), -1, start.node_of)
    return job.fewest_migrations(start, Placement(cluster, node_of))


def compare(kind: clusters.Kind, nodes: int, seed: int) -> list[list[Any]]:
    """Return the lines of one cluster."""
    snapshot = kind.generate(nodes, seed)
    watcher = next(m for m in strategies.methods(5.0) if m.name == WATCHER)
    planned = watcher.plan(snapshot, seed, LIMIT_S)
    lines = [[WATCHER, *_figures(snapshot, planned)]]
    as_many = {'max_freed_nodes': lines[0][1]}
    for name, given in (('ours', {}), ('ours, as many nodes', as_many)):
        planned = ours.consolidate(given).plan(snapshot, seed, LIMIT_S)
        if planned.violations:
            raise RuntimeError(f'{planned.violations} violations: {name}')
        lines.append([name, *_figures(snapshot, planned)])
    return [[kind.name, nodes, seed, *line] for line in lines]


def _figures(snapshot: records.Snapshot, planned: Planned) -> list[Any]:
    row = beside_watcher.measure(snapshot, planned, WORKERS)
    least = fewest(snapshot, row['freed'])
    return [
        row['freed'],
        planned.bound,
        row['migrations'],
        least,
        f'{row["migrations"] / max(1, least):.3f}',
        row['no room'] + row['group'] + row['other'],
        row['GB moved'],
        planned.seconds,
    ]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.consolidation_beside',
        description="Consolidation beside Watcher's own, with bounds.",
    )
    sizes = [40, 100, 400, 1000]
    result.add_argument('--nodes', type=int, nargs='+', default=sizes)
    result.add_argument('--seeds', type=int, default=1, metavar='COUNT')
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    given = parser().parse_args(arguments)
    lines: list[list[Any]] = []
    for kind in clusters.KINDS:
        for nodes in given.nodes:
            for seed in range(given.seeds):
                lines += compare(kind, nodes, seed)
                print('.', end='', file=sys.stderr, flush=True)
    print(f'\n{tables.text(COLUMNS, lines)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
