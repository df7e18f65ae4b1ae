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

"""Stages in one plan: safe, final, and no stage undoes another."""

from __future__ import annotations

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import test_plans
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(test_plans.EXAMPLES, max_examples=60)


def hosts_in_use(document: dict[str, Any]) -> set[str]:
    """The nodes that have an instance."""
    return {instance['host'] for instance in document['instances']}


def on(document: dict[str, Any], nodes: list[str]) -> int:
    """How many instances are on some nodes."""
    return sum(i['host'] in nodes for i in document['instances'])


class TestStages(test_plans.PlanCase):
    def _staged(
        self, document: dict[str, Any], stages: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the cluster afterwards; a second plan changes nothing."""
        given = {'stages': stages}
        plan = self.plan(document, 'combined', given)
        self.does_not_break(plan)
        after = test_plans.run(document, plan)
        again = self.plan(after, 'combined', given)
        self.assertEqual([], again['actions'])
        return after

    @EXAMPLES
    @hypothesis.given(clusters.snapshots(), st.sampled_from((2.5, 10)))
    def test_what_is_freed_stays_free(
        self, document: dict[str, Any], threshold_pct: float
    ) -> None:
        before = hosts_in_use(document)
        balance = {'threshold_pct': threshold_pct}
        after = self._staged(
            document,
            [
                {'strategy': 'consolidate'},
                {'strategy': 'rebalance', 'parameters': balance},
            ],
        )
        self.assertLessEqual(hosts_in_use(after), before)
        alone = pipeline.plan(
            reader.snapshot_from_document(document), 'consolidate', {}
        )
        freed = sum(
            row.before - row.after
            for row in alone.objectives
            if row.name == 'active_nodes'
        )
        self.assertGreaterEqual(len(before) - len(hosts_in_use(after)), freed)

    @EXAMPLES
    @hypothesis.given(clusters.snapshots())
    def test_what_is_mended_stays_so(self, document: dict[str, Any]) -> None:
        repair = {'strategy': 'policy'}
        after = self._staged(document, [repair, {'strategy': 'rebalance'}])
        self.assertEqual([], self.plan(after, 'policy', {})['actions'])

    @EXAMPLES
    @hypothesis.given(clusters.snapshots(), st.data())
    def test_what_is_evacuated_stays_empty(
        self, document: dict[str, Any], data: Any
    ) -> None:
        hosts = [node['hostname'] for node in document['compute_nodes']]
        nodes = data.draw(
            st.lists(
                st.sampled_from(hosts), min_size=1, max_size=2, unique=True
            )
        )
        named = {'nodes': nodes}
        after = self._staged(
            document,
            [
                {'strategy': 'evacuate', 'parameters': named},
                {'strategy': 'consolidate'},
                {'strategy': 'rebalance'},
            ],
        )
        alone = self.plan(document, 'evacuate', named)
        done = test_plans.run(document, alone)
        self.assertLessEqual(on(after, nodes), on(done, nodes))
