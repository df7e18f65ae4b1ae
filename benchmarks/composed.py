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
"""Composed objectives: what is reached, how far from the bound, and when.

``python -m benchmarks.composed`` plans on generated clusters for several
composed objectives, and prints each level before and after with its bound.
``--growth`` shows instead how one of them gets better with effort. The
independent checker judges every plan, and a plan is made again on the
result of each: it should have nothing to do.

Exit status 1 if a plan violates anything.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time

from collections.abc import Sequence
from typing import Any

from benchmarks import clusters
from benchmarks import tables
from watcher_rearrange import checker
from watcher_rearrange.model import records
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


FLAVOR = {'16 vCPU, 64 GiB': {'VCPU': 16, 'MEMORY_MB': 65536}}

# Several objectives as an audit would compose them.
OBJECTIVES: dict[str, list[list[dict[str, Any]]]] = {
    'default': [
        [{'name': 'soft_threshold'}],
        [{'name': 'imbalance', 'enough': 5}],
        [{'name': 'migrations'}],
    ],
    'active nodes': [[{'name': 'active_nodes'}], [{'name': 'migrations'}]],
    'nodes and migrations': [
        [{'name': 'active_nodes', 'weight': 10}, {'name': 'migrations'}]
    ],
    'imbalance and migrations': [
        [{'name': 'imbalance'}, {'name': 'migrations', 'weight': 0.01}]
    ],
    'spread': [
        [
            {'name': 'imbalance', 'measure': 'spread'},
            {'name': 'migrations', 'weight': 0.05},
        ]
    ],
    'instance count': [
        [{'name': 'instance_count', 'enough': 1}],
        [{'name': 'disruption', 'group_by': 'server_group'}],
        [{'name': 'moved_gb'}],
    ],
    'proportion': [
        [{'name': 'proportion'}, {'name': 'migrations', 'weight': 0.5}]
    ],
    'fragmentation': [
        [
            {'name': 'fragmentation', 'flavors': FLAVOR},
            {'name': 'migrations', 'weight': 0.1},
        ]
    ],
}
GROWING = 'imbalance and migrations'
EFFORTS = (0.05, 0.2, 1, 4)

HEADER = (
    'cluster',
    'nodes',
    'objective',
    'before',
    'after',
    'bound',
    'migrations',
    'CPU s',
    'violations',
    'again',
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A cluster and what is wanted of it."""

    kind: clusters.Kind
    nodes: int
    seed: int
    name: str
    effort: float = 1.0

    @property
    def given(self) -> dict[str, Any]:
        """The parameters of the strategy."""
        return {
            'objectives': OBJECTIVES[self.name],
            'effort': self.effort,
            'time_limit_s': 3600,
        }


def run(case: Case) -> tuple[list[tuple[object, ...]], int]:
    """Return the lines of a case, and the count of violations."""
    snapshot = case.kind.generate(case.nodes, case.seed)
    began = time.process_time()
    plan = pipeline.plan(snapshot, 'optimize', case.given)
    seconds = time.process_time() - began
    report = checker.check_plan(
        writer.snapshot_document(snapshot),
        writer.plan_document(plan),
        interleavings=20,
    )
    again = pipeline.plan(after(snapshot, plan), 'optimize', case.given)
    whole = (
        plan.path.migrations,
        seconds,
        len(report.violations),
        again.path.migrations,
    )
    count = len(plan.objectives)
    lines: list[tuple[object, ...]] = [
        (
            case.kind.name if not k else '',
            case.nodes if not k else '',
            row.name,
            row.before,
            row.after,
            '' if row.bound is None else row.bound,
            *(whole if not k else ('',) * len(whole)),
        )
        for k, row in enumerate(plan.objectives[: count - 1])
    ]
    return lines, len(report.violations)


def after(snapshot: records.Snapshot, plan: Plan) -> records.Snapshot:
    """Return the cluster once the plan is carried out."""
    host = {a.instance: a.destination for a in plan.actions if a.is_migration}
    return dataclasses.replace(
        snapshot,
        instances=tuple(
            dataclasses.replace(i, host=host.get(i.uuid, i.host))
            for i in snapshot.instances
        ),
    )


def cases(given: argparse.Namespace) -> list[Case]:
    """Return what is asked for."""
    if given.growth:
        kind = clusters.KINDS[1]
        return [
            Case(kind, given.sizes[-1], given.seed, GROWING, effort)
            for effort in EFFORTS
        ]
    return [
        Case(kind, nodes, given.seed, name)
        for kind in clusters.KINDS
        for nodes in given.sizes
        for name in OBJECTIVES
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sizes', type=int, nargs='+', default=[40, 400])
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--growth', action='store_true', help='several efforts for one'
    )
    violations = 0
    for case in cases(parser.parse_args(arguments)):
        lines, count = run(case)
        violations += count
        print(f'{case.name}, effort {case.effort:g}')
        print(tables.text(HEADER, lines), flush=True)
    return 1 if violations else 0


if __name__ == '__main__':
    sys.exit(main())
