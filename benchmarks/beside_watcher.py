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

"""Our strategies side by side with Watcher's own, on the same clusters.

``python -m benchmarks.beside_watcher [--nodes 40 100 400] [--seeds 3]``
generates clusters, lets each method plan on each of them, one after the
other in one process, and carries out every plan in the same strict cloud
(:mod:`benchmarks.replay`). The table has the medians over the seeds, and of
what was refused the worst seed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from benchmarks import clusters
from benchmarks import measures
from benchmarks import method as methods
from benchmarks import ours
from benchmarks import replay
from benchmarks import tables
from benchmarks.watcher_side import strategies
from watcher_rearrange.model import records


Row = dict[str, Any]

COLUMNS = {
    methods.CONSOLIDATE: (
        'freed planned',
        'freed',
        'shut but in use',
        'migrations',
        'done',
        'no room',
        'group',
        'other',
        'GB moved',
        'seconds',
    ),
    methods.REBALANCE: (
        'CPU before',
        'CPU after',
        'memory before',
        'memory after',
        'migrations',
        'done',
        'no room',
        'group',
        'other',
        'GB moved',
        'seconds',
    ),
}

# Of these the table has the worst seed, not the median.
REFUSALS = ('shut but in use', 'no room', 'group', 'other')


def measure(
    snapshot: records.Snapshot, planned: methods.Planned, workers: int
) -> Row:
    """Carry out a plan; what came of it."""
    run = replay.Replay(
        snapshot, planned.steps, workers=workers, guarded=planned.guarded
    )
    outcome = run.run()
    before = measures.hosts(snapshot)
    wanted = dict(before)
    moves = [s for s in planned.steps if s.kind == replay.MIGRATE]
    wanted.update({step.thing: step.destination for step in moves})
    refused = outcome.refused
    row: Row = {
        'freed planned': len(measures.freed(snapshot, wanted)),
        'freed': len(measures.freed(snapshot, outcome.host_of)),
        'shut but in use': len(
            outcome.disabled & set(outcome.host_of.values())
        ),
        'migrations': len(moves),
        'done': len(outcome.moved),
        'no room': refused['no room'],
        'group': refused['group'],
        'other': refused.total() - refused['no room'] - refused['group'],
        'GB moved': round(measures.moved_gb(snapshot, outcome.moved)),
    }
    for name, rc in (('CPU', 'VCPU'), ('memory', 'MEMORY_MB')):
        for when, host_of in (('before', before), ('after', outcome.host_of)):
            row[f'{name} {when}'] = measures.spread_pct(snapshot, host_of, rc)
    return row


def run(
    method: methods.Method,
    snapshot: records.Snapshot,
    seed: int,
    given: argparse.Namespace,
) -> Row:
    """Plan, and carry out the plan."""
    planned = method.plan(snapshot, seed, given.time_limit_s)
    return {
        'instances': len(snapshot.instances),
        'seed': seed,
        'method': method.name,
        'goal': method.goal,
        'failure': planned.failure,
        'timed out': planned.timed_out,
        'violations': planned.violations,
        'bound': planned.bound,
        'seconds': planned.seconds,
        **measure(snapshot, planned, given.workers),
    }


def compare(
    kind: clusters.Kind,
    nodes: int,
    asked: Sequence[methods.Method],
    given: argparse.Namespace,
) -> Iterator[tuple[records.Snapshot, Row]]:
    """Run every method on one size of one kind of cluster, every seed.

    One that takes too long for a seed is not tried with the next.
    """
    too_slow: set[str] = set()
    for seed in range(given.seeds):
        snapshot = kind.generate(nodes, seed)
        for method in asked:
            if method.name in too_slow:
                continue
            row = run(method, snapshot, seed, given)
            if row['timed out']:
                too_slow.add(method.name)
            print('.', end='', file=sys.stderr, flush=True)
            yield snapshot, {'cluster': kind.name, 'nodes': nodes, **row}


def chosen(given: argparse.Namespace) -> list[methods.Method]:
    """Return the methods that were asked for."""
    return [
        method
        for method in (
            *strategies.methods(given.threshold_pct),
            *ours.methods(given.threshold_pct),
        )
        if method.name.startswith(tuple(given.methods or ['']))
    ]


def summary(rows: Sequence[Row], columns: Sequence[str]) -> list[object]:
    """Return the cells of one method: medians, of refusals the worst."""
    planned = [row for row in rows if not row['failure']]
    failures = [row['failure'] for row in rows if row['failure']]
    name = rows[0]['method']
    if failures:
        name += f': {len(failures)} x {failures[0]}'
    cells: list[object] = [name]
    for column in columns:
        values = [row[column] for row in planned]
        if not values:
            cells.append(None)
        elif column in REFUSALS:
            cells.append(max(values))
        else:
            cells.append(_median(values))
    return cells


def _median(values: Sequence[float]) -> float:
    middle = statistics.median(values)
    whole = all(isinstance(value, int) for value in values)
    return round(middle) if whole else middle


def show(rows: Sequence[Row], goal: str) -> str:
    """Return the table of one goal on one size of one kind of cluster."""
    names = dict.fromkeys(r['method'] for r in rows if r['goal'] == goal)
    lines = [
        summary([r for r in rows if r['method'] == name], COLUMNS[goal])
        for name in names
    ]
    return tables.text(('method', *COLUMNS[goal]), lines)


def heading(rows: Sequence[Row]) -> str:
    """Return the line above the tables of one size."""
    bounds = [row['bound'] for row in rows if row['bound'] is not None]
    text = (
        f'{rows[0]["cluster"]}: {rows[0]["nodes"]} nodes, '
        f'{_median([row["instances"] for row in rows])} instances'
    )
    if bounds:
        text += f', at most {_median(bounds)} nodes can be freed'
    return text


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.beside_watcher',
        description="Our strategies side by side with Watcher's own.",
    )
    result.add_argument('--nodes', type=int, nargs='+', default=[40, 100, 400])
    result.add_argument(
        '--methods', nargs='+', metavar='NAME', help='only these'
    )
    result.add_argument('--seeds', type=int, default=3, metavar='COUNT')
    result.add_argument(
        '--time-limit-s', type=float, default=120.0, help='of one method'
    )
    result.add_argument(
        '--threshold-pct',
        type=float,
        default=5.0,
        help='standard deviation at which rebalancing stops',
    )
    result.add_argument(
        '--workers', type=int, default=8, help='of the applier'
    )
    result.add_argument('--json', metavar='FILE', help='write every run')
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if the checker found anything in a plan of ours."""
    given = parser().parse_args(arguments)
    everything: list[Row] = []
    for kind in clusters.KINDS:
        for nodes in given.nodes:
            runs = compare(kind, nodes, chosen(given), given)
            rows = [row for _, row in runs]
            everything += rows
            print(f'\n{heading(rows)}')
            for goal in dict.fromkeys(row['goal'] for row in rows):
                print(f'\n{show(rows, goal)}', flush=True)
    if given.json:
        with open(given.json, 'w', encoding='utf-8') as file:
            json.dump(everything, file, indent=1)
    found = sum(row['violations'] or 0 for row in everything)
    print(f'\nviolations in our plans: {found}')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
