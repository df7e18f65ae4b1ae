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

``python -m benchmarks.consolidation sizes [--nodes 40 ... 5000]`` runs
``watcher-rearrange plan`` in a process of its own for each size and shows its
time and memory, and what is proved of the plan; ``--svg FILE`` draws them.
``watcher-rearrange check`` then judges the plan, also in a process of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
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
from benchmarks.consolidation_beside import fewest
from watcher_rearrange.checker import check_plan
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


SIZES = (40, 100, 400, 1000, 2000, 5000)

# Of the check, which takes longer than the plan.
INTERLEAVINGS = 20

# The peak that the system reports for a child can be that of its parent.
PROGRAM = """
import sys
from watcher_rearrange.cli.main import main
try:
    main()
finally:
    with open('/proc/self/status') as status:
        print([line for line in status if line.startswith('VmHWM')][0],
              file=sys.stderr)
"""

PROVED = (
    'cluster',
    'seed',
    'status',
    'nodes',
    'bound',
    'migrations',
    'violations',
    'CPU s',
)

GROWTH = (
    'cluster',
    'nodes',
    'instances',
    'status',
    'in use',
    'bound',
    'migrations',
    'at least',
    'ratio',
    'seconds',
    'CPU s',
    'MiB',
    'check CPU s',
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
    began = time.process_time()
    plan = pipeline.plan(
        snapshot, 'consolidate', {'spare_nodes': 0, 'seed': seed}
    )
    seconds = time.process_time() - began
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
        words = ['plan', source, '-s', 'consolidate', '-p', 'spare_nodes=0']
        took = _command([*words, '-o', target])
        limit = ['--interleavings', str(INTERLEAVINGS)]
        checked = _command(['check', source, target, *limit])
        with open(target, encoding='utf-8') as file:
            plan = json.load(file)
    row = plan['objectives'][0]
    migrations = plan['path']['migrations']
    least = fewest(snapshot, int(row['before'] - row['after']))
    return [
        kind.name,
        nodes,
        len(snapshot.instances),
        plan['status'],
        int(row['after']),
        int(row['bound']),
        migrations,
        least,
        f'{migrations / max(1, least):.3f}',
        round(took.seconds, 1),
        round(took.cpu_s, 1),
        round(took.mib),
        round(checked.cpu_s, 1),
    ]


@dataclasses.dataclass(frozen=True)
class Took:
    """What a command took; memory is the peak."""

    seconds: float
    cpu_s: float
    mib: float


def _command(words: Sequence[str]) -> Took:
    """Run ``watcher-rearrange``, which must succeed."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, '-c', PROGRAM, *words, '-f', 'json'],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f'{words[0]}: {said}')
    return Took(
        time.perf_counter() - began,
        usage.ru_utime + usage.ru_stime,
        int(said.split()[-2]) / 1024,
    )


def _plot(lines: Sequence[Sequence[Any]]) -> str:
    curves = {}
    for name in dict.fromkeys(line[0] for line in lines):
        own = [line for line in lines if line[0] == name]
        curves[f'{name}: CPU s'] = [(line[1], line[10]) for line in own]
        curves[f'{name}: 10 MiB'] = [(line[1], line[11] / 10) for line in own]
    return time_plot.svg(curves, 'nodes', 'CPU seconds, or 10 MiB')


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
