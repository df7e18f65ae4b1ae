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
"""Schedules of live migrations where the links are what is scarce.

``python -m benchmarks.live_migration_links [FOLDER]``, with the 25 instances
of UCC 2015 in FOLDER or in ``mvm_ucc15`` below it; by default the folder that
``REARRANGE_BENCH_DATA`` names. 4 nodes, 10 instances that all move. The model
of links is the published one, see :mod:`benchmarks.link_model`, and so is
the comparison: the published makespan, ours, and what the busiest link takes
at least. Both schedules are judged by the checker of that module.

A link is one more limited thing for the timetable of a plan: its units are
the 500 Mbit/s that the slower links have.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import time

from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from benchmarks import link_model
from benchmarks import tables
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import finder
from watcher_rearrange.path.graph import dag
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.timing import orders
from watcher_rearrange.path.timing import schedule


VARIABLE = 'REARRANGE_BENCH_DATA'
DATA = 'mvm_ucc15'
RESOURCE_CLASSES = {'mem': 'MEMORY_MB', 'cpu': 'VCPU'}
PATH_LIMIT_S = 20.0

HEADER = (
    'instance',
    'migrations',
    'published, s',
    'ours, s',
    'bound, s',
    'ratio',
    'problems',
    'ms',
)


def files(folder: str | None) -> list[pathlib.Path]:
    """Return the data files in the order of their numbers."""
    root = folder or os.environ.get(VARIABLE)
    if not root:
        return []
    for place in (pathlib.Path(root), pathlib.Path(root, DATA)):
        found = list(place.glob('random.*.json'))
        if found:
            return sorted(found, key=lambda p: (len(p.name), p.name))
    return []


def snapshot(case: link_model.Case) -> records.Snapshot:
    """Return a case as a snapshot; nodes and instances by their numbers."""
    return records.Snapshot(
        tuple(
            records.ComputeNode(
                str(node),
                {
                    RESOURCE_CLASSES[name]: records.Inventory(amounts[node])
                    for name, amounts in case.capacity.items()
                },
            )
            for node in sorted(case.link_mbps)
        ),
        tuple(
            records.Instance(
                str(vm),
                str(case.host[vm]),
                {
                    RESOURCE_CLASSES[name]: amounts[vm]
                    for name, amounts in case.demand.items()
                },
            )
            for vm in sorted(case.host)
        ),
    )


class Solver:
    """Path, parents and timetable of a case."""

    def __init__(self, case: link_model.Case) -> None:
        self._case = case
        cluster = Cluster.from_snapshot(snapshot(case))
        self._vms = sorted(case.host)
        self._nodes = sorted(case.link_mbps)
        self._rules = Rules(cluster, MoveOptions())
        self._start = Placement(cluster)
        self._target = np.array(
            [self._nodes.index(case.target[vm]) for vm in self._vms]
        )
        self._capacity: dict[schedule.Key, int] = {
            (way, node): rate // link_model.SLOW_MBPS
            for node, rate in case.link_mbps.items()
            for way in ('out', 'in')
        }

    def bound_s(self) -> float:
        """Return what the busiest link takes for the target alone."""
        direct = [
            Move(vm, int(source), int(destination))
            for vm, (source, destination) in enumerate(
                zip(self._start.node_of, self._target, strict=True)
            )
            if source != destination
        ]
        return self._timetable(direct, [()] * len(direct)).bound_s

    def solve(self, sampled: int) -> list[link_model.Transfer]:
        """Return the best schedule of so many orders of the moves.

        :raises RuntimeError: if no path was found
        """
        deadline = time.monotonic() + PATH_LIMIT_S
        path = finder.find(self._rules, self._start, self._target, deadline)
        if not path.complete:
            raise RuntimeError(f'{self._case.name}: no path')
        best: list[link_model.Transfer] = []
        for order in orders.valid(
            self._rules, self._start, path.moves, sampled
        ):
            found = self._scheduled(order)
            ours_s = link_model.makespan_s(found)
            if not best or ours_s < link_model.makespan_s(best):
                best = found
        return best

    def _scheduled(self, moves: Sequence[Move]) -> list[link_model.Transfer]:
        parents = dag.Dag(self._rules, self._start, moves).parents
        times = self._timetable(moves, parents)
        return [
            link_model.Transfer(
                *self._numbers(move), times.start_s[k], times.end_s[k]
            )
            for k, move in enumerate(moves)
        ]

    def _timetable(
        self, moves: Sequence[Move], parents: Iterable[Sequence[int]]
    ) -> schedule.Timetable:
        tasks = [
            self._task(move, before)
            for move, before in zip(moves, parents, strict=True)
        ]
        return schedule.make(tasks, self._capacity)

    def _task(self, move: Move, parents: Sequence[int]) -> schedule.Task:
        vm, source, destination = self._numbers(move)
        rate_mbps = self._case.rate_mbps(source, destination)
        units = rate_mbps // link_model.SLOW_MBPS
        return schedule.Task(
            self._case.duration_s(vm, source, destination),
            tuple(parents),
            ((('out', source), units), (('in', destination), units)),
        )

    def _numbers(self, move: Move) -> tuple[int, int, int]:
        """Return instance, source and destination as the data has them."""
        return (
            self._vms[move.instance],
            self._nodes[move.source],
            self._nodes[move.destination],
        )


def compare(path: pathlib.Path, sampled: int) -> tuple[list[object], int]:
    """Return a line of the table, and how many problems were found."""
    case = link_model.load(path)
    for problem in link_model.problems(case, case.published):
        print(f'{case.name}, published: {problem}')
    began = time.perf_counter()
    solver = Solver(case)
    found = solver.solve(sampled)
    milliseconds = round(1000 * (time.perf_counter() - began))
    wrong = link_model.problems(case, found)
    for problem in wrong:
        print(f'{case.name}: {problem}')
    ours_s, bound_s = link_model.makespan_s(found), solver.bound_s()
    return [
        case.name,
        len(found),
        float(link_model.makespan_s(case.published)),
        float(ours_s),
        bound_s,
        ours_s / bound_s,
        len(wrong),
        milliseconds,
    ], len(wrong)


def report(rows: Sequence[Sequence[object]]) -> str:
    """Return the table with a line of means, and two ratios of these."""
    numbers = np.array([row[1:] for row in rows], dtype=float)
    means = numbers.mean(axis=0).tolist()
    published_s, ours_s, bound_s = means[1:4]
    return '\n'.join(
        (
            tables.text(HEADER, [*rows, ['mean', *means]]),
            f'mean makespan / mean bound: ours {ours_s / bound_s:.3f}, '
            f'published {published_s / bound_s:.3f}',
        )
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; the status is 1 if a schedule of ours is wrong."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.live_migration_links', description=__doc__
    )
    parser.add_argument('folder', nargs='?', help='with the data')
    parser.add_argument(
        '--orders', type=int, default=300, help='of the moves, to sample'
    )
    given = parser.parse_args(arguments)
    found = files(given.folder)
    if not found:
        print(
            f'skipped: no {DATA}/random.*.json in the folder given, or in '
            f'{VARIABLE}'
        )
        return 0
    rows, wrong = zip(
        *(compare(path, given.orders) for path in found), strict=True
    )
    print(report(rows))
    return 1 if sum(wrong) else 0


if __name__ == '__main__':
    sys.exit(main())
