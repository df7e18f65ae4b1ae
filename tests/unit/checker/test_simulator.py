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

"""The simulator and its schedules, without the search for worst orders."""

from __future__ import annotations

import random
import unittest

from tests.unit.checker.documents import MOVE
from tests.unit.checker.documents import Document
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import move
from tests.unit.checker.documents import node
from tests.unit.checker.documents import plan
from tests.unit.checker.documents import service
from tests.unit.checker.documents import small_cluster
from tests.unit.checker.documents import snapshot
from tests.unit.checker.test_exhaustive import Breach
from tests.unit.checker.test_exhaustive import Oracle
from tests.unit.checker.test_exhaustive import random_case
from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.actions import read_actions
from watcher_rearrange.checker.cluster import read_cluster
from watcher_rearrange.checker.graph import read_graph
from watcher_rearrange.checker.limits import Limits
from watcher_rearrange.checker.occupancy import Occupancy
from watcher_rearrange.checker.report import Findings
from watcher_rearrange.checker.schedules import schedules
from watcher_rearrange.checker.simulator import Path
from watcher_rearrange.checker.simulator import Schedule
from watcher_rearrange.checker.simulator import Simulation
from watcher_rearrange.checker.violation import Violation


class Log(Occupancy):
    """A state that writes down what starts and ends."""

    running: list[str] = []
    events: list[str] = []
    most: dict[str, int] = {}

    def start(self, action: Action) -> list[Violation]:
        self.running.append(action.id)
        self.events.append(f'{action.id} starts')
        self.most['all'] = max(self.most.get('all', 0), len(self.running))
        return super().start(action)

    def end(self, action: Action, succeeded: bool) -> None:
        self.running.remove(action.id)
        fate = 'succeeds' if succeeded else 'fails'
        self.events.append(f'{action.id} {fate}')
        super().end(action, succeeded)


def path(
    cluster: Document,
    *actions: Document,
    limits: Limits | None = None,
    log: bool = False,
) -> Path:
    records = read_actions(plan(*actions), Findings())
    graph = read_graph(records, Findings())
    assert graph is not None
    state = (Log if log else Occupancy)(read_cluster(cluster))
    return Path(records, graph, state, limits or Limits())


def breaches(cluster: Document, *actions: Document, count: int) -> set[Breach]:
    findings = Findings()
    run = path(cluster, *actions)
    for schedule in schedules(run, count, True, 0):
        Simulation(run, schedule, findings).run()
    return {(found.rule, found.things) for found in findings.all()}


def many_moves(count: int) -> Document:
    """As many instances on n1, each of 1 MiB, and other empty nodes."""
    return snapshot(
        [node(f'n{i}') for i in range(1, 5)],
        [instance(f'v{i}', 'n1', 1) for i in range(count)],
    )


