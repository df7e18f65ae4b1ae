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
from __future__ import annotations

import time
import unittest

from typing import Any

import hypothesis
import numpy as np

from tests.property.clusters import snapshots
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.variance import of_counts
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.search import bridge
from watcher_rearrange.optimizer.search import engine
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(
    max_examples=25, derandomize=True, deadline=None
)


def problem(document: dict[str, Any], most: int | None = None) -> Problem:
    cluster = Cluster.from_snapshot(reader.snapshot_from_document(document))
    return Problem(
        Rules(cluster, MoveOptions()),
        cluster.capacity,
        cluster.receives,
        np.zeros(cluster.n_instances, dtype=np.bool_),
        most,
        time.monotonic() + 60,
    )


class TestBridge(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(snapshots())
    def test_the_same_destinations(self, document: dict[str, Any]) -> None:
        of = problem(document)
        placement = Placement(of.cluster)
        who = bridge.movable(of, placement)
        allowed = np.ones((len(who), of.cluster.n_nodes), dtype=np.bool_)
        for rule in bridge.rules(of, placement.node_of):
            rule.reset(placement.node_of)
            allowed &= rule.shift_allowed(who)
        for row, instance in zip(allowed, who.tolist(), strict=True):
            expected = of.destinations(placement, instance)
            expected[placement.node_of[instance]] = True
            np.testing.assert_array_equal(expected, row)

    @EXAMPLES
    @hypothesis.given(snapshots())
    def test_no_rule_gets_more_broken(self, document: dict[str, Any]) -> None:
        of = problem(document, 3)
        cluster, placement = of.cluster, Placement(of.cluster)
        term = of_counts(cluster.n_instances, cluster.n_nodes)
        rules = bridge.rules(of, cluster.node_of)
        model = Model(cluster.node_of, [(1.0, term)], rules)
        who = bridge.movable(of, placement)
        outcome = engine.improve(model, who, engine.Limits(steps=20))
        after = Placement(cluster, outcome.node_of)
        self.assertLessEqual(
            len(of.rules.violations(after)),
            len(of.rules.violations(placement)),
        )
        moved = np.flatnonzero(outcome.node_of != cluster.node_of)
        self.assertLessEqual(len(moved), 3)
        self.assertEqual(set(), set(moved.tolist()) - set(who.tolist()))
