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
import dataclasses
import math
import time
import unittest
import unittest.mock

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.optimizer.search.cases import Case
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives import variance
from watcher_rearrange.objectives.hinge import SoftThreshold
from watcher_rearrange.objectives.migration_cost import MigrationCost
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.objectives.used_nodes import UsedNodes
from watcher_rearrange.optimizer.search import descent
from watcher_rearrange.optimizer.search import engine
from watcher_rearrange.optimizer.search import levels
from watcher_rearrange.optimizer.search.descent import Descent
from watcher_rearrange.optimizer.search.drain import Drain
from watcher_rearrange.optimizer.search.model import Model


EXAMPLES = hypothesis.settings(
    max_examples=10, derandomize=True, deadline=None
)
SEEDS = st.integers(0, 10**6)


def soon() -> float:
    return time.monotonic() + 60


def threshold(case: Case) -> Term:
    return SoftThreshold(case.demand, case.capacity * 0.5, np.ones(2))


def counts(case: Case) -> Term:
    return variance.of_counts(case.n_instances, case.n_nodes)


def both(case: Case, price: float = 0.001) -> list[levels.Level]:
    """First what is above a threshold, then the counts of instances."""
    prices = np.full(case.n_instances, price)
    return [
        levels.Level(
            lambda start: ((1.0, threshold(case)),),
            tuple,
            tuple,
            None,
            prices,
            0.01,
        ),
        levels.Level(
            lambda start: ((1.0, counts(case)),),
            tuple,
            tuple,
            None,
            prices,
            0.01,
        ),
    ]


def search(case: Case, steps: int = 40) -> levels.Search:
    return levels.Search(
        case.rules()[:1],
        case.start,
        np.arange(case.n_instances),
        soon(),
        steps,
    )


def value(term: Term, node_of: Ints) -> float:
    term.reset(node_of)
    return term.value()


class TestLevels(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_the_first_that_changes_gets_better(self, seed: int) -> None:
        case = Case.of(seed)
        found = levels.minimise(both(case), search(case))
        changes = [
            value(term, found) - value(term, case.start)
            for term in (threshold(case), counts(case))
        ]
        changes = [change for change in changes if abs(change) > 1e-6]
        self.assertLessEqual(changes[:1], [0.0])
        self.assertEqual(bool(changes), (found != case.start).any())

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_nobody_moves_for_nothing(self, seed: int) -> None:
        case = Case.of(seed)
        found = levels.minimise(both(case), search(case))
        reached = [value(threshold(case), found), value(counts(case), found)]
        for i in np.flatnonzero(found != case.start):
            back = found.copy()
            back[i] = case.start[i]
            room = case.rules()[0]
            room.reset(found)
            if room.shift_allowed(np.array([i]))[0, case.start[i]]:
                values = [
                    value(threshold(case), back),
                    value(counts(case), back),
                ]
                worse = np.array(values) > np.array(reached) + 1e-9
                self.assertTrue(worse.any())

    def test_no_move_that_does_not_pay(self) -> None:
        case = Case.of(3)
        found = levels.minimise(both(case, price=1e6), search(case))
        np.testing.assert_array_equal(case.start, found)

    def test_the_same_seed_gives_the_same_answer(self) -> None:
        case = Case.of(3)
        one = levels.minimise(both(case), search(case))
        other = levels.minimise(both(case), search(case))
        np.testing.assert_array_equal(one, other)

    def test_it_tells_how_far_it_is(self) -> None:
        case = Case.of(3)
        told: list[tuple[int, engine.Progress]] = []
        own = dataclasses.replace(
            search(case), report=lambda *what: told.append(what)
        )
        levels.minimise(both(case), own)
        self.assertLessEqual({number for number, _ in told}, {0, 1})
        self.assertTrue(told)

    def test_no_time_at_all(self) -> None:
        case = Case.of(3)
        own = dataclasses.replace(search(case), deadline=time.monotonic())
        levels.minimise(both(case), own)

    # Or all that an interrupted search has tried would be carried out.
    def test_there_is_time_to_take_moves_back(self) -> None:
        case = Case.of(3)
        own = search(case)
        with unittest.mock.patch.object(levels, '_Level') as level:
            level.return_value.improved.return_value = None
            levels.minimise(both(case), own)
        for call in level.call_args_list:
            self.assertLess(call.args[1].deadline, own.deadline)


class TestDescent(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_no_shift_is_left_that_gains(self, seed: int) -> None:
        case = Case.of(seed)
        model = Model(case.start, [(1.0, threshold(case))], case.rules()[:1])
        before = model.value()
        everybody = np.arange(case.n_instances)
        Descent(model, everybody, soon()).run()
        self.assertLessEqual(model.value(), before)
        self.assertTrue(model.valid)
        self.assertGreaterEqual(model.shift_deltas(everybody).min(), -1e-6)

    def test_no_time_to_look_at_everybody(self) -> None:
        case = Case.of(3)
        model = Model(case.start, [(1.0, threshold(case))], [])
        with (
            unittest.mock.patch.object(descent, 'CHUNK', 1),
            unittest.mock.patch.object(
                descent.time, 'monotonic', side_effect=range(99)
            ),
            unittest.mock.patch.object(
                model, 'shift_deltas', wraps=model.shift_deltas
            ) as looked,
        ):
            Descent(model, np.arange(case.n_instances), 4).run()
        self.assertEqual(3, looked.call_count)

    def test_it_stops_when_it_is_enough(self) -> None:
        start = np.zeros(8, dtype=np.int64)
        term = variance.of_counts(8, 4)
        moved = MigrationCost(start, np.ones(8), 4)
        model = Model(start, [(1.0, term), (1e-6, moved)], [])
        going = Descent(model, np.arange(8), soon())
        going.run(lambda: moved.value() >= 2)
        self.assertEqual(2, moved.value())


class TestDrain(unittest.TestCase):
    def _drained(self, price: float) -> int:
        start = np.array([0, 0, 1, 1, 1, 2])
        used = UsedNodes(6, np.ones(3))
        moved = MigrationCost(start, np.full(6, price), 3)
        model = Model(start, [(1.0, used), (1.0, moved)], [])
        Drain(model, np.arange(6), model.value, soon()).run()
        return len(np.unique(model.node_of))

    def test_as_long_as_it_pays(self) -> None:
        self.assertEqual(1, self._drained(0.3))
        self.assertEqual(2, self._drained(0.6))
        self.assertEqual(3, self._drained(2.0))

    def test_who_must_stay_keeps_the_node(self) -> None:
        start = np.array([0, 0, 1])
        used = UsedNodes(3, np.ones(2))
        model = Model(start, [(1.0, used)], [])
        Drain(model, np.array([0, 1]), model.value, soon()).run()
        np.testing.assert_array_equal([1, 1, 1], model.node_of)

    def test_no_time(self) -> None:
        start = np.array([0, 1])
        model = Model(start, [(1.0, UsedNodes(2, np.ones(2)))], [])
        Drain(model, np.arange(2), model.value, -math.inf).run()
        np.testing.assert_array_equal(start, model.node_of)
