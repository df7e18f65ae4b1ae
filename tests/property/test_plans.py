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

"""Whatever the cluster, a plan is safe, final and never makes it worse."""

from __future__ import annotations

import unittest

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from watcher_rearrange import checker
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


EXAMPLES = hypothesis.settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def run(document: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """Return the cluster once every action of a plan has succeeded."""
    host = {a['instance']: a['destination'] for a in _moves(plan)}
    disabled = {
        action['node']: action['reason']
        for action in plan['actions']
        if action['type'] == 'disable_service'
    }
    nodes = [
        {
            **node,
            'status': 'disabled',
            'disabled_reason': disabled[node['hostname']],
        }
        if node['hostname'] in disabled
        else node
        for node in document['compute_nodes']
    ]
    instances = [
        {**instance, 'host': host.get(instance['uuid'], instance['host'])}
        for instance in document['instances']
    ]
    return {**document, 'compute_nodes': nodes, 'instances': instances}


def _moves(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [a for a in plan['actions'] if a['type'].endswith('_migrate')]


class PlanCase(unittest.TestCase):
    """Plans that the checker has judged."""

    def plan(
        self, document: dict[str, Any], strategy: str, given: dict[str, Any]
    ) -> dict[str, Any]:
        """Return a plan without violations."""
        snapshot = reader.snapshot_from_document(document)
        plan = writer.plan_document(pipeline.plan(snapshot, strategy, given))
        report = checker.check_plan(document, plan, interleavings=100)
        self.assertEqual([], [str(v) for v in report.violations])
        return plan

    def does_not_break(self, plan: dict[str, Any]) -> None:
        """Assert that no rule is broken that was not, nor worse."""

        def key(v: dict[str, Any]) -> tuple[str, ...]:
            return v['rule'], v['unit'], *v['things']

        before = {key(v): v['current'] for v in plan['violations_before']}
        for v in plan['violations_after']:
            self.assertLessEqual(v['current'], before.get(key(v), -1), v)


class TestPlans(PlanCase):
    def _judge(
        self, document: dict[str, Any], strategy: str, given: dict[str, Any]
    ) -> dict[str, Any]:
        plan = self.plan(document, strategy, given)
        for row in plan['objectives']:
            self.assertLessEqual(row['after'], row['before'] + 1e-6, row)
            if row['bound'] is not None:
                self.assertGreaterEqual(row['after'], row['bound'] - 1e-6)
        self.does_not_break(plan)
        again = self.plan(run(document, plan), strategy, given)
        self.assertEqual([], again['actions'])
        return plan

    @EXAMPLES
    @hypothesis.given(clusters.snapshots(), st.sampled_from((0, 2.5, 10)))
    def test_rebalance(
        self, document: dict[str, Any], threshold_pct: float
    ) -> None:
        self._judge(document, 'rebalance', {'threshold_pct': threshold_pct})

    @EXAMPLES
    @hypothesis.given(
        clusters.snapshots(),
        st.integers(0, 2),
        st.sampled_from(({}, {'VCPU': 75, 'MEMORY_MB': 80})),
    )
    def test_consolidate(
        self, document: dict[str, Any], spare: int, most: dict[str, int]
    ) -> None:
        self._judge(
            document,
            'consolidate',
            {'spare_nodes': spare, 'max_utilization_pct': most},
        )

    @EXAMPLES
    @hypothesis.given(clusters.snapshots(), st.data())
    def test_evacuate(self, document: dict[str, Any], data: Any) -> None:
        hosts = [node['hostname'] for node in document['compute_nodes']]
        nodes = data.draw(
            st.lists(st.sampled_from(hosts), min_size=1, unique=True)
        )
        whole = data.draw(st.booleans())
        self._judge(
            document, 'evacuate', {'nodes': nodes, 'all_or_nothing': whole}
        )

    @EXAMPLES
    @hypothesis.given(
        clusters.snapshots(),
        st.sampled_from(('rebalance', 'consolidate')),
        st.integers(1, 3),
    )
    def test_max_migrations(
        self, document: dict[str, Any], strategy: str, most: int
    ) -> None:
        plan = self.plan(document, strategy, {'max_migrations': most})
        self.assertLessEqual(len(_moves(plan)), most)
