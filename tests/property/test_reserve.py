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

"""The reserve for nodes that fail: both sides, and plans that keep it."""

from __future__ import annotations

import unittest

from typing import Any

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import test_filters
from tests.property import test_rules
from watcher_rearrange import checker
from watcher_rearrange.checker import cluster as checker_cluster
from watcher_rearrange.checker import reserve as checker_reserve
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.reserve import Reserve
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


EXAMPLES = hypothesis.settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
GIVEN: dict[str, dict[str, Any]] = {
    'consolidate': {'spare_nodes': 0},
    'rebalance': {'threshold_pct': 0, 'dimensions': ['VCPU']},
    'evacuate': {'nodes': ['cmp0']},
}


@st.composite
def fitting(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a cluster in which everybody fits, and most may fail."""
    sizes = draw(st.lists(st.integers(4, 8), min_size=3, max_size=5))
    instances = []
    for k, size in enumerate(sizes):
        left = size - draw(st.integers(1, 3))
        while left > 0 and draw(st.integers(0, 3)):
            amount = draw(st.integers(1, min(left, 3)))
            left -= amount
            instances.append((f'cmp{k}', amount))
    return {
        'version': 1,
        'compute_nodes': [
            {'hostname': f'cmp{k}', 'inventories': {'VCPU': {'total': size}}}
            for k, size in enumerate(sizes)
        ],
        'instances': [
            {
                'uuid': f'00000000-0000-4000-9000-{k:012d}',
                'host': host,
                'allocations': {'VCPU': amount},
            }
            for k, (host, amount) in enumerate(instances)
        ],
    }


class TestReserve(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(
        test_filters.documents() | test_rules.documents() | fitting(),
        st.integers(1, 3),
    )
    def test_both_count_the_same_nodes(
        self, document: dict[str, Any], failures: int
    ) -> None:
        search = test_rules.Search(document, MoveOptions())
        found = Reserve(search.rules, failures).untolerated(
            search.placement, search.cluster.receives
        )
        other = checker_reserve.Reserve(
            checker_cluster.read_cluster(document), failures
        )
        self.assertEqual(
            other.hopeless(), [search.cluster.hostname(n) for n in found]
        )

    @EXAMPLES
    @hypothesis.given(
        test_rules.documents() | fitting(), st.integers(1, 3), st.data()
    )
    def test_asked_again_it_says_what_another_would(
        self, document: dict[str, Any], failures: int, data: st.DataObject
    ) -> None:
        search = test_rules.Search(document, MoveOptions())
        cluster, placement = search.cluster, search.placement
        receives = cluster.receives.copy()
        reserve = Reserve(search.rules, failures)
        nodes = st.integers(0, cluster.n_nodes - 1)
        for _ in range(4):
            found = reserve.untolerated(placement, receives)
            fresh = Reserve(search.rules, failures)
            self.assertEqual(fresh.untolerated(placement, receives), found)
            if cluster.n_instances and data.draw(st.integers(0, 3)):
                who = data.draw(st.integers(0, cluster.n_instances - 1))
                placement.move(who, data.draw(nodes))
            else:
                receives[data.draw(nodes)] ^= True

    @EXAMPLES
    @hypothesis.given(
        clusters.snapshots() | fitting(),
        st.sampled_from(sorted(GIVEN)),
        st.integers(1, 2),
    )
    def test_no_plan_uses_it_up(
        self, document: dict[str, Any], strategy: str, failures: int
    ) -> None:
        given = {
            **GIVEN[strategy],
            'failures_to_tolerate': failures,
            'time_limit_s': 2,
        }
        snapshot = reader.snapshot_from_document(document)
        found = pipeline.plan(snapshot, strategy, given)
        report = checker.check_plan(
            document,
            writer.plan_document(found),
            interleavings=5,
            limits=checker.Limits(failures_to_tolerate=failures),
        )
        self.assertEqual([], [str(v) for v in report.violations])
