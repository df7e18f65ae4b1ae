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
"""The cases of a prototype from 2015, each solved and checked.

``python -m benchmarks.path_cases [FOLDER]``; by default the folder that
``REARRANGE_CASES`` names. A file has a snapshot, a target, the fewest
migrations that lead there (null: none do) and how many the prototype, Adam
Spiers' search for migration paths, took. The independent checker judges
every path, in random interleavings with and without a failure.

Exit status 1 if a path is longer than the shortest, missing, or violates
anything, or if a deadlock was not proved.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import time

from collections.abc import Sequence
from typing import Any

from benchmarks import tables
from watcher_rearrange.checker import check_plan
from watcher_rearrange.model import plan as plans
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


VARIABLE = 'REARRANGE_CASES'
TIME_LIMIT_S = 60.0
INTERLEAVINGS = 200

HEADER = (
    'case',
    'nodes',
    'instances',
    'migrations',
    'optimum',
    'prototype',
    'status',
    'violations',
    'ms',
)


def files(folder: str | None) -> list[pathlib.Path]:
    """Return the files that are cases, by name."""
    root = folder or os.environ.get(VARIABLE)
    if not root:
        return []
    return sorted(pathlib.Path(root).glob('*.json'))


def solve(case: dict[str, Any]) -> tuple[list[object], bool]:
    """Return a line of the table, and whether it is as it should be."""
    snapshot = reader.snapshot_from_document(case['snapshot'])
    target = reader.target_from_document(case['target'], snapshot)
    began = time.perf_counter()
    plan = pipeline.find_path(
        snapshot, target, time_limit_s=TIME_LIMIT_S, explain=False
    )
    milliseconds = 1000 * (time.perf_counter() - began)
    solved = plan.status is not plans.Status.INFEASIBLE
    migrations = plan.path.migrations if solved else None
    found = _violations(case, plan) if solved else 0
    row = [
        case['name'],
        len(snapshot.compute_nodes),
        len(snapshot.instances),
        migrations,
        case['optimal_migrations'],
        case['prototype_migrations'],
        plan.status.value,
        found,
        milliseconds,
    ]
    return row, migrations == case['optimal_migrations'] and not found


def _violations(case: dict[str, Any], plan: plans.Plan) -> int:
    report = check_plan(
        case['snapshot'],
        writer.plan_document(plan),
        case['target'],
        interleavings=INTERLEAVINGS,
        seed=0,
    )
    for violation in report.violations:
        print(f'{case["name"]}: {violation}')
    return len(report.violations)


def main(arguments: Sequence[str] | None = None) -> int:
    """Solve every case."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.path_cases', description=__doc__
    )
    parser.add_argument('folder', nargs='?', help='with the cases')
    found = files(parser.parse_args(arguments).folder)
    if not found:
        print(f'skipped: no cases in the folder given, or in {VARIABLE}')
        return 0
    cases = [json.loads(path.read_text(encoding='utf-8')) for path in found]
    rows, good = zip(*map(solve, cases), strict=True)
    print(tables.text(HEADER, rows))
    print(f'{sum(good)} of {len(good)} as short as can be, or proved')
    return 0 if all(good) else 1


if __name__ == '__main__':
    sys.exit(main())
