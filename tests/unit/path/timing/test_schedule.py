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

"""Timetables keep the limits in every order that they leave open."""

from __future__ import annotations

import random
import unittest

from watcher_rearrange.path.timing import schedule
from watcher_rearrange.path.timing.schedule import Task


def overlapping(tasks: list[Task], after: list[list[int]]) -> list[set[int]]:
    """Return for each task those that may run at the same time as it."""
    ancestors: list[set[int]] = []
    order = sorted(range(len(tasks)), key=lambda k: _depth(tasks, after, k))
    known: dict[int, set[int]] = {}
    for k in order:
        before = {*tasks[k].parents, *after[k]}
        known[k] = before.union(*(known[p] for p in before))
    ancestors = [known[k] for k in range(len(tasks))]
    return [
        {
            other
            for other in range(len(tasks))
            if other != k
            and other not in ancestors[k]
            and k not in ancestors[other]
        }
        for k in range(len(tasks))
    ]


def _depth(tasks: list[Task], after: list[list[int]], k: int) -> int:
    before = {*tasks[k].parents, *after[k]}
    return 1 + max((_depth(tasks, after, p) for p in before), default=0)


def most_at_once(
    tasks: list[Task], after: list[list[int]], key: schedule.Key
) -> int:
    """Return the most units of a key that can be held at once, by search."""
    users = [k for k, task in enumerate(tasks) if key in dict(task.needs)]
    free = overlapping(tasks, after)
    best = 0

    def grow(held: int, candidates: list[int]) -> None:
        nonlocal best
        best = max(best, held)
        for position, k in enumerate(candidates):
            grow(
                held + dict(tasks[k].needs)[key],
                [o for o in candidates[position + 1 :] if o in free[k]],
            )

    grow(0, users)
    return best


ALL: dict[schedule.Key, int] = {'all': 1}


class TestTimetable(unittest.TestCase):
    def test_the_longest_chain_goes_first(self) -> None:
        tasks = [
            Task(2, (), (('x', 1),)),
            Task(1, (), (('x', 1),)),
            Task(5, (1,)),
        ]
        found = schedule.make(tasks, {'x': 1})
        self.assertEqual([1.0, 0.0, 1.0], found.start_s)
        self.assertEqual([[1], [], []], found.after)
        self.assertEqual((6.0, 6.0), (found.makespan_s, found.bound_s))

    def test_without_limits_nothing_is_added(self) -> None:
        tasks = [Task(1, (), (('x', 1),)), Task(1, (), (('x', 1),))]
        found = schedule.make(tasks, {})
        self.assertEqual([[], []], found.after)
        self.assertEqual(1.0, found.makespan_s)

    def test_several_units(self) -> None:
        tasks = [
            Task(3, (), (('link', 2),)),
            Task(1, (), (('link', 1),)),
            Task(1, (), (('link', 1),)),
        ]
        found = schedule.make(tasks, {'link': 2})
        self.assertEqual([0.0, 3.0, 3.0], found.start_s)
        self.assertEqual([[], [0], [0]], found.after)

    def test_a_unit_of_who_is_over_anyway_is_taken_first(self) -> None:
        # 2 depends on 1, so it goes on with the unit that 1 had, not 0.
        tasks = [
            Task(1, (), (('all', 1),)),
            Task(1, (), (('all', 1),)),
            Task(1, (1,), (('all', 1),)),
            Task(1, (), (('all', 1),)),
        ]
        found = schedule.make(tasks, {'all': 2}, lambda k: -k)
        self.assertEqual([[], [], [], [0]], found.after)

    def test_one_task_that_had_both_units_is_enough(self) -> None:
        # 0 and 1 had the ways out, 1 the way in as well.
        tasks = [
            Task(1, (), (('out', 1),)),
            Task(1, (), (('out', 1), ('in', 1))),
            Task(1, (), (('out', 1), ('in', 1))),
        ]
        found = schedule.make(tasks, {'out': 2, 'in': 1})
        self.assertEqual([[], [], [1]], found.after)

    def test_who_would_be_too_late_goes_first(self) -> None:
        everything: tuple[tuple[schedule.Key, int], ...] = (('all', 1),)
        long = Task(5, (), everything)
        soon = Task(2, (), everything, latest_s=3)
        found = schedule.make([long, soon], ALL)
        self.assertEqual(([2.0, 0.0], 0), (found.start_s, found.late))
        # So do those who it waits for.
        child = Task(1, (1,), everything, latest_s=3)
        found = schedule.make([long, Task(2, (), everything), child], ALL)
        self.assertEqual(([3.0, 0.0, 2.0], 0), (found.start_s, found.late))

    def test_the_longest_goes_first_where_nobody_is_late(self) -> None:
        everything: tuple[tuple[schedule.Key, int], ...] = (('all', 1),)
        tasks = [Task(5, (), everything), Task(2, (), everything, latest_s=6)]
        self.assertEqual([0.0, 5.0], schedule.make(tasks, ALL).start_s)

    def test_a_lag_holds_nothing(self) -> None:
        everything: tuple[tuple[schedule.Key, int], ...] = (('all', 1),)
        tasks = [
            Task(2, (), everything),
            Task(1, (0,), everything, lags=((0, 10.0),)),
            Task(4, (), everything),
        ]
        found = schedule.make(tasks, ALL)
        self.assertEqual([0.0, 12.0, 2.0], found.start_s)
        self.assertEqual([[], [2], [0]], found.after)
        self.assertEqual((13.0, 13.0), (found.makespan_s, found.bound_s))

    def test_nothing(self) -> None:
        self.assertEqual(0.0, schedule.make([], {}).makespan_s)

    def test_limits_hold_whatever_the_durations(self) -> None:
        for seed in range(60):
            dice = random.Random(seed)
            capacity: dict[schedule.Key, int] = {
                'a': 1,
                'b': 2,
                'all': dice.randint(1, 4),
            }
            tasks = [self._task(dice, k) for k in range(dice.randint(1, 11))]
            found = schedule.make(tasks, capacity)
            for key, units in capacity.items():
                most = most_at_once(tasks, found.after, key)
                self.assertLessEqual(most, units, (seed, key))
            self.assertGreaterEqual(found.makespan_s + 1e-9, found.bound_s)
            for k, task in enumerate(tasks):
                for parent in (*task.parents, *found.after[k]):
                    self.assertLessEqual(
                        found.end_s[parent], found.start_s[k] + 1e-9
                    )
                self._all_needed(tasks, found.after, capacity, k)

    def _all_needed(
        self,
        tasks: list[Task],
        after: list[list[int]],
        capacity: dict[schedule.Key, int],
        k: int,
    ) -> None:
        """Without any of them, some limit would not hold."""
        for task in after[k]:
            fewer = [list(before) for before in after]
            fewer[k].remove(task)
            broken = [
                key
                for key, units in capacity.items()
                if most_at_once(tasks, fewer, key) > units
            ]
            self.assertTrue(broken, (k, task))

    def _task(self, dice: random.Random, k: int) -> Task:
        parents = dice.sample(range(k), min(k, dice.randint(0, 2)))
        return Task(
            dice.choice((0.5, 1.0, 4.0)),
            tuple(parents),
            ((dice.choice('ab'), 1), ('all', 1)),
        )
