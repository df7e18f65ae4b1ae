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

"""The fewest migrations to a balance, against trying every placement."""

from __future__ import annotations

import itertools
import unittest

from typing import Any

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange import checker
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.optimizer.rebalancing import fewest
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import writer


EXAMPLES = hypothesis.settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

FLAVORS = ((1, 1024), (2, 1024), (2, 4096), (4, 2048))
THRESHOLDS = (2.5, 5.0, 10.0, 20.0)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw two or three nodes with up to seven instances that fit."""
    hosts = [f'c{k}' for k in range(draw(st.integers(2, 3)))]
    room = {host: [8, 8192] for host in hosts}
    instances = []
    for k in range(draw(st.integers(1, 7))):
        flavor = draw(st.sampled_from(FLAVORS))
        host = draw(st.sampled_from(hosts))
        left = [a - b for a, b in zip(room[host], flavor, strict=True)]
        if min(left) >= 0:
            room[host] = left
            instances.append(small.instance(f'i{k}', host, *flavor))
    size = draw(st.integers(0, 3))
    members = [instance.uuid for instance in instances][:size]
    groups = (small.apart(*members),) if len(members) > 1 else ()
    return Snapshot(
        tuple(small.node(host) for host in hosts),
        tuple(instances),
        server_groups=groups,
    )


def balance(cluster: Cluster) -> Imbalance:
    """Return the imbalance that the strategy looks at."""
    return Imbalance(
        Dimensions.of(cluster, ('VCPU', 'MEMORY_MB')), cluster.receives
    )


def fewest_by_trying(rules: Rules, threshold_pct: float) -> int | None:
    """Return the fewest migrations by trying everything, None if none."""
    start = Placement(rules.cluster)
    imbalance = balance(rules.cluster)
    broken = len(rules.violations(start))
    peak = _peaks(imbalance, start)
    best = None
    shape = [range(rules.cluster.n_nodes)] * rules.cluster.n_instances
    for nodes in itertools.product(*shape):
        node_of = np.array(nodes, dtype=np.int64)
        count = int((node_of != start.node_of).sum())
        if best is not None and count >= best:
            continue
        end = Placement(rules.cluster, node_of)
        if (
            imbalance.value(end) <= threshold_pct
            and len(rules.violations(end)) <= broken
            and (_peaks(imbalance, end) <= peak + 1e-9).all()
        ):
            best = count
    return best


def _peaks(imbalance: Imbalance, placement: Placement) -> Any:
    return (imbalance.load(placement) / imbalance.capacity).max(axis=0)


def plan(snapshot: Snapshot, **given: Any) -> Plan:
    """Plan, and have the plan checked."""
    found = pipeline.plan(snapshot, 'rebalance', given)
    report = checker.check_plan(
        writer.snapshot_document(snapshot), writer.plan_document(found)
    )
    assert not report.violations, report.violations
    return found


class TestFewest(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(snapshots(), st.sampled_from(THRESHOLDS))
    def test_the_search(
        self, snapshot: Snapshot, threshold_pct: float
    ) -> None:
        rules = small.rules(snapshot)
        hypothesis.assume(not rules.violations(Placement(rules.cluster)))
        start = Placement(rules.cluster)
        imbalance = balance(rules.cluster)
        best = fewest_by_trying(rules, threshold_pct)
        found = fewest.search(problem(rules), start, imbalance, threshold_pct)
        if best is None:
            self.assertGreater(imbalance.value(found.placement), threshold_pct)
            return
        self.assertLessEqual(found.bound, best)
        if not snapshot.server_groups:
            self.assertLessEqual(
                imbalance.value(found.placement), threshold_pct
            )
        if imbalance.value(found.placement) <= threshold_pct:
            count = fewest.migrations(start, found.placement)
            self.assertGreaterEqual(count, best)
            if not snapshot.server_groups:
                self.assertEqual(best, count)

    @EXAMPLES
    @hypothesis.given(snapshots(), st.sampled_from(THRESHOLDS))
    def test_the_plan(self, snapshot: Snapshot, threshold_pct: float) -> None:
        rules = small.rules(snapshot)
        hypothesis.assume(not rules.violations(Placement(rules.cluster)))
        found = plan(snapshot, threshold_pct=threshold_pct)
        if found.status is Status.OPTIMAL:
            self.assertEqual(
                fewest_by_trying(rules, threshold_pct), found.path.migrations
            )
