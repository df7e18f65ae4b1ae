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
"""Composed objectives: safe, final, never worse, nothing for nothing."""

from __future__ import annotations

from typing import Any

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import test_plans
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.planning.optimization import Optimization
from watcher_rearrange.policies.optimize import OptimizePolicy
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(test_plans.EXAMPLES, max_examples=60)

BIG = {'big': {'VCPU': 4, 'MEMORY_MB': 4096}}
TERMS: tuple[dict[str, Any], ...] = (
    {'name': 'active_nodes'},
    {'name': 'active_nodes', 'node_costs': {'cmp[01]': 0.5, '*': 3}},
    {'name': 'imbalance'},
    {'name': 'imbalance', 'enough': 10, 'weights': {'VCPU': 3}},
    {'name': 'imbalance', 'measure': 'maximum'},
    {'name': 'imbalance', 'measure': 'spread', 'dimensions': ['DISK_GB']},
    {'name': 'imbalance', 'measure': 'variance'},
    {'name': 'instance_count'},
    {'name': 'instance_count', 'measure': 'spread'},
    {'name': 'soft_threshold'},
    {'name': 'soft_threshold', 'utilization_pct': {'MEMORY_MB': 50}},
    {'name': 'headroom', 'free': {'VCPU': 4, 'DISK_GB': 40}},
    {'name': 'proportion'},
    {'name': 'fragmentation', 'flavors': BIG},
    {'name': 'migrations'},
    {'name': 'moved_gb'},
    {'name': 'disruption', 'group_by': 'server_group'},
)


@st.composite
def weighted(draw: st.DrawFn) -> dict[str, Any]:
    """Draw one term."""
    weight = draw(st.sampled_from((1, 1, 0.5, 20)))
    return {**draw(st.sampled_from(TERMS)), 'weight': weight}


OBJECTIVES = st.lists(
    st.lists(weighted(), min_size=1, max_size=2), min_size=1, max_size=3
)


def optimization(
    document: dict[str, Any], given: dict[str, Any]
) -> Optimization:
    """The strategy at work on a cluster."""
    snapshot = reader.snapshot_from_document(document)
    policy = OptimizePolicy.of(given)
    return Optimization(Cluster.from_snapshot(snapshot), policy)


class TestOptimize(test_plans.PlanCase):
    def _rows(
        self, job: Optimization, start: Placement, end: Placement
    ) -> list[float]:
        table = job.table(start, end)
        return [row.after for row in job.levels_in(table)]

    def _nothing_for_nothing(
        self, document: dict[str, Any], plan: dict[str, Any], given: Any
    ) -> None:
        """Who is put back makes something worse, or cannot be."""
        cluster = Cluster.from_snapshot(
            reader.snapshot_from_document(document)
        )
        job = Optimization(cluster, OptimizePolicy.of(given))
        start = Placement(cluster)
        after = test_plans.run(document, plan)
        ended = optimization(after, given).cluster
        end = Placement(cluster, ended.node_of)
        reached = self._rows(job, start, end)
        for i in np.flatnonzero(end.node_of != start.node_of).tolist():
            home = int(start.node_of[i])
            if job.rules.permitted(end, i, job.limit())[home]:
                back = end.copy()
                back.move(i, home)
                values = self._rows(job, start, back)
                worse = np.array(values) > np.array(reached) + 1e-6
                self.assertTrue(worse.any(), cluster.snapshot.instances[i])

    @EXAMPLES
    @hypothesis.given(
        clusters.snapshots(),
        OBJECTIVES,
        st.sampled_from(({}, {'VCPU': 75, 'MEMORY_MB': 80})),
    )
    def test_safe_final_and_never_worse(
        self,
        document: dict[str, Any],
        objectives: list[Any],
        most: dict[str, int],
    ) -> None:
        given = {
            'objectives': objectives,
            'max_utilization_pct': most,
            'effort': 0.05,
        }
        plan = self.plan(document, 'optimize', given)
        self.does_not_break(plan)
        for row in plan['objectives']:
            if row['bound'] is not None:
                self.assertGreaterEqual(row['after'], row['bound'] - 1e-5)
        cluster = Cluster.from_snapshot(
            reader.snapshot_from_document(document)
        )
        job = Optimization(cluster, OptimizePolicy.of(given))
        changes = [
            row['after'] - row['before']
            for row in job.levels_in(plan['objectives'])
            if abs(row['after'] - row['before']) > 1e-5
        ]
        self.assertLessEqual(changes[:1], [0.0])
        if plan['actions']:
            self.assertTrue(changes)
        self._nothing_for_nothing(document, plan, given)
        again = self.plan(test_plans.run(document, plan), 'optimize', given)
        self.assertEqual([], again['actions'])
        self.assertEqual(plan, self.plan(document, 'optimize', given))

    @EXAMPLES
    @hypothesis.given(clusters.snapshots(), OBJECTIVES, st.integers(1, 3))
    def test_limits(
        self, document: dict[str, Any], objectives: list[Any], most: int
    ) -> None:
        given = {
            'objectives': objectives,
            'effort': 0.05,
            'max_migrations': most,
            'max_moved_gb': 6,
        }
        plan = self.plan(document, 'optimize', given)
        self.assertLessEqual(plan['path']['migrations'], most)
        self.assertLessEqual(plan['path']['migrated_mb'], 6 * 1024)
