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

"""Evacuate, consolidate and rebalance: one plan beside three audits.

``python -m benchmarks.combined``: two nodes are evacuated, then as many
others as possible are freed, then the rest is balanced.
Once as a combined plan, and once as three plans, each on the result of the
one before it and with the freed nodes disabled. The independent checker
judges every plan.

Exit status 1 if a plan violates anything.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
import time

from collections.abc import Sequence
from typing import Any

from benchmarks import clusters
from benchmarks import measures
from benchmarks import tables
from watcher_rearrange import checker
from watcher_rearrange.model import records
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


HEADER = (
    'cluster',
    'nodes',
    'way',
    'migrations',
    'moved twice',
    'GiB moved',
    'nodes in use',
    'imbalance',
    'CPU s',
    'violations',
)


@dataclasses.dataclass
class Way:
    """What one way has cost so far, and where it has led."""

    snapshot: records.Snapshot
    moved: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    violations: int = 0
    imbalance: float = 0.0

    def plan(self, strategy: str, **given: Any) -> None:
        """Plan, have the plan checked and carry it out."""
        began = time.process_time()
        plan = pipeline.plan(self.snapshot, strategy, given)
        self.seconds += time.process_time() - began
        report = checker.check_plan(
            writer.snapshot_document(self.snapshot),
            writer.plan_document(plan),
            interleavings=20,
        )
        self.violations += len(report.violations)
        self.moved += [a.instance for a in plan.actions if a.is_migration]
        for row in plan.objectives:
            if row.name == 'imbalance':
                self.imbalance = row.after
        self.snapshot = _after(self.snapshot, plan)

    def close_empty_nodes(self) -> None:
        """Disable the nodes that have nothing on them."""
        used = {i.host for i in self.snapshot.instances}
        nodes = tuple(
            node
            if node.hostname in used
            else dataclasses.replace(node, status='disabled')
            for node in self.snapshot.compute_nodes
        )
        self.snapshot = dataclasses.replace(self.snapshot, compute_nodes=nodes)

    def row(self, start: records.Snapshot) -> tuple[float, ...]:
        """Return the figures of the table."""
        return (
            len(self.moved),
            len(self.moved) - len(set(self.moved)),
            measures.moved_gb(start, self.moved),
            len({i.host for i in self.snapshot.instances}),
            self.imbalance,
            self.seconds,
            self.violations,
        )


def _after(snapshot: records.Snapshot, plan: Plan) -> records.Snapshot:
    host = {a.instance: a.destination for a in plan.actions if a.is_migration}
    disabled = {a.node for a in plan.actions if a.type == 'disable_service'}
    return dataclasses.replace(
        snapshot,
        instances=tuple(
            dataclasses.replace(i, host=host.get(i.uuid, i.host))
            for i in snapshot.instances
        ),
        compute_nodes=tuple(
            dataclasses.replace(node, status='disabled')
            if node.hostname in disabled
            else node
            for node in snapshot.compute_nodes
        ),
    )


def combined(snapshot: records.Snapshot, nodes: list[str]) -> Way:
    """Return what one plan does."""
    way = Way(snapshot)
    way.plan(
        'combined',
        stages=[
            {'strategy': 'evacuate', 'parameters': {'nodes': nodes}},
            {'strategy': 'consolidate'},
            {'strategy': 'rebalance'},
        ],
    )
    return way


def separate(snapshot: records.Snapshot, nodes: list[str]) -> Way:
    """Return what three plans do, one after the other."""
    way = Way(snapshot)
    way.plan('evacuate', nodes=nodes)
    way.plan('consolidate')
    way.close_empty_nodes()
    way.plan('rebalance')
    return way


def run(given: argparse.Namespace) -> bool:
    """Print a line for each way; whether nothing was violated."""
    rows: list[tuple[object, ...]] = []
    good = True
    for kind in clusters.KINDS:
        for n_nodes in given.sizes:
            for name, method in (
                ('one plan', combined),
                ('three plans', separate),
            ):
                ways = []
                for seed in range(given.seeds):
                    snapshot = kind.generate(n_nodes, seed)
                    nodes = [
                        node.hostname for node in snapshot.compute_nodes[:2]
                    ]
                    ways.append(method(snapshot, nodes).row(snapshot))
                figures = [
                    statistics.median(column)
                    for column in zip(*ways, strict=True)
                ]
                rows.append((kind.name, n_nodes, name, *figures))
                good &= not any(way[-1] for way in ways)
                print(tables.text(HEADER, rows[-1:]), flush=True)
    print(tables.text(HEADER, rows))
    return good


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sizes', type=int, nargs='+', default=[40, 100, 400])
    parser.add_argument('--seeds', type=int, default=3)
    return 0 if run(parser.parse_args(arguments)) else 1


if __name__ == '__main__':
    sys.exit(main())
