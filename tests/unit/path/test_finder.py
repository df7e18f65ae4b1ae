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
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.path import finder
from watcher_rearrange.path.moves import Path


def find(rules: Rules, *target: int) -> Path:
    start = Placement(rules.cluster)
    wanted = np.array(target, dtype=np.int64)
    return finder.find(rules, start, wanted, time.monotonic() + 60)


def swap(*others: int) -> Rules:
    """Two nodes whose instances are to change places, and other nodes."""
    vcpus = {'c0': 2, 'c1': 2}
    vcpus.update({f'c{k + 2}': size for k, size in enumerate(others)})
    return small.rules(small.snapshot(vcpus, {'a': ('c0', 2), 'b': ('c1', 2)}))


def steps(path: Path) -> list[tuple[int, int, int]]:
    return [(m.instance, m.source, m.destination) for m in path.moves]


class TestDirect(unittest.TestCase):
    def test_nothing_to_do(self) -> None:
        path = find(swap(), 0, 1)
        self.assertEqual((), path.moves)
        self.assertTrue(path.complete and path.proved)

    def test_departures_make_room(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 2}, {'a': ('c0', 2), 'b': ('c1', 2)}
            )
        )
        path = find(rules, 1, 2)
        self.assertEqual([(1, 1, 2), (0, 0, 1)], steps(path))
        self.assertTrue(path.proved)
        self.assertEqual(0, path.displacements)


class TestDisplacement(unittest.TestCase):
    def test_a_swap_goes_through_a_temporary_host(self) -> None:
        path = find(swap(2), 1, 0)
        self.assertEqual(3, len(path.moves))
        self.assertEqual(1, path.displacements)
        self.assertTrue(path.moves[0].displacement)
        self.assertTrue(path.proved)

    def test_an_instance_at_home_steps_aside_and_returns(self) -> None:
        # Only 'c' fits on c2, although it is where it should be.
        rules = small.rules(
            small.snapshot(
                {'c0': 6, 'c1': 4, 'c2': 2},
                {'a': ('c0', 3), 'b': ('c1', 3), 'c': ('c0', 2)},
            )
        )
        path = find(rules, 1, 0, 0)
        self.assertEqual(
            [(2, 0, 2), (1, 1, 0), (0, 0, 1), (2, 2, 0)], steps(path)
        )
        self.assertEqual(1, path.displacements)
        self.assertTrue(path.proved)

    def test_it_uses_no_node_that_takes_nobody_in(self) -> None:
        rules = small.rules(
            Snapshot(
                (
                    small.node('c0', 2),
                    small.node('c1', 2),
                    small.node('c2', 9, status='disabled'),
                ),
                (small.instance('a', 'c0', 2), small.instance('b', 'c1', 2)),
            )
        )
        path = find(rules, 1, 0)
        self.assertEqual((), path.moves)
        self.assertEqual((0, 1), path.blocked)


class TestProof(unittest.TestCase):
    def test_a_deadlock_is_proved(self) -> None:
        path = find(swap(1), 1, 0)
        self.assertFalse(path.complete)
        self.assertTrue(path.proved)

    def test_nodes_that_can_never_help_do_not_count(self) -> None:
        path = find(swap(*([1] * 600)), 1, 0)
        self.assertFalse(path.complete)
        self.assertTrue(path.proved)

    def test_empty_nodes_that_are_equal_are_one(self) -> None:
        path = find(swap(*([2] * 600)), 1, 0)
        self.assertEqual(3, len(path.moves))
        self.assertTrue(path.proved)

    def test_a_fixed_one_is_not_moved_out_of_the_way(self) -> None:
        rules = small.rules(
            Snapshot(
                (small.node('c0', 2), small.node('c1', 2), small.node('c2')),
                (
                    small.instance('a', 'c0', 2),
                    small.instance('b', 'c1', 1, locked=True),
                ),
            )
        )
        path = find(rules, 1, 1)
        self.assertTrue(path.proved and not path.complete)

    def test_affinity_keeps_a_group_where_it_is(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 9},
                {'a': ('c0', 1), 'b': ('c0', 1)},
                server_groups=(small.together('a', 'b'),),
            )
        )
        path = find(rules, 1, 1)
        self.assertTrue(path.proved and not path.complete)
