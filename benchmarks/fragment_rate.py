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

"""Fragment rate of two snapshots of a public cloud (VMR2L).

``python -m benchmarks.fragment_rate [FOLDER]`` lowers the fragment rate with
at most so many migrations: the share of free CPU that is not in room for 16
CPUs on one NUMA node. The room is slots of a flavor of 16 CPUs; search and
path finder are those of the strategy ``rearrange_defragment``. What it
answers is carried out on the data of the file.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks import tables
from benchmarks import vmr2l
from benchmarks.fragment_replay import Migration
from benchmarks.fragment_replay import Replay
from benchmarks.numa_cluster import NUMA_NODES
from benchmarks.numa_cluster import NumaCluster
from benchmarks.numa_walk import Step
from benchmarks.numa_walk import Walk
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.defragmentation import defragment
from watcher_rearrange.optimizer.problem import Problem


@dataclasses.dataclass(frozen=True)
class Case:
    """A file with limits.

    :ivar aim: the fragment rate that is asked for
    """

    name: str
    migrations: int
    limit_s: float
    aim: float


# The optimum of medium.json is proved; the aim is 0.02 above it.
CASES = (
    Case('medium.json', 25, 15.0, 0.7445),
    Case('medium.json', 50, 15.0, 0.5953),
    Case('medium.json', 100, 15.0, 0.3084),
    Case('medium.json', 200, 15.0, 0.0214),
    Case('large.json', 100, 60.0, 0.555),
    Case('large.json', 200, 60.0, 0.547),
)

# Of the time, how much the search may take, and how much of it without the
# instances on two NUMA nodes; the rest is for reading and for the path.
SEARCH_SHARE = 0.85
SIMPLE_SHARE = 0.35

# Hosts up to which instances on two NUMA nodes are moved too.
MAX_HOSTS = 600

# Targets tried until there is a path to one that is short enough.
MAX_TARGETS = 4


@dataclasses.dataclass(frozen=True)
class Solved:
    """A target with a path to it.

    :ivar bound: no target has a lower fragment rate; None if not proved
    """

    steps: list[Step]
    bound: float | None


def solve(numa: NumaCluster, case: Case, until_s: float, seed: int) -> Solved:
    """Search for a target that can be reached within the migrations.

    :param until_s: when the search must be over, on ``time.monotonic``
    """
    frozen = np.zeros(numa.cluster.n_instances, dtype=np.bool_)
    budget = case.migrations
    bound: float | None = None
    walk = Walk(numa, Placement(numa.cluster).node_of, seed)
    for attempt in range(MAX_TARGETS):
        problem = _problem(numa, frozen, budget, until_s)
        found = _search(numa, problem, seed)
        if not attempt and numa.cluster.n_nodes <= NUMA_NODES * MAX_HOSTS:
            bound = _rate(numa, found.most)
        walk = Walk(numa, found.placement.node_of, seed)
        walk.run(until_s + 1.0)
        excess = len(walk.steps) - case.migrations
        if not len(walk.blocked) and excess <= 0:
            return Solved(walk.steps, bound)
        frozen[walk.blocked] = True
        frozen[[j for i, j in numa.other_half.items() if frozen[i]]] = True
        budget -= max(0, excess)
    return Solved([], bound)


def _search(
    numa: NumaCluster, problem: Problem, seed: int
) -> defragment.Found:
    """First with the instances on one NUMA node only, then with all."""
    start = Placement(numa.cluster)
    frozen = problem.frozen.copy()
    frozen[numa.halves()] = True
    simple = dataclasses.replace(problem, frozen=frozen)
    if numa.cluster.n_nodes > NUMA_NODES * MAX_HOSTS:
        return defragment.search(simple, start, numa.wanted, seed)
    now_s = time.monotonic()
    until_s = now_s + SIMPLE_SHARE * (problem.deadline - now_s)
    simple = dataclasses.replace(simple, deadline=until_s)
    found = defragment.search(simple, start, numa.wanted, seed)
    return defragment.search(
        problem, start, numa.wanted, seed, known=found.placement
    )


def _problem(
    numa: NumaCluster, frozen: Bools, budget: int, until_s: float
) -> Problem:
    cluster = numa.cluster
    return Problem(
        rules=numa.rules,
        limit=cluster.capacity,
        open_nodes=cluster.receives,
        frozen=frozen,
        max_migrations=budget,
        deadline=until_s,
    )


def _rate(numa: NumaCluster, slots: float) -> float:
    """The fragment rate of so many slots."""
    size = float(numa.wanted.flavors.size.max())
    used = Placement(numa.cluster).used
    free = float((numa.cluster.capacity - used)[:, numa.cpu].sum())
    return (free - size * slots) / free


def migrations(numa: NumaCluster, steps: Sequence[Step]) -> list[Migration]:
    """Return the steps in the terms of the file."""
    return [
        Migration(
            numa.name_of[step[0][0]], tuple(numa.where[n] for _, n in step)
        )
        for step in steps
    ]


def run(data: dict[str, Any], case: Case, seed: int) -> list[object]:
    """Return the row of a case."""
    began_s = time.monotonic()
    numa = NumaCluster.of(data)
    until_s = began_s + SEARCH_SHARE * case.limit_s
    solved = solve(numa, case, until_s, seed)
    seconds = time.monotonic() - began_s
    replay = Replay(data)
    before = replay.fragment_rate
    replay.run(migrations(numa, solved.steps))
    for objection in replay.objections:
        print(f'{case.name}: {objection}', file=sys.stderr)
    return [
        f'{case.name} {case.migrations}',
        f'{before:.4f}',
        f'{replay.fragment_rate:.4f}',
        None if solved.bound is None else f'{solved.bound:.4f}',
        f'{case.aim:.4f}',
        replay.count,
        len(replay.objections),
        f'{seconds:.1f}',
    ]


HEADER = (
    'Case',
    'Before',
    'After',
    'Bound',
    'Aim',
    'Migrations',
    'Objections',
    'Seconds',
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases whose files are there."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.fragment_rate',
        description='Lower the fragment rate of VMR2L clusters.',
    )
    parser.add_argument('folder', nargs='?')
    parser.add_argument('--file', help='only this one, as medium.json')
    parser.add_argument('--seed', type=int, default=0)
    given = parser.parse_args(arguments)
    rows = []
    for case in CASES:
        if given.file not in (None, case.name):
            continue
        path = vmr2l.find(given.folder, case.name)
        if path is not None:
            rows.append(run(vmr2l.load(path), case, given.seed))
    if rows:
        print(tables.text(HEADER, rows))
    return 0


if __name__ == '__main__':
    sys.exit(main())
