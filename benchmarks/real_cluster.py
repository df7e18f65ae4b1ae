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

"""Evacuate three hosts of a real cluster, then rebalance what results.

``python -m benchmarks.real_cluster FOLDER``, with the files of VMR2L (see
:mod:`benchmarks.vmr2l`). The three hosts are those at the first quartile,
the median and the third quartile of the hosts ordered by CPU in use, then
by number of instances, then by name. Every plan is judged by the independent
checker, in random interleavings with and without a failure.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import sys
import time

from collections.abc import Sequence
from typing import Any

from benchmarks import applied
from benchmarks import measures
from benchmarks import tables
from benchmarks import vmr2l
from watcher_rearrange.checker import check_plan
from watcher_rearrange.model import plan as plans
from watcher_rearrange.model import records
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


HEADER = (
    'run',
    'status',
    'migrations',
    'of them displaced',
    'waves',
    'GB moved',
    'CPU spread before',
    'after',
    'memory spread before',
    'after',
    'violations',
    'seconds',
)


@dataclasses.dataclass(frozen=True)
class Step:
    """One strategy on the cluster as the one before left it."""

    strategy: str
    parameters: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Result:
    """A plan with what was measured of it."""

    plan: plans.Plan
    after: records.Snapshot
    row: list[Any]
    violations: list[str]


def typical_hosts(snapshot: records.Snapshot) -> list[str]:
    """Return the hosts at the quartiles of the CPU in use."""
    cpu = measures.used(snapshot, measures.hosts(snapshot), 'VCPU')
    count = collections.Counter(i.host for i in snapshot.instances)
    order = sorted(cpu, key=lambda host: (cpu[host], count[host], host))
    return [order[len(order) * k // 4] for k in (1, 2, 3)]


def run(snapshot: records.Snapshot, step: Step, interleavings: int) -> Result:
    """Plan one step and check the plan."""
    began = time.perf_counter()
    plan = pipeline.plan(snapshot, step.strategy, step.parameters)
    seconds = time.perf_counter() - began
    after = applied.apply(snapshot, plan)
    report = check_plan(
        writer.snapshot_document(snapshot),
        writer.plan_document(plan),
        interleavings=interleavings,
    )
    row = [
        step.strategy,
        plan.status.value,
        plan.path.migrations,
        plan.path.displacements,
        max(plan.waves().values(), default=0),
        round(plan.path.migrated_mb / measures.MB_PER_GB),
        *_spreads(after, measures.hosts(snapshot), after, 'VCPU'),
        *_spreads(after, measures.hosts(snapshot), after, 'MEMORY_MB'),
        len(report.violations),
        seconds,
    ]
    return Result(plan, after, row, [str(v) for v in report.violations])


def _spreads(
    nodes: records.Snapshot,
    before: dict[str, str],
    after: records.Snapshot,
    rc: str,
) -> list[float]:
    """Before and after, over the nodes that receive in the end."""
    return [
        measures.spread_pct(nodes, before, rc),
        measures.spread_pct(nodes, measures.hosts(after), rc),
    ]


def run_all(
    data: dict[str, Any], given: argparse.Namespace
) -> list[dict[str, Any]]:
    """Evacuate and rebalance, printing as it goes; the table's rows."""
    snapshot = vmr2l.snapshot(data, numa=given.numa, pin=given.pin)
    names = typical_hosts(snapshot)
    print(_described(snapshot))
    print(f'Evacuated: {", ".join(names)}')
    steps = (
        Step('rearrange_evacuate', {'nodes': names}),
        Step('rearrange_rebalance', {'threshold_pct': given.threshold_pct}),
    )
    rows = []
    for step in steps:
        result = run(snapshot, step, given.interleavings)
        snapshot = result.after
        rows.append(result.row)
        for text in (*result.plan.messages, *result.violations):
            print(f'{step.strategy}: {text}')
        misfits = vmr2l.numa_misfits(data, measures.hosts(snapshot))
        print(
            f'{step.strategy}: {misfits} hosts on which the instances would '
            'not fit their NUMA nodes'
        )
    print(tables.text(HEADER, rows))
    return [dict(zip(_keys(), row, strict=True)) for row in rows]


def _keys() -> list[str]:
    keys = [name.replace(' ', '_') for name in HEADER]
    keys[7], keys[9] = 'CPU_spread_after', 'memory_spread_after'
    return keys


def _described(snapshot: records.Snapshot) -> str:
    used = measures.used(snapshot, measures.hosts(snapshot), 'VCPU')
    total = sum(n.inventories['VCPU'].total for n in snapshot.compute_nodes)
    return (
        f'{len(snapshot.compute_nodes)} hosts, '
        f'{len(snapshot.instances)} instances, '
        f'{100 * sum(used.values()) / total:.1f} % of the CPU in use'
    )


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.real_cluster',
        description='Evacuate three hosts of a real cluster, then rebalance.',
    )
    result.add_argument('folder', nargs='?', help='has medium.json')
    result.add_argument('--file', default='medium.json')
    result.add_argument('--numa', action='store_true', help='see vmr2l')
    result.add_argument('--pin', action='store_true', help='see vmr2l')
    result.add_argument('--threshold-pct', type=float, default=5.0)
    result.add_argument('--interleavings', type=int, default=100)
    result.add_argument('--json', metavar='FILE', help='write the rows')
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if the checker found anything."""
    given = parser().parse_args(arguments)
    path = vmr2l.find(given.folder, given.file)
    if path is None:
        return 0
    rows = run_all(vmr2l.load(path), given)
    if given.json:
        with open(given.json, 'w', encoding='utf-8') as file:
            json.dump(rows, file, indent=1)
    return 1 if any(row['violations'] for row in rows) else 0


if __name__ == '__main__':
    sys.exit(main())
