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

"""Quiet hours that begin while a plan runs."""

from __future__ import annotations

import datetime

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import judging
from tests.property import test_policies
from watcher_rearrange import checker
from watcher_rearrange.checker import policy as judge
from watcher_rearrange.planning import pipeline
from watcher_rearrange.policies.file import hours
from watcher_rearrange.policies.file import reading
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

# A Monday.
NOW = datetime.datetime(2026, 1, 5, 22, tzinfo=datetime.timezone.utc)


@st.composite
def busy(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a cluster where each migration takes half a minute or more."""
    there = draw(
        st.lists(
            st.tuples(st.sampled_from((0, 0, 0, 1, 2)), st.integers(1, 4)),
            min_size=6,
            max_size=12,
        )
    )
    return {
        'version': 1,
        'compute_nodes': [
            {
                'hostname': f'cmp{k}',
                'migration_link_mbps': 300,
                'inventories': {
                    'VCPU': {'total': 40},
                    'MEMORY_MB': {'total': draw(st.integers(24, 40)) * 1024},
                },
            }
            for k in range(4)
        ],
        'instances': [
            {
                'uuid': f'00000000-0000-4000-9000-{k:012d}',
                'name': f'vm{k}',
                'host': f'cmp{host}',
                'allocations': {'VCPU': 1, 'MEMORY_MB': size_gb * 1024},
            }
            for k, (host, size_gb) in enumerate(there)
        ],
    }


class TestQuietHours(judging.JudgedCase):
    @EXAMPLES
    @hypothesis.given(
        busy(),
        test_policies.SOME | st.just({}),
        st.integers(1, 3),
        st.sampled_from(('evacuate', 'consolidate', 'rebalance', 'policy')),
        st.fixed_dictionaries(
            {
                'deadline_s': st.sampled_from((0, 300)),
                'failures_to_tolerate': st.sampled_from((0, 0, 1)),
                'max_parallel': st.integers(1, 2),
            }
        ),
    )
    def test_nobody_moves_in_them(
        self,
        document: dict[str, Any],
        whom: dict[str, Any],
        minutes: int,
        strategy: str,
        given: dict[str, Any],
    ) -> None:
        rules: list[dict[str, Any]] = [
            {
                'name': 'quiet',
                'rule': 'quiet_hours',
                'hours': [f'Mon 22:0{minutes}-22:30'],
                'instances': whom,
            },
            {'name': 'one', 'rule': 'max_instances', 'at_most': 4},
        ]
        policy = {'version': 1, 'rules': rules[: 1 + (strategy == 'policy')]}
        known = pipeline.Business(reading.policy_from_document(policy), NOW)
        made = pipeline.plan(
            reader.snapshot_from_document(document),
            *test_policies.asked(document, strategy, **given),
            known,
        )
        failures = given['failures_to_tolerate']
        self.assert_kept(
            document,
            made,
            judge.Policy(policy, judge.Circumstances(NOW)),
            interleavings=5,
            limits=checker.Limits(failures_to_tolerate=failures),
        )
        if given['deadline_s'] and made.actions:
            self.assertLessEqual(made.path.makespan_s, given['deadline_s'])

    @EXAMPLES
    @hypothesis.given(
        st.lists(
            st.from_regex(
                r'\A((Mon|Tue|Sat)(-(Wed|Sun))? )?'
                r'(0[0-9]|2[0-3]):[0-5]0-([01][0-9]):[0-5]0\Z'
            ),
            min_size=1,
            max_size=2,
        ),
        st.integers(0, 7 * 24 * 60 - 1),
    )
    def test_when_the_next_begin(self, texts: list[str], minute: int) -> None:
        found = [hours.parse(text) for text in texts]
        now = NOW + datetime.timedelta(minutes=minute)
        start = hours.next_start(found, now)
        assert start is not None
        self.assertGreaterEqual(start, now)
        self.assertTrue(hours.within(found, start))
        # Nobody goes from loud to quiet before.
        was = hours.within(found, now)
        while now < start:
            now += datetime.timedelta(minutes=10)
            if now >= start:
                break
            within = hours.within(found, now)
            self.assertFalse(within and not was)
            was = within