class TestSimulator(unittest.TestCase):
    def run_once(
        self,
        schedule: Schedule,
        cluster: Document,
        *actions: Document,
        limits: Limits | None = None,
    ) -> list[str]:
        Log.running, Log.events, Log.most = [], [], {}
        findings = Findings()
        run = path(cluster, *actions, limits=limits, log=True)
        Simulation(run, schedule, findings).run()
        self.assertEqual([], Log.running)
        self.found = findings.all()
        return Log.events

    def test_overlap_and_order(self) -> None:
        schedule = Schedule('test', [0, 0, 2], [5, 1, 1], [0.1, 0.2, 0.3])
        third = move('3', 'a', 'n2', 'n3', '1')
        events = self.run_once(
            schedule, small_cluster(), MOVE, move('2', 'b', 'n1', 'n3'), third
        )
        self.assertEqual(
            [
                '1 starts',
                '2 starts',
                '2 succeeds',
                '1 succeeds',
                '3 starts',
                '3 succeeds',
            ],
            events,
        )

    def test_what_depends_on_a_failure_is_skipped(self) -> None:
        actions = [
            MOVE,
            move('2', 'a', 'n2', 'n3', '1'),
            service('3', 'disable', 'n3', '2'),
            move('4', 'b', 'n1', 'n3'),
        ]
        zeros = [0.0] * 4
        for fate, events in (
            ('failed', ['1 starts', '4 starts', '1 fails', '4 succeeds']),
            ('skipped', ['4 starts', '4 succeeds']),
        ):
            schedule = Schedule('', zeros, [1, 1, 1, 2], zeros, **{fate: 0})
            self.assertEqual(
                events, self.run_once(schedule, small_cluster(), *actions)
            )
            self.assertEqual((), self.found)

    def test_failing_move_holds_the_destination_until_it_fails(self) -> None:
        tight = small_cluster({'n2': {'memory_mb': 70}})
        enter = move('2', 'b', 'n1', 'n2')
        for delay_s, rules in ((2, ['capacity']), (6, [])):
            schedule = Schedule('', [0, delay_s], [5, 1], [0, 1], failed=0)
            self.run_once(schedule, tight, MOVE, enter)
            self.assertEqual(rules, [found.rule for found in self.found])

    def test_failing_service_action_changes_nothing(self) -> None:
        off = service('off', 'disable', 'n2')
        for delay_s, rules in ((2, ['receiving_node']), (6, [])):
            schedule = Schedule('', [0, delay_s], [5, 1], [0, 1], failed=0)
            self.run_once(schedule, small_cluster(), off, MOVE)
            self.assertEqual(rules, [found.rule for found in self.found])

    def test_service_disabled_during_a_move(self) -> None:
        schedule = Schedule('', [0, 2], [5, 1], [0, 1])
        off = service('off', 'disable', 'n2')
        self.run_once(schedule, small_cluster(), MOVE, off)
        self.assertEqual(
            [('receiving_node', ('a', 'n2'), '')],
            [(each.rule, each.things, each.unit) for each in self.found],
        )
        self.assertIn('action off starts', self.found[0].when)

    def test_instance_that_is_on_its_way(self) -> None:
        schedule = Schedule('', [0, 2], [5, 1], [0, 1])
        other = move('2', 'a', 'n1', 'n3')
        events = self.run_once(schedule, small_cluster(), MOVE, other)
        self.assertEqual(['1 starts', '1 succeeds'], events)
        self.assertIn('it is on its way from n1', str(self.found[0]))

    def test_violation_says_when(self) -> None:
        schedule = Schedule('order 7', [0, 2.54], [5, 1], [0, 1])
        enter = move('2', 'b', 'n1', 'n2')
        tight = small_cluster({'n2': {'memory_mb': 70}})
        self.run_once(schedule, tight, MOVE, enter)
        self.assertEqual(
            'order 7, t=2.5 s, action 2 starts', self.found[0].when
        )

    def test_max_parallel(self) -> None:
        cluster = many_moves(12)
        actions = [
            move(f'{i}', f'v{i}', 'n1', f'n{2 + i % 3}') for i in range(12)
        ]
        for most in (1, 3, None):
            run = path(cluster, *actions, limits=Limits(max_parallel=most))
            for schedule in list(schedules(run, 5, False, 0))[:5]:
                self.run_once(
                    schedule,
                    cluster,
                    *actions,
                    limits=Limits(max_parallel=most),
                )
                self.assertEqual(24, len(Log.events))
                self.assertLessEqual(Log.most['all'], most or 12)

    def test_limits_of_a_node(self) -> None:
        cluster = many_moves(12)
        schedule = Schedule('', [0.0] * 12, [1.0] * 12, [0.0] * 12)
        actions = [
            move(f'{i}', f'v{i}', 'n1', f'n{2 + i % 3}') for i in range(12)
        ]
        for limits, most in (
            (Limits(), 12),
            (Limits(max_outgoing=2), 2),
            (Limits(max_incoming=2), 6),
            (Limits(max_incoming=2, max_parallel=5), 5),
            (Limits(max_incoming=2, max_outgoing=1), 1),
        ):
            self.run_once(schedule, cluster, *actions, limits=limits)
            self.assertEqual(24, len(Log.events))
            self.assertEqual(most, Log.most['all'])

    def test_limits_below_one_are_refused(self) -> None:
        for limits, name in (
            ({'max_parallel': 0}, 'max_parallel'),
            ({'max_outgoing': 0}, 'max_outgoing'),
            ({'max_incoming': -1}, 'max_incoming'),
        ):
            with self.assertRaisesRegex(ValueError, name):
                Limits(**limits)  # type: ignore[arg-type]


class TestSchedules(unittest.TestCase):
    def test_same_for_the_same_seed(self) -> None:
        run = path(small_cluster(), MOVE, move('2', 'b', 'n1', 'n2', '1'))
        first, again, other = (
            list(schedules(run, 5, True, seed)) for seed in (0, 0, 1)
        )
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_each_action_fails_and_is_skipped_once_at_least(self) -> None:
        run = path(small_cluster(), MOVE, move('2', 'b', 'n1', 'n2', '1'))
        runs = list(schedules(run, 1, True, 0))
        self.assertEqual({None, 0, 1}, {each.failed for each in runs})
        self.assertEqual({None, 0, 1}, {each.skipped for each in runs})
        runs = list(schedules(run, 5, False, 0))
        self.assertEqual({None}, {each.failed for each in runs})
        self.assertEqual({None}, {each.skipped for each in runs})

    def test_nothing_to_run(self) -> None:
        self.assertEqual(
            [], list(schedules(path(small_cluster()), 9, True, 0))
        )
        run = path(small_cluster(), MOVE)
        self.assertEqual([], list(schedules(run, 0, True, 0)))

    def test_filling_a_node_finds_a_rare_overlap(self) -> None:
        # v0 to v8 would all have to arrive before v9 leaves.
        cluster = snapshot(
            [node('n1'), node('n2', 109), node('n3')],
            [instance(f'v{i}', 'n1', 10) for i in range(10)]
            + [instance('x', 'n2', 20)],
        )
        arrivals = [
            move(f'{i}', f'v{i}', 'n1', 'n2', *([f'{i - 1}'] if i else []))
            for i in range(9)
        ]
        leave = move('x', 'x', 'n2', 'n3')
        findings = Findings()
        run = path(cluster, *arrivals, leave)
        filling = [
            schedule
            for schedule in schedules(run, 3, False, 0)
            if schedule.label.startswith('filling n2')
        ]
        self.assertEqual(1, len(filling))
        Simulation(run, filling[0], findings).run()
        self.assertEqual(
            [('capacity', ('n2', 'MEMORY_MB'))],
            [(found.rule, found.things) for found in findings.all()],
        )

    def test_simulation_alone_finds_nearly_everything(self) -> None:
        rng = random.Random(4)
        expected_count = found_count = 0
        for number in range(100):
            cluster, actions = random_case(rng)
            expected = Oracle(cluster, actions).breaches()
            found = breaches(cluster, *actions, count=40)
            self.assertLessEqual(found, expected, f'case {number}')
            expected_count += len(expected)
            found_count += len(found)
        self.assertGreater(expected_count, 200)
        self.assertGreater(found_count, 0.98 * expected_count)
