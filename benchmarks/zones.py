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

"""Consolidation of clusters with availability zones, whole and split.

``python -m benchmarks.zones [--zones 4] [--nodes 40 100] [--seeds 1]``
generates clusters of so many nodes a zone, where every instance is pinned
to its zone. Each is planned as a whole, in parts one after the other, and
in parts in two processes. The independent checker judges every plan.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import resource
import sys
import time

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from unittest import mock

import numpy as np

from benchmarks import clusters
from benchmarks import tables
from watcher_rearrange.checker import check_plan
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.optimizer import processes
from watcher_rearrange.optimizer.consolidation import separate
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


HEADER = (
    'cluster',
    'nodes',
    'instances',
    'seed',
    'how',
    'status',
    'in use',
    'bound',
    'migrations',
    'violations',
    'wall s',
    'CPU s',
)


class NoSplit:
    """In place of a split: there are no parts."""

    def __init__(self, problem: Problem, start: Placement) -> None:
        self.parts = ()
        self.others = np.zeros(0, dtype=np.int64)


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """Plan as if everything depended on everything."""
    with mock.patch.object(separate, 'Split', NoSplit):
        yield


@contextlib.contextmanager
def on(cores: int) -> Iterator[None]:
    """Plan as on a machine with so many cores."""
    with mock.patch.object(processes, 'cores', return_value=cores):
        yield


WAYS = {'whole': whole, 'parts': lambda: on(1), 'parts, 2': lambda: on(2)}


def cpu_s() -> float:
    """Return the CPU seconds of this process and those it had."""
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def planned(snapshot: Snapshot, given: dict[str, Any]) -> tuple[Plan, Any]:
    """Return a plan with its wall and CPU seconds."""
    wall, cpu = time.perf_counter(), cpu_s()
    plan = pipeline.plan(snapshot, 'consolidate', given)
    seconds = time.perf_counter() - wall, cpu_s() - cpu
    return plan, tuple(round(value, 1) for value in seconds)


def lines(
    kind: clusters.Kind, nodes: int, seed: int, limit_s: float
) -> Iterator[list[Any]]:
    """Yield a line for each way to plan one cluster."""
    given = {'spare_nodes': 0, 'time_limit_s': limit_s}
    snapshot = kind.generate(nodes, seed)
    document = writer.snapshot_document(snapshot)
    for name, way in WAYS.items():
        with way():
            plan, seconds = planned(snapshot, given)
        report = check_plan(
            document, writer.plan_document(plan), interleavings=5, seed=seed
        )
        row = plan.objectives[0]
        yield [
            kind.name,
            nodes,
            len(snapshot.instances),
            seed,
            name,
            plan.status.value,
            int(row.after),
            int(row.bound or 0),
            plan.path.migrations,
            len(report.violations),
            *seconds,
        ]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(
        prog='python -m benchmarks.zones',
        description='Consolidation of zones, as a whole and split.',
    )
    result.add_argument('--zones', type=int, default=4)
    result.add_argument(
        '--nodes', type=int, nargs='+', default=[40], help='in each zone'
    )
    result.add_argument('--seeds', type=int, default=1, metavar='COUNT')
    result.add_argument(
        '--time-limit',
        type=float,
        default=600.0,
        metavar='SECONDS',
        help='of each plan; where it is not reached, all is reproducible',
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if the checker found anything."""
    given = parser().parse_args(arguments)
    found = []
    for kind in clusters.KINDS:
        zoned = dataclasses.replace(kind, zones=given.zones)
        for nodes in given.nodes:
            for seed in range(given.seeds):
                size = given.zones * nodes
                for line in lines(zoned, size, seed, given.time_limit):
                    print(*line, sep=', ', file=sys.stderr, flush=True)
                    found.append(line)
    print(tables.text(HEADER, found))
    return int(any(line[9] for line in found))


if __name__ == '__main__':
    sys.exit(main())
