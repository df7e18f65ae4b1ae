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

"""Paths in full clusters of which every instance has been moved about.

``python -m benchmarks.shuffled``: 20 to 160 nodes, 95 % of the memory in
use, some 5 instances a node, as many cases as asked for of two kinds of
size; the target is the start after 20 random moves an instance.

``--large``: 1,000 nodes, 15,000 instances, 5,000 of them misplaced, 80 % in
use. ``--rules``: 40 nodes, three resource classes, anti-affinity groups and
10 % of the instances locked; every second target is reached by random moves,
in the others instances have changed places. A failure is in each second
interleaving.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import resource
import statistics
import sys
import time

from collections.abc import Sequence

from benchmarks import shuffling
from benchmarks import tables
from watcher_rearrange import checker
from watcher_rearrange.model import records
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


SOLVED = ('OPTIMAL', 'FEASIBLE')
HEADER = (
    'sizes',
    'nodes',
    'solved',
    'moves / misplaced',
    'max',
    'CPU s',
    'max',
    'violations',
)
KINDS = (shuffling.FLAVORS, shuffling.ARBITRARY)
MOVES_PER_INSTANCE = 20
KB_PER_GB = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Result:
    """A path with what was measured of it.

    :ivar ratio: migrations for each misplaced instance
    :ivar seconds: of CPU time, for others may be busy on the machine
    """

    plan: Plan
    ratio: float
    seconds: float
    violations: list[str]

    @property
    def solved(self) -> bool:
        """Whether there is a path."""
        return self.plan.status.value in SOLVED


def run(
    snapshot: records.Snapshot, target: records.Target, interleavings: int
) -> Result:
    """Find a path and have it checked."""
    began = time.process_time()
    plan = pipeline.find_path(snapshot, target)
    seconds = time.process_time() - began
    misplaced = shuffling.misplaced_count(snapshot, target)
    violations = []
    if interleavings:
        report = checker.check_plan(
            writer.snapshot_document(snapshot),
            writer.plan_document(plan),
            {'version': 1, 'placement': dict(target.placement)},
            interleavings=interleavings,
        )
        violations = [str(violation) for violation in report.violations]
    ratio = plan.path.migrations / max(1, misplaced)
    return Result(plan, ratio, seconds, violations)


def shuffled_case(
    kind: shuffling.Kind, n_nodes: int, seed: int
) -> tuple[records.Snapshot, records.Target]:
    """Return a cluster and its target."""
    rng = random.Random(f'{kind.name} {n_nodes} {seed}')
    snapshot = shuffling.cluster(kind, n_nodes, 0.95, rng)
    moves = MOVES_PER_INSTANCE * len(snapshot.instances)
    return snapshot, shuffling.shuffled(snapshot, rng, moves)


def rules_case(seed: int) -> tuple[records.Snapshot, records.Target]:
    """Return a cluster with groups and locked instances, and a target."""
    rng = random.Random(f'rules {seed}')
    plain = shuffling.cluster(shuffling.THREE_CLASSES, 40, 0.95, rng)
    snapshot = shuffling.with_rules(plain, 20, 0.1, rng)
    count = MOVES_PER_INSTANCE * len(snapshot.instances)
    if seed % 2:
        return snapshot, shuffling.swapped(snapshot, rng, count)
    return snapshot, shuffling.shuffled(snapshot, rng, count)


def run_sizes(given: argparse.Namespace) -> bool:
    """Print a line for each kind and size; whether all is as it must be."""
    rows = []
    good = True
    for kind in KINDS:
        for n_nodes in given.sizes:
            effort = max(2, given.interleavings // n_nodes)
            results = []
            for seed in range(given.seeds):
                case = shuffled_case(kind, n_nodes, seed)
                results.append(run(*case, effort))
                _complain(f'{kind.name}, {n_nodes} nodes, {seed}', results[-1])
            rows.append(_row(kind.name, n_nodes, results))
            print(tables.text(HEADER, rows[-1:]), flush=True)
            good &= all(r.solved and not r.violations for r in results)
    print(tables.text(HEADER, rows))
    return good


def run_rules(given: argparse.Namespace) -> bool:
    """Print a line for each cluster; whether all is as it must be."""
    rows = []
    good = True
    for seed in range(given.seeds):
        snapshot, target = rules_case(seed)
        result = run(snapshot, target, given.interleavings)
        _complain(f'seed {seed}', result)
        rows.append(
            (
                seed,
                'swapped' if seed % 2 else 'moved',
                len(snapshot.instances),
                100 * shuffling.memory_share(snapshot),
                shuffling.misplaced_count(snapshot, target),
                result.plan.status.value,
                result.plan.path.migrations,
                result.ratio,
                result.seconds,
                len(result.violations),
            )
        )
        good &= not result.violations
        good &= result.plan.status.value != 'TIME_LIMIT'
        print(rows[-1], flush=True)
    header = 'seed target instances full_pct misplaced status moves'.split()
    print(tables.text([*header, 'ratio', 'cpu_s', 'violations'], rows))
    return good


def run_large(given: argparse.Namespace) -> bool:
    """Print what the large cluster takes; whether all is as it must be."""
    rng = random.Random(f'large {given.first_seed}')
    snapshot = shuffling.cluster(shuffling.MANY, 1000, 0.8, rng)
    target = shuffling.shuffled(snapshot, rng, misplaced=5000)
    result = run(snapshot, target, 0)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f'{len(snapshot.instances)} instances, '
        f'{100 * shuffling.memory_share(snapshot):.1f} % of the memory in '
        f'use, {shuffling.misplaced_count(snapshot, target)} misplaced: '
        f'{result.plan.status.value}, {result.plan.path.migrations} '
        f'migrations, {result.seconds:.1f} CPU s, peak '
        f'{peak_kb / KB_PER_GB:.2f} GiB'
    )
    report = checker.check_plan(
        writer.snapshot_document(snapshot),
        writer.plan_document(result.plan),
        {'version': 1, 'placement': dict(target.placement)},
        interleavings=1,
    )
    for violation in report.violations:
        print(violation)
    return result.solved and report.ok


def _complain(case: str, result: Result) -> None:
    if not result.solved:
        print(f'{case}: {result.plan.status.value}')
    for violation in result.violations:
        print(f'{case}: {violation}')


def _row(name: str, n_nodes: int, results: list[Result]) -> list[object]:
    solved = [result for result in results if result.solved]
    ratios = [result.ratio for result in solved] or [float('nan')]
    seconds = [result.seconds for result in results]
    return [
        name,
        n_nodes,
        f'{len(solved)} of {len(results)}',
        f'{statistics.mean(ratios):.3f}',
        f'{max(ratios):.3f}',
        statistics.median(seconds),
        max(seconds),
        sum(len(result.violations) for result in results),
    ]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.shuffled', description=__doc__
    )
    result.add_argument(
        '--sizes', type=int, nargs='+', default=[20, 40, 80, 160]
    )
    result.add_argument('--seeds', type=int, default=20)
    result.add_argument('--first-seed', type=int, default=0)
    result.add_argument(
        '--interleavings',
        type=int,
        default=1000,
        help='of a plan; without --rules divided by the number of nodes',
    )
    result.add_argument('--large', action='store_true')
    result.add_argument('--rules', action='store_true')
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if a path is missing or breaks a rule."""
    given = parser().parse_args(arguments)
    if given.large:
        good = run_large(given)
    elif given.rules:
        good = run_rules(given)
    else:
        good = run_sizes(given)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
