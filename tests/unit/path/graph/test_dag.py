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

import random
import time
import unittest

from typing import Any

from tests.unit.model import small
from tests.unit.path import interleavings
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import finder
from watcher_rearrange.path.graph.dag import Dag
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.walk import Walk


# More moves have more states than a test should visit.
MAX_MOVES = 6
CASES = 200


def dag(rules: Rules, *moves: Move) -> list[list[int]]:
    return Dag(rules, Placement(rules.cluster), moves).parents


class TestParents(unittest.TestCase):
    def test_moves_that_do_not_meet_wait_for_nothing(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 2, 'c2': 2, 'c3': 2}, {'a': ('c1', 1), 'b': ('c1', 1)}
            )
        )
        self.assertEqual([[], []], dag(rules, Move(0, 0, 1), Move(1, 0, 2)))

    def test_where_there_is_room_for_all_nobody_waits(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 4, 'c2': 4}, {'a': ('c1', 2), 'b': ('c2', 2)}
            )
        )
        self.assertEqual([[], []], dag(rules, Move(0, 0, 1), Move(1, 1, 0)))

    def test_an_arrival_waits_for_the_room_it_needs(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 2, 'c2': 2, 'c3': 2}, {'a': ('c1', 2), 'b': ('c2', 1)}
            )
        )
        self.assertEqual([[], [0]], dag(rules, Move(1, 1, 2), Move(0, 0, 1)))

    def test_one_departure_is_enough(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 2, 'c2': 2, 'c3': 9},
                {'a': ('c1', 1), 'b': ('c2', 1), 'c': ('c2', 1)},
            )
        )
        parents = dag(rules, Move(1, 1, 2), Move(2, 1, 2), Move(0, 0, 1))
        self.assertEqual(1, len(parents[2]))

    def test_each_takes_the_room_that_another_one_leaves(self) -> None:
        # 'd' takes what 'b' leaves, so 'a' waits for 'c' alone.
        rules = small.rules(
            small.snapshot(
                {'c1': 4, 'c2': 2, 'c3': 9},
                {
                    'a': ('c1', 1),
                    'b': ('c2', 1),
                    'c': ('c2', 1),
                    'd': ('c1', 1),
                },
            )
        )
        parents = dag(
            rules, Move(1, 1, 2), Move(3, 0, 1), Move(2, 1, 2), Move(0, 0, 1)
        )
        self.assertEqual([[], [0], [], [2]], parents)

    def test_a_second_move_waits_for_the_first(self) -> None:
        rules = small.rules(
            small.snapshot({'c1': 2, 'c2': 2, 'c3': 2}, {'a': ('c1', 1)})
        )
        parents = dag(rules, Move(0, 0, 1, True), Move(0, 1, 2))
        self.assertEqual([[], [0]], parents)

    def test_what_a_parent_implies_is_not_repeated(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 1, 'c2': 1, 'c3': 1, 'c4': 1},
                {'a': ('c1', 1), 'b': ('c2', 1), 'c': ('c3', 1)},
            )
        )
        parents = dag(rules, Move(2, 2, 3), Move(1, 1, 2), Move(0, 0, 1))
        self.assertEqual([[], [0], [1]], parents)

    def test_a_member_waits_for_the_one_it_must_not_meet(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 9, 'c2': 9, 'c3': 9},
                {'a': ('c1', 1), 'b': ('c2', 1)},
                server_groups=(small.apart('a', 'b'),),
            )
        )
        self.assertEqual([[], [0]], dag(rules, Move(1, 1, 2), Move(0, 0, 1)))

    def test_who_goes_to_a_member_that_stays_waits_for_nothing(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 9, 'c2': 9},
                {'a': ('c1', 1), 'b': ('c1', 1), 'c': ('c2', 1)},
                server_groups=(small.together('a', 'b', 'c'),),
            )
        )
        self.assertEqual([[], []], dag(rules, Move(0, 0, 1), Move(1, 0, 1)))

    def test_who_follows_a_member_waits_for_it(self) -> None:
        # 'c' leaves when 'a' is there, and 'b' comes when 'a' is there.
        rules = small.rules(
            small.snapshot(
                {'c1': 9, 'c2': 9},
                {name: ('c1', 1) for name in 'abd'} | {'c': ('c2', 1)},
                server_groups=(small.together('a', 'b', 'c', 'd'),),
            )
        )
        parents = dag(rules, Move(0, 0, 1), Move(3, 1, 0), Move(1, 0, 1))
        self.assertEqual([[], [0], [0]], parents)

    def test_a_member_does_not_leave_before_who_came_to_it(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 9, 'c2': 9, 'c3': 9},
                {'a': ('c1', 1), 'b': ('c2', 1), 'c': ('c3', 1)},
                server_groups=(small.together('a', 'b', 'c'),),
            )
        )
        self.assertEqual([[], [0]], dag(rules, Move(0, 0, 1), Move(1, 1, 2)))

    def test_a_full_node_that_swaps_all_it_has(self) -> None:
        count = 6
        rules = small.rules(
            small.snapshot(
                {'hub': count, **{f'c{k}': 2 for k in range(count)}},
                {
                    **{f'a{k}': ('hub', 1) for k in range(count)},
                    **{f'b{k}': (f'c{k}', 1) for k in range(count)},
                },
            )
        )
        leave = [Move(k, 0, 1 + k) for k in range(count)]
        arrive = [Move(count + k, 1 + k, 0) for k in range(count)]
        parents = dag(rules, *leave, *arrive)
        self.assertEqual([[]] * count + [[k] for k in range(count)], parents)

    def test_nobody_arrives_before_too_much_has_left(self) -> None:
        # There is 1 too much: 'b' leaves that, 'c' the room for 'd'.
        rules = small.rules(
            small.snapshot(
                {'c1': 2, 'c2': 9},
                {
                    'a': ('c1', 1),
                    'b': ('c1', 1),
                    'c': ('c1', 1),
                    'd': ('c2', 1),
                },
            )
        )
        parents = dag(rules, Move(1, 0, 1), Move(2, 0, 1), Move(3, 1, 0))
        self.assertEqual([[], [], [0, 1]], parents)

    # An instance that left and came back is there once, not twice.
    def test_one_that_came_back_is_not_counted_twice(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c1': 2, 'c2': 2, 'c3': 2}, {'a': ('c1', 1), 'b': ('c2', 1)}
            )
        )
        parents = dag(rules, Move(0, 0, 2, True), Move(0, 2, 0), Move(1, 1, 0))
        self.assertEqual([[], [0], []], parents)


