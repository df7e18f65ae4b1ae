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

"""Consolidation: what is proved, and what size costs.

``python -m benchmarks.consolidation proved [--nodes 40] [--seeds 10]``
plans on generated clusters and counts how often the plan is proved optimal;
the independent checker judges every plan.

``python -m benchmarks.consolidation sizes [--nodes 100 ... 5000]`` runs
``watcher-rearrange plan`` in a process of its own for each size and shows
its time and memory; ``--svg FILE`` draws them.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from collections.abc import Sequence
from typing import Any

from benchmarks import clusters
from benchmarks import tables
from benchmarks import time_plot
from watcher_rearrange.checker import check_plan
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


SIZES = (100, 200, 500, 1000, 2000, 5000)

PROVED = (
    'cluster',
    'seed',
    'status',
    'nodes',
    'bound',
    'migrations',
    'violations',
    'seconds',
)

GROWTH = (
    'cluster',
    'nodes',
    'instances',
    'status',
    'in use',
    'bound',
    'migrations',
    'seconds',
    'MiB',
)


def proved(given: argparse.Namespace) -> int:
    """Show which plans are proved; 1 if the checker found anything."""
    lines = []
    for kind in clusters.KINDS:
        for nodes in given.nodes or [40]:
            lines += [_proved(kind, nodes, n) for n in range(given.seeds)]
    print(tables.text(PROVED, lines))
    count = sum(line[2] == 'OPTIMAL' for line in lines)
    print(f'\nproved optimal: {count} of {len(lines)}')
    return int(any(line[6] for line in lines))


def _proved(kind: clusters.Kind, nodes: int, seed: int) -> list[Any]:
    snapshot = kind.generate(nodes, seed)
    began = time.perf_counter()
    plan = pipeline.plan(
        snapshot, 'consolidate', {'spare_nodes': 0, 'seed': seed}
    )
    seconds = time.perf_counter() - began
    report = check_plan(
        writer.snapshot_document(snapshot),
        writer.plan_document(plan),
        interleavings=20,
        seed=seed,
    )
    row = plan.objectives[0]
    return [
        kind.name,
        seed,
        plan.status.value,
        int(row.after),
        row.bound,
        plan.path.migrations,
        len(report.violations),
        round(seconds, 1),
    ]


def sizes(given: argparse.Namespace) -> int:
    """Show time and memory of the whole command by size."""
    lines = []
    for nodes in given.nodes or SIZES:
        for kind in clusters.KINDS:
            lines.append(_size(kind, nodes))
            print(*lines[-1], sep=', ', file=sys.stderr, flush=True)
    print(tables.text(GROWTH, lines))
    if given.svg:
        pathlib.Path(given.svg).write_text(_plot(lines), encoding='utf-8')
    return 0


def _size(kind: clusters.Kind, nodes: int) -> list[Any]:
    snapshot = kind.generate(nodes, 0)
    with tempfile.TemporaryDirectory() as folder:
        source, target = f'{folder}/snapshot.json', f'{folder}/plan.json'
        with open(source, 'w', encoding='utf-8') as file:
            json.dump(writer.snapshot_document(snapshot), file)
        seconds, mib = _command(source, target)
        with open(target, encoding='utf-8') as file:
            plan = json.load(file)
    row = plan['objectives'][0]
    return [
        kind.name,
        nodes,
        len(snapshot.instances),
        plan['status'],
        int(row['after']),
        int(row['bound']),
        plan['path']['migrations'],
        round(seconds, 1),
        round(mib),
    ]


def _command(source: str, target: str) -> tuple[float, float]:
    """Run the command; seconds and MiB at its peak."""
    program = 'from watcher_rearrange.cli.main import main; main()'
    words = ['plan', source, '-s', 'consolidate', '-p', 'spare_nodes=0']
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, '-c', program, *words, '-o', target, '-f', 'json'],
        stdout=subprocess.DEVNULL,
    ) as process:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def _plot(lines: Sequence[Sequence[Any]]) -> str:
    curves = {}
    for name in dict.fromkeys(line[0] for line in lines):
        own = [line for line in lines if line[0] == name]
        curves[f'{name}: seconds'] = [(line[1], line[7]) for line in own]
        curves[f'{name}: 10 MiB'] = [(line[1], line[8] / 10) for line in own]
    return time_plot.svg(curves, 'nodes', 'seconds, or 10 MiB')


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.consolidation',
        description='Consolidation: what is proved, what size costs.',
    )
    result.add_argument('what', choices=('proved', 'sizes'))
    result.add_argument('--nodes', type=int, nargs='+')
    result.add_argument('--seeds', type=int, default=10, metavar='COUNT')
    result.add_argument('--svg', metavar='FILE', help='draw the sizes')
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    given = parser().parse_args(arguments)
    return proved(given) if given.what == 'proved' else sizes(given)


if __name__ == '__main__':
    sys.exit(main())
