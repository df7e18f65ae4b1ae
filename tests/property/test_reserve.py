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
from unittest import mock

import hypothesis

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import failing
from tests.property import test_filters
from tests.property import test_policies
from tests.property import test_rules
from watcher_rearrange import checker
from watcher_rearrange.checker import cluster as checker_cluster
from watcher_rearrange.checker import outages as checker_outages
from watcher_rearrange.constraints.doubt import Doubt
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.reserve import Reserve
from watcher_rearrange.planning import pipeline
from watcher_rearrange.planning import reserve
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
    'policy': {},
    'optimize': {},
    'defragment': {'flavors': {'m': {'VCPU': 3}}},
    'combined': {
        'stages': [
            {'strategy': 'evacuate', 'parameters': {'nodes': ['cmp0']}},
            {'strategy': 'consolidate', 'parameters': {'spare_nodes': 0}},
        ]
    },
}


class TestReserve(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(
        test_filters.documents() | test_rules.documents() | failing.clusters(),
        st.integers(1, 3),
    )
    def test_both_count_the_same_nodes(
        self, document: dict[str, Any], failures: int
    ) -> None:
        search = test_rules.Search(document, MoveOptions())
        found = Reserve(search.rules, failures).untolerated(
            search.placement, search.cluster.receives
        )
        other = checker_outages.Outages(
            checker_cluster.read_cluster(document), failures
        )
        self.assertEqual(
            other.hopeless(), [search.cluster.hostname(n) for n in found]
        )

    @EXAMPLES
    @hypothesis.given(
        test_rules.documents() | failing.clusters(),
        st.integers(1, 3),
        st.data(),
    )
    def test_both_doubt_the_same(
        self, document: dict[str, Any], failures: int, data: st.DataObject
    ) -> None:
        search = test_rules.Search(document, MoveOptions())
        other = checker_outages.Outages(
            checker_cluster.read_cluster(document), failures
        )
        mine = Reserve(search.rules, failures)
        for _ in range(3):
            doubts, receives = _doubts(search, data)
            found = mine.untolerated(search.placement, receives, doubts)
            self.assertEqual(
                other.hopeless(_view(search, doubts, receives)),
                [search.cluster.hostname(n) for n in found],
            )

    @EXAMPLES
    @hypothesis.given(
        clusters.snapshots() | failing.clusters(),
        st.sampled_from(sorted(GIVEN)),
        st.integers(1, 2),
    )
    def test_no_plan_uses_it_up(
        self, document: dict[str, Any], strategy: str, failures: int
    ) -> None:
        plan = _planned(document, strategy, failures)
        self.assertEqual([], _wrong(document, plan, failures))

    @EXAMPLES
    @hypothesis.given(
        clusters.snapshots() | failing.clusters(),
        test_policies.policies(),
        st.sampled_from(('evacuate', 'policy', 'rebalance')),
        st.integers(1, 2),
    )
    def test_no_plan_under_a_policy_uses_it_up(
        self,
        document: dict[str, Any],
        policy: dict[str, Any],
        strategy: str,
        failures: int,
    ) -> None:
        """Nova knows nothing of the policy, and neither does the checker."""
        plan = _planned(document, strategy, failures, policy=policy)
        self.assertEqual([], _wrong(document, plan, failures))

    @EXAMPLES
    @hypothesis.given(
        failing.clusters(),
        st.sampled_from(sorted(GIVEN)),
        st.integers(1, 2),
        st.sampled_from(((1,), (2,), ())),
    )
    def test_no_state_uses_it_up(
        self,
        document: dict[str, Any],
        strategy: str,
        failures: int,
        together: tuple[int, ...],
    ) -> None:
        """Every state is tried, every way to bring everybody in."""
        with (
            mock.patch.object(reserve, 'SMALL', new=0),
            mock.patch.object(reserve, 'FINER', new=together),
        ):
            plan = _planned(document, strategy, failures)
        self.assertEqual([], _wrong(document, plan, failures))
        hypothesis.assume(0 < len(plan['actions']) <= failing.MOST_ACTIONS)
        self.assertLessEqual(
            failing.worst(document, plan, failures),
            _hopeless(document, failures),
        )

    @EXAMPLES
    @hypothesis.given(
        failing.clusters(),
        st.sampled_from(sorted(GIVEN)),
        st.integers(1, 2),
        st.data(),
    )
    def test_who_does_not_wait_is_found_out(
        self,
        document: dict[str, Any],
        strategy: str,
        failures: int,
        data: st.DataObject,
    ) -> None:
        """What is bad in some state is never called good."""
        plan = _planned(document, strategy, data.draw(st.integers(0, 1)))
        hypothesis.assume(1 < len(plan['actions']) <= failing.MOST_ACTIONS)
        for action in plan['actions']:
            if data.draw(st.booleans()):
                action['parents'] = []
        bad = failing.worst(document, plan, failures) > _hopeless(
            document, failures
        )
        hypothesis.assume(bad)
        self.assertIn(
            'reserve', [one.rule for one in _report(document, plan, failures)]
        )


def _planned(
    document: dict[str, Any], strategy: str, failures: int, **more: Any
) -> dict[str, Any]:
    given = {
        **GIVEN[strategy],
        **more,
        'failures_to_tolerate': failures,
        'time_limit_s': 2,
    }
    snapshot = reader.snapshot_from_document(document)
    found: dict[str, Any] = writer.plan_document(
        pipeline.plan(snapshot, strategy, given)
    )
    return found


def _report(
    document: dict[str, Any], plan: dict[str, Any], failures: int
) -> list[Any]:
    report = checker.check_plan(
        document,
        plan,
        interleavings=5,
        limits=checker.Limits(failures_to_tolerate=failures),
    )
    return list(report.violations)


def _wrong(
    document: dict[str, Any], plan: dict[str, Any], failures: int
) -> list[str]:
    return [str(one) for one in _report(document, plan, failures)]


def _hopeless(document: dict[str, Any], failures: int) -> int:
    reserve = checker_outages.Outages(
        checker_cluster.read_cluster(document), failures
    )
    return len(reserve.hopeless())


def _doubts(
    search: test_rules.Search, data: st.DataObject
) -> tuple[dict[int, Doubt], Any]:
    """Draw where some instances may be, and which nodes are closed."""
    cluster = search.cluster
    node = st.integers(0, cluster.n_nodes - 1)
    receives = cluster.receives.copy()
    if data.draw(st.booleans()):
        receives[data.draw(node)] = False
    doubts = {}
    for idx in range(cluster.n_instances):
        # No plan moves who is migrating already.
        if idx in cluster.migrating or data.draw(st.integers(0, 2)):
            continue
        # Nobody is at once on one node and on its way there.
        hosts = [int(cluster.node_of[idx])]
        for other in data.draw(st.lists(node, max_size=2)):
            if other != hosts[-1]:
                hosts.append(other)
        held = [k for k in data.draw(st.lists(node, max_size=1))]
        doubts[idx] = Doubt(
            tuple(hosts), tuple(k for k in held if k != hosts[-1])
        )
    return doubts, receives


def _view(
    search: test_rules.Search, doubts: dict[int, Doubt], receives: Any
) -> checker_outages.View:
    cluster = search.cluster
    uuid = [one.uuid for one in cluster.snapshot.instances]
    return checker_outages.View(
        stations={
            uuid[idx]: tuple(map(cluster.hostname, one.hosts))
            for idx, one in doubts.items()
        },
        bound_for={
            uuid[idx]: cluster.hostname(one.held[0])
            for idx, one in doubts.items()
            if one.held
        },
        closed=frozenset(
            cluster.hostname(k)
            for k in range(cluster.n_nodes)
            if not receives[k]
        ),
    )
