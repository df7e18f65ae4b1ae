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

"""What no order of the same migrations can be faster than."""

from __future__ import annotations

import itertools
import random
import unittest

from collections.abc import Iterator
from collections.abc import Sequence

from tests.unit.model import small
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.graph.dag import Dag
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.timing import bound
from watcher_rearrange.path.timing import schedule
from watcher_rearrange.path.timing.bound import Bound
from watcher_rearrange.path.timing.bound import Work


CASES = 150
MOST_MOVES = 5
Limits = dict[schedule.Key, int]

ONE_OUT: Limits = {('outgoing', node): 1 for node in range(4)}
NO_LIMIT: Limits = {}
TWO_AT_ONCE: Limits = {('parallel',): 2}


def work(*moves: Move, seconds: float = 10.0) -> list[Work]:
    return [
        Work(
            move,
            seconds,
            (
                (('outgoing', move.source), 1),
                (('incoming', move.destination), 1),
                (('parallel',), 1),
            ),
        )
        for move in moves
    ]


def of(rules: Rules, moves: Sequence[Work], capacity: Limits) -> Bound:
    return bound.of_orders(rules, Placement(rules.cluster), moves, capacity)


class TestRoom(unittest.TestCase):
    def test_what_can_never_be_there_together(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 2}, {'a': ('c0', 2), 'b': ('c1', 1)}
            )
        )
        found = of(rules, work(Move(1, 1, 2), Move(0, 0, 1)), {})
        self.assertEqual([0.0, 10.0], found.starts_s)
        self.assertEqual(20.0, found.makespan_s)

    def test_any_of_two_may_leave_first(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 9},
                {'a': ('c0', 1), 'b': ('c1', 1), 'c': ('c1', 1)},
            )
        )
        moves = work(Move(1, 1, 2), seconds=10.0)
        moves += work(Move(2, 1, 2), Move(0, 0, 1), seconds=4.0)
        found = of(rules, moves, {})
        self.assertEqual([0.0, 0.0, 4.0], found.starts_s)
        self.assertEqual(10.0, found.makespan_s)

    def test_members_that_must_be_apart(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 9, 'c1': 9, 'c2': 9},
                {'a': ('c0', 1), 'b': ('c1', 1)},
                server_groups=(small.apart('a', 'b'),),
            )
        )
        found = of(rules, work(Move(1, 1, 2), Move(0, 0, 1)), {})
        self.assertEqual([0.0, 10.0], found.starts_s)

    def test_what_follows_counts_as_well(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 2, 'c2': 9},
                {'a': ('c0', 2), 'b': ('c1', 1), 'c': ('c1', 1)},
            )
        )
        # Both leave one after the other, then the large one arrives.
        moves = work(Move(1, 1, 2), Move(2, 1, 2), Move(0, 0, 1))
        self.assertEqual(20.0, of(rules, moves, {}).makespan_s)
        self.assertEqual(30.0, of(rules, moves, ONE_OUT).makespan_s)

    def test_one_instance_moves_twice(self) -> None:
        rules = small.rules(
            small.snapshot({'c0': 9, 'c1': 9, 'c2': 9}, {'a': ('c0', 1)})
        )
        found = of(rules, work(Move(0, 0, 1, True), Move(0, 1, 2)), {})
        self.assertEqual([0.0, 10.0], found.starts_s)
        self.assertEqual(20.0, found.makespan_s)

    def test_an_overcommitted_node_may_lose_one_at_any_time(self) -> None:
        rules = small.rules(
            small.snapshot(
                {'c0': 2, 'c1': 9},
                {'a': ('c0', 2), 'b': ('c0', 2), 'c': ('c1', 0)},
            )
        )
        found = of(rules, work(Move(2, 1, 0), Move(0, 0, 1)), {})
        self.assertEqual(
            ([0.0, 0.0], 10.0), (found.starts_s, found.makespan_s)
        )


class TestAllOrders(unittest.TestCase):
    def test_no_order_is_faster(self) -> None:
        for seed in range(CASES):
            dice = random.Random(seed)
            rules, moves = self._case(dice)
            limits = dice.choice((NO_LIMIT, ONE_OUT, TWO_AT_ONCE))
            found = of(rules, moves, limits)
            position = {id(w): k for k, w in enumerate(moves)}
            for order in self._orders(rules, moves):
                times = self._timetable(rules, order, limits)
                self.assertLessEqual(
                    found.makespan_s, times.makespan_s + 1e-9, seed
                )
                for w, start_s in zip(order, times.start_s, strict=True):
                    least_s = found.starts_s[position[id(w)]]
                    self.assertLessEqual(least_s, start_s + 1e-9, seed)

    def _case(self, dice: random.Random) -> tuple[Rules, list[Work]]:
        """A random walk from a start that may be overcommitted."""
        names = [f'i{k}' for k in range(6)]
        rules = small.rules(
            small.snapshot(
                {f'c{k}': dice.randint(3, 6) for k in range(4)},
                {
                    n: (f'c{dice.randrange(4)}', dice.randrange(4))
                    for n in names
                },
                server_groups=(
                    small.apart(*names[:3], most=dice.randint(1, 2)),
                ),
            )
        )
        placement = Placement(rules.cluster)
        moves: list[Work] = []
        for _ in range(40):
            instance, node = dice.randrange(6), dice.randrange(4)
            here = int(placement.node_of[instance])
            if node != here and rules.allows(placement, instance, node):
                move = Move(instance, here, node)
                moves += work(move, seconds=dice.choice((1.0, 3.0, 10.0)))
                placement.move(instance, node)
            if len(moves) == MOST_MOVES:
                break
        return rules, moves

    def _orders(
        self, rules: Rules, moves: Sequence[Work]
    ) -> Iterator[Sequence[Work]]:
        for order in itertools.permutations(moves):
            placement = Placement(rules.cluster)
            # Those of one instance stay in their order.
            todo = {
                w.move.instance: [
                    own
                    for own in moves
                    if own.move.instance == w.move.instance
                ]
                for w in moves
            }
            for w in order:
                if w is not todo[w.move.instance].pop(0) or not rules.allows(
                    placement, w.move.instance, w.move.destination
                ):
                    break
                placement.move(w.move.instance, w.move.destination)
            else:
                yield order

    def _timetable(
        self, rules: Rules, order: Sequence[Work], limits: Limits
    ) -> schedule.Timetable:
        start = Placement(rules.cluster)
        graph = Dag(rules, start, [w.move for w in order])
        return schedule.make(
            [
                schedule.Task(w.seconds, tuple(parents), w.needs)
                for w, parents in zip(order, graph.parents, strict=True)
            ],
            limits,
        )
