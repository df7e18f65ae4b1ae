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

import numpy as np

from tests.unit.model import small
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import cost
from watcher_rearrange.path.exact.knots import Knots
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.shorten import Search


WORK = 100_000


def knots(rules: Rules, *target: int) -> Knots:
    """The knots where nothing is known yet."""
    start = Placement(rules.cluster)
    wanted = np.array(target, dtype=np.int64)
    blocked = np.flatnonzero(start.node_of != wanted).tolist()
    costs = cost.named(rules.cluster, 'migrations')
    deadline = time.monotonic() + 60
    search = Search(rules, start, wanted, costs, deadline)
    return Knots(search, Path((), tuple(blocked)))


def two_swaps(*traits: str) -> Rules:
    """Two swaps, each with a node of its own to go through, if it may."""
    nodes = [
        small.node(
            f'{name}{k}', 2, 2**20, traits=frozenset({f'CUSTOM_{name}'})
        )
        for name in 'AB'
        for k in range(3 if name in traits else 2)
    ]
    instances = [
        small.instance(
            f'{name}{k}',
            f'{name}{k}',
            2,
            required_traits=frozenset({f'CUSTOM_{name}'}),
        )
        for name in 'AB'
        for k in range(2)
    ]
    return small.rules(small.Snapshot(tuple(nodes), tuple(instances)))


class TestKnots(unittest.TestCase):
    def test_each_part_is_solved(self) -> None:
        path = knots(two_swaps('A', 'B'), 1, 0, 4, 3).run(WORK)
        self.assertTrue(path.complete and path.proved)
        self.assertEqual(6, len(path.moves))

    def test_one_impossible_part_is_enough(self) -> None:
        path = knots(two_swaps('A'), 1, 0, 4, 3).run(WORK)
        self.assertTrue(path.proved)
        self.assertFalse(path.complete)

    def test_what_is_known_is_improved(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 2}, {'a': ('c0', 2), 'b': ('c1', 2)}
            )
        )
        asked = knots(rules, 1, 0)
        short = asked.run(WORK)
        first, *others = short.moves
        again = knots(rules, 1, 0)
        again.learn(Path((first, *others)))
        path = again.run(WORK)
        self.assertTrue(path.proved)
        self.assertEqual(3, len(path.moves))

    def test_room_that_has_to_be_gathered(self) -> None:
        # Only once 'c' has joined 'd' is there a node for one of the swap.
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 2, 'c3': 2},
                {
                    'a': ('c0', 2),
                    'b': ('c1', 2),
                    'c': ('c2', 1),
                    'd': ('c3', 1),
                },
            )
        )
        path = knots(rules, 1, 0, 2, 3).run(WORK)
        self.assertTrue(path.complete and path.proved)
        self.assertEqual(5, len(path.moves))
