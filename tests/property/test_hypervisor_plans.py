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

"""Plans where hypervisors differ: safe, final, and never to an older one."""

from __future__ import annotations

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import test_plans
from tests.property.test_plans import PlanCase
from tests.property.test_plans import run


EXAMPLES = hypothesis.settings(test_plans.EXAMPLES, max_examples=60)

HYPERVISORS = clusters.hypervisors(
    ('QEMU', 'QEMU', 'QEMU', ''), (6, 6, 7, 8, None)
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A cluster in the middle of an upgrade."""
    document = draw(clusters.snapshots())
    for node in document['compute_nodes']:
        node.update(draw(HYPERVISORS))
    return document


class TestHypervisorPlans(PlanCase):
    def _judge(
        self, document: dict[str, Any], strategy: str, given: dict[str, Any]
    ) -> None:
        plan = self.plan(document, strategy, given)
        self.does_not_break(plan)
        again = self.plan(run(document, plan), strategy, given)
        self.assertEqual([], again['actions'])

    @EXAMPLES
    @hypothesis.given(documents())
    def test_rebalance(self, document: dict[str, Any]) -> None:
        self._judge(document, 'rebalance', {})

    @EXAMPLES
    @hypothesis.given(documents())
    def test_consolidate(self, document: dict[str, Any]) -> None:
        self._judge(document, 'consolidate', {})

    @EXAMPLES
    @hypothesis.given(documents(), st.data())
    def test_evacuate(self, document: dict[str, Any], data: Any) -> None:
        hosts = [node['hostname'] for node in document['compute_nodes']]
        nodes = data.draw(
            st.lists(st.sampled_from(hosts), min_size=1, unique=True)
        )
        self._judge(document, 'evacuate', {'nodes': nodes})

    @EXAMPLES
    @hypothesis.given(documents())
    def test_stages(self, document: dict[str, Any]) -> None:
        stages = [{'strategy': 'consolidate'}, {'strategy': 'rebalance'}]
        self._judge(document, 'combined', {'stages': stages})

    @EXAMPLES
    @hypothesis.given(documents())
    def test_optimize(self, document: dict[str, Any]) -> None:
        terms = [
            {'name': 'active_nodes', 'weight': 1},
            {'name': 'imbalance', 'weight': 1},
        ]
        plan = self.plan(document, 'optimize', {'objectives': [terms]})
        self.does_not_break(plan)