def random_path(seed: int) -> tuple[Rules, tuple[Move, ...]]:
    """A path in a tight cluster, in many cases with a group."""
    rng = random.Random(seed)
    spare = rng.choice((0, 0, 2))
    vcpus = {f'c{k}': rng.randint(3, 5) for k in range(rng.randint(2, 4))}
    instances: dict[str, tuple[str, int]] = {}
    for host, room in vcpus.items():
        while room > 1 and len(instances) < 8:
            size = rng.randint(1, min(room, 3))
            instances[f'i{len(instances)}'] = (host, size)
            room -= size
    members = rng.sample(sorted(instances), min(len(instances), 3))
    group = rng.choice((small.apart, small.together))(*members)
    rules = small.rules(
        small.snapshot(
            {host: size + spare for host, size in vcpus.items()},
            instances,
            server_groups=rng.choice(((), (group,))),
        )
    )
    start = Placement(rules.cluster)
    walk = Walk(rules, start.copy(), start.node_of)
    for _ in range(60):
        idx = rng.randrange(len(instances))
        node = rng.randrange(len(vcpus))
        here = int(walk.placement.node_of[idx])
        if node != here and rules.allows(walk.placement, idx, node):
            walk.move(idx, node)
        if len(walk) == MAX_MOVES:
            break
    return rules, walk.path().moves


class TestSafety(unittest.TestCase):
    def test_whatever_overlaps_and_whatever_fails(self) -> None:
        waiting = 0
        for seed in range(CASES):
            rules, moves = random_path(seed)
            parents = dag(rules, *moves)
            waiting += sum(len(group) > 0 for group in parents)
            start = Placement(rules.cluster).node_of.tolist()
            for state in interleavings.reachable(parents):
                held = interleavings.occupancy(state, moves, start)
                for phase, move in zip(state, moves, strict=True):
                    if phase == interleavings.RUNNING:
                        self._holds(rules, held, move, (seed, state))
        # The cases are of no use if nothing ever waits.
        self.assertGreater(waiting, CASES / 2)

    def _holds(
        self, rules: Rules, held: list[set[int]], move: Move, why: Any
    ) -> None:
        node, cluster = move.destination, rules.cluster
        here = [i for i, nodes in enumerate(held) if node in nodes]
        used = cluster.demand[here].sum(axis=0)
        asked = cluster.demand[move.instance] > 0
        fits = used[asked] <= cluster.capacity[node][asked]
        self.assertTrue(fits.all(), why)
        for group in rules.groups.of(move.instance):
            count = sum(i in here for i in group.members.tolist())
            if group.apart:
                self.assertEqual(1, count, why)
            else:
                self.assertLess(1, count, why)


class TestPath(unittest.TestCase):
    def test_a_long_chain_takes_no_time(self) -> None:
        count = 400
        rules = small.rules(
            small.snapshot(
                {f'c{k}': 1 for k in range(count + 1)},
                {f'i{k}': (f'c{k}', 1) for k in range(count)},
            )
        )
        start = Placement(rules.cluster)
        path = finder.find(
            rules, start, start.node_of + 1, time.monotonic() + 60
        )
        self.assertTrue(path.proved)
        parents = Dag(rules, start, path.moves).parents
        self.assertEqual([[], *([k] for k in range(count - 1))], parents)
