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

"""Every rule of a policy twice: the search, and what the checker says.

One move at a time, on random clusters: a move that the search would make
and the checker refuses is UNDER_FILTERING, one that only the search refuses
is OVER_FILTERING, an exception in either is a CRASH.
"""

from __future__ import annotations

from typing import Any

import hypothesis

from tests.property import clusters
from tests.property import test_policies
from tests.property import test_rules
from tests.property.filtering import FilteringCase
from watcher_rearrange import checker
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.policies.file import lowering
from watcher_rearrange.policies.file import reading
from watcher_rearrange.snapshot import reader


class Search(test_rules.Search):
    """What the search says of one move under a policy."""

    def __init__(
        self, document: dict[str, Any], policy: dict[str, Any]
    ) -> None:
        lowered = lowering.lower(
            reader.snapshot_from_document(document),
            reading.policy_from_document(policy).musts(),
            test_policies.NOW,
        )
        self.cluster = Cluster.from_snapshot(lowered)
        self.rules = Rules(self.cluster, MoveOptions())
        self.placement = Placement(self.cluster)


class TestPolicyRules(FilteringCase):
    @test_policies.EXAMPLES
    @hypothesis.given(clusters.snapshots(), test_policies.policies())
    def test_one_move(
        self, document: dict[str, Any], policy: dict[str, Any]
    ) -> None:
        search = Search(document, policy)
        given = checker.Circumstances(now=test_policies.NOW)
        for i, instance in enumerate(document['instances']):
            for n, node in enumerate(document['compute_nodes']):
                host = node['hostname']
                if host == instance['host'] or not search.judges(i):
                    continue
                report = checker.check_plan(
                    document,
                    test_rules.one_move(instance, host),
                    interleavings=0,
                    policy=checker.Policy(policy, given),
                )
                # The search does not look at budgets move by move.
                found = [
                    str(one)
                    for one in report.violations
                    if one.rule != 'policy_budget'
                ]
                accepted = search.accepts(i, n)
                what = f'{instance["name"]} to {host}'
                self._compare(accepted, found, what)
