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

"""Rules that should hold: what a plan gives up, the next one leaves alone."""

from __future__ import annotations

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import judging
from tests.property import test_plans
from tests.property import test_policies
from watcher_rearrange.checker import policy as judge
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.file import reading
from watcher_rearrange.snapshot import reader


# Seldom does a rule give way of which something can be mended then.
EXAMPLES = hypothesis.settings(test_policies.EXAMPLES, max_examples=300)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a policy of which most rules should hold, and some must."""
    rules = draw(st.lists(test_policies.PLACEMENTS, min_size=1, max_size=4))
    weights = st.sampled_from((0, 1, 2, 3, 5))
    return {
        'version': 1,
        'rules': [
            {'name': f'{one["rule"]}-{number}', **one}
            | ({'should': weight} if (weight := draw(weights)) else {})
            for number, one in enumerate(rules)
        ],
    }


class TestShould(judging.JudgedCase):
    @EXAMPLES
    @hypothesis.given(clusters.snapshots(), policies())
    def test_repair(
        self, document: dict[str, Any], policy: dict[str, Any]
    ) -> None:
        """Whatever gives way, the result of a plan is final."""
        self._judge(document, policy, 'policy')

    @test_policies.EXAMPLES
    @hypothesis.given(
        clusters.snapshots(),
        policies(),
        st.sampled_from(sorted({*test_policies.STRATEGIES} - {'policy'})),
    )
    def test_others(
        self, document: dict[str, Any], policy: dict[str, Any], strategy: str
    ) -> None:
        """So it is with those that have another aim."""
        self._judge(document, policy, strategy)

    def _judge(
        self, document: dict[str, Any], policy: dict[str, Any], strategy: str
    ) -> None:
        plan = self._plan(document, policy, strategy)
        if plan['status'] in ('INFEASIBLE', 'TIME_LIMIT'):
            return
        after = test_plans.run(document, plan)
        self.assertEqual([], self._plan(after, policy, strategy)['actions'])

    def _plan(
        self, document: dict[str, Any], policy: dict[str, Any], strategy: str
    ) -> dict[str, Any]:
        known = pipeline.Business(
            reading.policy_from_document(policy), test_policies.NOW
        )
        made = pipeline.plan(
            reader.snapshot_from_document(document),
            *test_policies.asked(document, strategy),
            known,
        )
        judged = judge.Policy(policy, judge.Circumstances(test_policies.NOW))
        return self.assert_kept(document, made, judged, interleavings=5)
