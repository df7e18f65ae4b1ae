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

import unittest

from typing import Any

import numpy as np

from tests.property.test_plans import run
from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange import checker
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.optimizer.evacuation import evacuate
from watcher_rearrange.optimizer.evacuation import spread
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


def judged(rules: Rules) -> Imbalance:
    """The imbalance of the nodes that stay, all but the first."""
    cluster = rules.cluster
    nodes = cluster.receives.copy()
    nodes[0] = False
    return Imbalance(Dimensions.of(cluster, ('VCPU',)), nodes)


class TestSpread(unittest.TestCase):
    def test_destinations_are_changed_but_not_who_moves(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 8, 'c1': 8, 'c2': 8},
                {f'i{k}': ('c0', 2) for k in range(4)},
            )
        )
        start = Placement(rules.cluster)
        first_fit = Placement(rules.cluster, np.array([1, 1, 1, 1]))
        imbalance = judged(rules)
        nodes = rules.cluster.receives.copy()
        nodes[0] = False
        found = spread.spread(
            problem(rules, open_nodes=nodes), start, first_fit, imbalance
        )
        self.assertEqual([1, 1, 2, 2], sorted(found.node_of))
        self.assertAlmostEqual(0, imbalance.value(found))

    def test_two_trade_their_destinations(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 9, 'c2': 9},
                {
                    'a': ('c0', 4),
                    'b': ('c0', 2),
                    'x': ('c1', 5),
                    'y': ('c2', 3),
                },
            )
        )
        nodes = rules.cluster.receives.copy()
        nodes[0] = False
        start = Placement(rules.cluster)
        found = spread.spread(
            problem(rules, open_nodes=nodes),
            start,
            Placement(rules.cluster, np.array([1, 2, 1, 2])),
            judged(rules),
        )
        self.assertEqual([2, 1, 1, 2], found.node_of.tolist())

    def test_better_than_the_first_fit(self) -> None:
        snapshot = generator.generate(
            generator.GenerateSpec(nodes=12, fill=0.6, seed=1)
        )
        rules = small.rules(snapshot)
        start = Placement(rules.cluster)
        nodes = rules.cluster.receives.copy()
        nodes[0] = False
        imbalance = judged(rules)
        asked = problem(rules, open_nodes=nodes)
        found = evacuate.improve(asked, start, [0], imbalance)
        first = start.copy()
        leaving = asked.movable_on(start, 0).tolist()
        for i in leaving:
            first.move(i, int(asked.destinations(first, i).argmax()))
        self.assertEqual(
            len(leaving), int((found.node_of != start.node_of).sum())
        )
        self.assertLess(imbalance.value(found), imbalance.value(first))


class TestNoSecondAudit(unittest.TestCase):
    def test_a_balanced_cluster_is_balanced_after_the_evacuation(self) -> None:
        for seed in range(3):
            document = writer.snapshot_document(
                generator.generate(
                    generator.GenerateSpec(nodes=15, fill=0.5, seed=seed)
                )
            )
            for strategy, given in (
                ('rebalance', {}),
                ('evacuate', {'nodes': [_first(document)]}),
            ):
                plan = writer.plan_document(
                    pipeline.plan(
                        reader.snapshot_from_document(document),
                        strategy,
                        given,
                    )
                )
                report = checker.check_plan(document, plan)
                self.assertEqual([], list(report.violations))
                document = run(document, plan)
            again = pipeline.plan(
                reader.snapshot_from_document(document), 'rebalance', {}
            )
            self.assertEqual((), again.actions, again.messages)


def _first(document: dict[str, Any]) -> str:
    return str(document['compute_nodes'][0]['hostname'])
