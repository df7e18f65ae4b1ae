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

"""What is kept of a consolidation that keeps room for nodes that fail.

``python -m benchmarks.reserves [--nodes 50 100 150] [--failures 1 2]`` plans
for generated clusters, and lets the independent checker judge the plans.
"""

from __future__ import annotations

import argparse
import time

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from unittest import mock

from benchmarks import clusters
from benchmarks import tables
from watcher_rearrange import checker
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.planning import pipeline
from watcher_rearrange.planning import reserve
from watcher_rearrange.snapshot import writer


HEADER = (
    'Nodes, Instances, Failures, Planned, Kept, Disabled, Lasts s, Longer s, '
    'Reserve s, CPU s, Checker s, CPU s, Violations'
)


class Kept:
    """A plan before and after the reserve, and how long that took.

    :ivar wall_s: of the reserve
    :ivar cpu_s: the same, of the processor
    """

    def __init__(
        self, snapshot: Snapshot, failures: int, limit_s: float
    ) -> None:
        """Plan."""
        self.before = self.after = Plan(Status.NO_CHANGE)
        self.wall_s = self.cpu_s = 0.0
        given = {'failures_to_tolerate': failures, 'time_limit_s': limit_s}
        with mock.patch.object(reserve, 'kept', new=self._timed(reserve.kept)):
            self.after = pipeline.plan(snapshot, 'consolidate', given)

    def _timed(self, kept: Callable[..., Plan]) -> Callable[..., Plan]:
        def timed(*given: Any) -> Plan:
            self.before = given[3]
            found, self.wall_s, self.cpu_s = _clocked(lambda: kept(*given))
            return found

        return timed


def main() -> None:
    """Print the table."""
    given = _parse()
    tables.print_csv(
        HEADER,
        (
            _row(nodes, failures, given.time_limit)
            for nodes in given.nodes
            for failures in given.failures
        ),
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--nodes', type=int, nargs='+', default=[50, 100, 150])
    parser.add_argument('--failures', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--time-limit', type=float, default=60.0, help='s')
    return parser.parse_args()


def _row(nodes: int, failures: int, limit_s: float) -> Sequence[object]:
    snapshot = clusters.KINDS[1].generate(nodes, seed=0)
    kept = Kept(snapshot, failures, limit_s)
    report, wall_s, cpu_s = _clocked(
        lambda: checker.check_plan(
            writer.snapshot_document(snapshot),
            writer.plan_document(kept.after),
            interleavings=0,
            limits=checker.Limits(failures_to_tolerate=failures),
        )
    )
    lasts_s = [one.path.makespan_s for one in (kept.before, kept.after)]
    return (
        nodes,
        len(snapshot.instances),
        failures,
        _migrations(kept.before),
        _migrations(kept.after),
        f'{_services(kept.after)} of {_services(kept.before)}',
        round(lasts_s[1]),
        round(lasts_s[1] - lasts_s[0]),
        round(kept.wall_s, 1),
        round(kept.cpu_s, 1),
        round(wall_s, 1),
        round(cpu_s, 1),
        len(report.violations),
    )


def _clocked(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """What something returns, and its seconds by both clocks."""
    began_s, cpu_s = time.monotonic(), time.process_time()
    found = run()
    return found, time.monotonic() - began_s, time.process_time() - cpu_s


def _migrations(found: Plan) -> int:
    return sum(action.is_migration for action in found.actions)


def _services(found: Plan) -> int:
    return len(found.actions) - _migrations(found)


if __name__ == '__main__':
    main()
