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

"""Paths in small random clusters against an exact oracle.

``python -m benchmarks.oracle``: 3 to 6 nodes, 5 to 12 instances, 1 to 3
resource classes, half of the clusters more than 90 % full. The targets are
reached by random moves, drawn independently, or have instances that changed
places. The oracle is that of the property tests, which shares no code with
the package; a case that it cannot decide within so many placements is left
out, and counted.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import statistics
import sys
import time

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from benchmarks import tables
from tests.property import oracle
from tests.property import test_paths
from watcher_rearrange import checker
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


CLASSES = ('VCPU', 'MEMORY_MB', 'DISK_GB')
SIZES = (2, 2, 3, 3, 4, 5)
FULL = (0.92, 0.8)
SOLVED = ('OPTIMAL', 'FEASIBLE')
INTERLEAVINGS = 20

HEADER = (
    'target',
    'cases',
    'impossible',
    'agreed',
    'migrations',
    'fewest',
    'above',
    'median CPU ms',
    'max CPU ms',
    'violations',
)


class TooLarge(Exception):
    """The oracle has looked at as many placements as it may."""


class Oracle(oracle.Oracle):
    """The oracle of the tests, with an end.

    :param most: placements that it may look at
    """

    def __init__(self, document: Mapping[str, Any], most: int) -> None:
        super().__init__(document)
        self._left = most

    def _neighbours(self, hosts: oracle.Hosts) -> Iterator[oracle.Hosts]:
        self._left -= 1
        if self._left < 0:
            raise TooLarge
        return super()._neighbours(hosts)


@dataclasses.dataclass(frozen=True)
class Result:
    """One case.

    :ivar fewest: migrations that the oracle needs; None for impossible
    """

    seed: int
    target: str
    plan: Plan
    fewest: int | None
    seconds: float
    violations: list[str]

    @property
    def solved(self) -> bool:
        """Whether there is a path."""
        return self.plan.status.value in SOLVED

    @property
    def agreed(self) -> bool:
        """Whether package and oracle agree on whether there is a path."""
        if self.fewest is None:
            return self.plan.status.value == 'INFEASIBLE'
        return self.solved and self.plan.path.migrations >= self.fewest


def cluster(rng: random.Random, full: float) -> dict[str, Any]:
    """Return the document of a small cluster.

    :param full: the share of each resource class that is in use
    """
    classes = CLASSES[: rng.randint(1, 3)]
    hosts = [f'c{k}' for k in range(rng.randint(3, 6))]
    instances: list[dict[str, Any]] = [
        {
            'uuid': f'i{k}',
            'host': rng.choice(hosts),
            'allocations': {rc: rng.choice(SIZES) for rc in classes},
        }
        for k in range(rng.randint(5, 12))
    ]
    inventories: dict[str, dict[str, Any]] = {host: {} for host in hosts}
    roomy = rng.sample(hosts, rng.randint(2, 3))
    for rc in classes:
        total = dict.fromkeys(hosts, 0)
        for instance in instances:
            total[instance['host']] += instance['allocations'][rc]
        used = sum(total.values())
        for _ in range(int(used / full) - used):
            total[rng.choice(roomy)] += 1
        for host in hosts:
            inventories[host][rc] = {'total': total[host]}
    nodes = [{'hostname': h, 'inventories': inventories[h]} for h in hosts]
    return {'version': 1, 'compute_nodes': nodes, 'instances': instances}


def case(seed: int) -> tuple[dict[str, Any], dict[str, str], str]:
    """Return a snapshot document, a target, and of what kind that is."""
    rng = random.Random(f'oracle {seed}')
    kind = test_paths.TARGETS[seed % 3]
    while True:
        document = cluster(rng, FULL[seed // 3 % 2])
        target = kind(rng, document)
        if any(i['host'] != target[i['uuid']] for i in document['instances']):
            return document, target, kind.__name__


def run(seed: int, most: int) -> Result:
    """Find the path of a case and compare.

    :raises TooLarge: if the oracle cannot decide it
    """
    document, placement, kind = case(seed)
    fewest = Oracle(document, most).migrations(placement)
    snapshot = reader.snapshot_from_document(document)
    target_document = {'version': 1, 'placement': placement}
    target = reader.target_from_document(target_document, snapshot)
    began = time.process_time()
    plan = pipeline.find_path(snapshot, target)
    seconds = time.process_time() - began
    report = checker.check_plan(
        document,
        writer.plan_document(plan),
        target_document,
        interleavings=INTERLEAVINGS,
    )
    violations = [str(violation) for violation in report.violations]
    return Result(seed, kind, plan, fewest, seconds, violations)


def row(name: str, results: Sequence[Result]) -> list[object]:
    """Return a line of the table."""
    solved = [r for r in results if r.fewest is not None and r.solved]
    taken = sum(r.plan.path.migrations for r in solved)
    fewest = sum(r.fewest or 0 for r in solved)
    agreed = sum(r.agreed for r in results)
    milliseconds = [1000 * r.seconds for r in results]
    return [
        name,
        len(results),
        sum(r.fewest is None for r in results),
        f'{100 * agreed / len(results):.2f} %',
        taken,
        fewest,
        f'{100 * (taken / fewest - 1):.2f} %' if fewest else None,
        statistics.median(milliseconds),
        max(milliseconds),
        sum(len(r.violations) for r in results),
    ]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.oracle',
        description='Compare paths with an exact oracle.',
    )
    result.add_argument('--cases', type=int, default=2000)
    result.add_argument('--first-seed', type=int, default=0)
    result.add_argument(
        '--most', type=int, default=100_000, help='placements for the oracle'
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if package and oracle disagree."""
    given = parser().parse_args(arguments)
    results: list[Result] = []
    left_out = 0
    seed = given.first_seed
    while len(results) < given.cases:
        try:
            result = run(seed, given.most)
        except TooLarge:
            left_out += 1
        else:
            results.append(result)
            if not result.agreed or result.violations:
                status = result.plan.status.value
                print(f'seed {seed}: {status}, oracle {result.fewest}')
                print(*result.violations, sep='\n', end='')
        seed += 1
    kinds = [kind.__name__ for kind in test_paths.TARGETS]
    rows = [
        row(kind, [r for r in results if r.target == kind]) for kind in kinds
    ]
    print(tables.text(HEADER, [*rows, row('all', results)]))
    print(f'{left_out} more were too large for the oracle')
    good = all(r.agreed and not r.violations for r in results)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
