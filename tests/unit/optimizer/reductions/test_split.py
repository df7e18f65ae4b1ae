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

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.optimizer.reductions.split import Split
from watcher_rearrange.snapshot import generator


def rules(*homes: str, **more: Any) -> Rules:
    """Two zones of two nodes; an instance pinned there on each node given."""
    nodes = tuple(
        small.node(f'c{k}', availability_zone=f'az{k // 2}') for k in range(4)
    )
    instances = tuple(
        small.instance(f'i{k}', home, pinned_az=f'az{int(home[1]) // 2}')
        for k, home in enumerate(homes)
    )
    return small.rules(Snapshot(nodes, instances, **more))


def split(of: Rules, **more: Any) -> Split:
    return Split(problem(of, **more), Placement(of.cluster))


def parts(of: Rules, **more: Any) -> list[list[int]]:
    """The nodes of each part."""
    return [part.nodes.tolist() for part in split(of, **more).parts]


class TestParts(unittest.TestCase):
    def test_zones_are_apart(self) -> None:
        self.assertEqual([[0, 1], [2, 3]], parts(rules('c0', 'c1', 'c2')))

    def test_who_may_go_anywhere_ties_everything(self) -> None:
        of = rules('c0', 'c1', 'c2')
        free = small.instance('free', 'c3')
        snapshot = of.cluster.snapshot
        everybody = Snapshot(
            snapshot.compute_nodes, (*snapshot.instances, free)
        )
        self.assertEqual([[0, 1, 2, 3]], parts(small.rules(everybody)))

    def test_who_stays_ties_nothing(self) -> None:
        of = rules('c0', 'c2')
        locked = small.instance('locked', 'c3', locked=True)
        snapshot = of.cluster.snapshot
        everybody = Snapshot(
            snapshot.compute_nodes, (*snapshot.instances, locked)
        )
        self.assertEqual([[0, 1], [2, 3]], parts(small.rules(everybody)))

    def test_where_nobody_can_move_there_is_no_part(self) -> None:
        of = rules('c0', 'c1')
        self.assertEqual([[0, 1]], parts(of))
        self.assertEqual([2, 3], split(of).others.tolist())

    def test_closed_nodes_are_not_gone_to(self) -> None:
        open_nodes = np.array([True, False, True, True])
        of = rules('c0', 'c2')
        self.assertEqual([[2, 3]], parts(of, open_nodes=open_nodes))
        # Who is on one may still leave it.
        of = rules('c1', 'c2')
        self.assertEqual([[0, 1], [2, 3]], parts(of, open_nodes=open_nodes))

    def test_hardware_that_some_nodes_have(self) -> None:
        special = {'VCPU': Inventory(8), 'CUSTOM_GPU': Inventory(2)}
        plain = {'VCPU': Inventory(8)}
        nodes = tuple(
            small.node(f'c{k}', inventories=special if k % 2 else plain)
            for k in range(4)
        )
        with_gpu = {'VCPU': 1, 'CUSTOM_GPU': 1}
        instances = (
            small.instance('a', 'c1', allocations=with_gpu),
            small.instance('b', 'c0', locked=True),
        )
        of = small.rules(Snapshot(nodes, instances))
        self.assertEqual([[1, 3]], parts(of))

    def test_an_affinity_group_ties_its_nodes(self) -> None:
        of = rules('c0', 'c2', server_groups=(small.together('i0', 'i1'),))
        self.assertEqual([[0, 1, 2, 3]], parts(of))

    def test_an_anti_affinity_group_is_cut(self) -> None:
        group = small.apart('i0', 'i1', 'i2')
        of = rules('c0', 'c1', 'c2', server_groups=(group,))
        self.assertEqual([[0, 1], [2, 3]], parts(of))
        first, second = split(of).parts
        members = first.rules.groups.groups[0].members
        self.assertEqual([0, 1], members.tolist())
        self.assertEqual((), second.rules.groups.groups)

    def test_a_migration_ties_both_ends(self) -> None:
        moves = (Migration('i0', 'c0', 'c3'),)
        of = rules('c0', 'c1', 'c2', migrations=moves)
        self.assertEqual([[0, 1, 2, 3]], parts(of))
        cluster = split(of).parts[0].cluster
        self.assertEqual(of.cluster.other_ends, cluster.other_ends)
        self.assertEqual(of.cluster.held.tolist(), cluster.held.tolist())

    def test_a_large_cloud(self) -> None:
        snapshot = generator.generate(
            generator.GenerateSpec(nodes=300, azs=3, pinned_pct=100)
        )
        found = split(small.rules(snapshot)).parts
        self.assertEqual([100] * 3, [len(part.nodes) for part in found])


class TestReduction(unittest.TestCase):
    def setUp(self) -> None:
        self.rules = rules('c0', 'c2', 'c3')
        self.start = Placement(self.rules.cluster)
        self.split = split(self.rules)

    def test_problems_of_the_parts(self) -> None:
        frozen = np.array([False, True, False])
        until = time.monotonic() + 9
        whole = problem(self.rules, frozen=frozen, deadline=until)
        (first, _), (second, start) = self.split.apply(whole, self.start)
        self.assertEqual([True], first.movable.tolist())
        self.assertEqual([False, True], second.movable.tolist())
        self.assertEqual(until, second.deadline)
        self.assertEqual([0, 1], start.node_of.tolist())
        self.assertEqual(self.start.used[2:].tolist(), start.used.tolist())

    def test_what_the_parts_do_is_done_in_the_whole(self) -> None:
        ends = [
            s for _, s in self.split.apply(problem(self.rules), self.start)
        ]
        ends[0].move(0, 1)
        ends[1].move(1, 0)
        end = self.split.invert(self.start, ends)
        self.assertEqual([1, 2, 2], end.node_of.tolist())
