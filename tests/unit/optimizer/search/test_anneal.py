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

import itertools
import unittest
import unittest.mock

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.optimizer.search.cases import Case
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.objectives import variance
from watcher_rearrange.objectives.disruption import Disruption
from watcher_rearrange.objectives.extremes import Highest
from watcher_rearrange.objectives.extremes import Range
from watcher_rearrange.objectives.hinge import SoftThreshold
from watcher_rearrange.objectives.migration_cost import MigrationCost
from watcher_rearrange.objectives.term import Term
from watcher_rearrange.optimizer.search import anneal
from watcher_rearrange.optimizer.search.anneal import Annealer
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.room import Room


EXAMPLES = hypothesis.settings(
    max_examples=20, derandomize=True, deadline=None
)
SEEDS = st.integers(0, 10**6)
KINDS = (Annealer._trade, Annealer._swap, Annealer._exchange)


def model(case: Case) -> Model:
    """All rules, and terms of which one can only guess what a trade is."""
    weight = np.ones(2)
    price = np.ones(case.n_instances)
    terms: list[tuple[float, Term]] = [
        (1.0, SoftThreshold(case.demand, case.capacity * 0.4, weight)),
        (0.1, MigrationCost(case.start, price, case.n_nodes)),
        (0.1, Disruption(case.start, case.group, case.n_nodes)),
        (0.1, Highest(case.demand, case.capacity, weight)),
        (0.1, Range(case.demand, case.capacity, weight)),
    ]
    return Model(case.start, terms, case.rules())


def prices(start: Ints, distance: np.ndarray) -> Term:
    """What being on each node costs."""
    nothing = np.zeros(len(start))
    return MigrationCost(start, nothing, len(distance), distance)


class TestMoves(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(SEEDS, st.sampled_from([0.0, 1.0, 100.0]))
    def test_the_value_is_followed_and_no_rule_broken(
        self, seed: int, temperature: float
    ) -> None:
        for n_nodes, move in itertools.product((1, 2, 4), KINDS):
            of = model(Case.of(seed, n_nodes))
            annealer = Annealer(of, np.arange(9), seed)
            annealer.temperature = temperature
            for _ in range(10):
                move(annealer)
                self.assertTrue(of.valid)
            value = of.value()
            self.assertAlmostEqual(annealer.value, value)
            of.reset(of.node_of)
            self.assertAlmostEqual(value, of.value())
            of.reset(annealer.best)
            self.assertTrue(of.valid)
            self.assertAlmostEqual(annealer.best_value, of.value())

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_nothing_gets_worse_without_a_temperature(self, seed: int) -> None:
        case = Case.of(seed)
        term = SoftThreshold(case.demand, case.capacity * 0.4, np.ones(2))
        for move in KINDS:
            of = Model(case.start, [(1.0, term)], case.rules()[:3])
            annealer = Annealer(of, np.arange(9), seed)
            for _ in range(20):
                before = of.value()
                move(annealer)
                self.assertLessEqual(of.value(), before + 1e-9)

    @EXAMPLES
    @hypothesis.given(SEEDS)
    def test_only_the_movable_move(self, seed: int) -> None:
        case = Case.of(seed)
        of = model(case)
        annealer = Annealer(of, np.array([2, 5, 7]), seed)
        annealer.temperature = 100.0
        for _ in range(30):
            annealer.step()
        others = np.delete(np.arange(9), [2, 5, 7])
        np.testing.assert_array_equal(case.start[others], of.node_of[others])

    def test_a_trade_is_a_cyclic_exchange(self) -> None:
        start = np.arange(5)
        # Each wants to go to the next node, where there is room for one.
        distance = np.ones((5, 5))
        distance[start, (start + 1) % 5] = 0.0
        room = Room(np.ones((5, 1)), np.ones((5, 1)))
        of = Model(start, [(1.0, prices(start, distance))], [room])
        annealer = Annealer(of, start, 0)
        with unittest.mock.patch.object(annealer, '_traders') as traders:
            traders.return_value = start
            annealer._trade()
        np.testing.assert_array_equal((start + 1) % 5, of.node_of)
        self.assertEqual(0.0, annealer.value)

    def test_traders_are_of_different_nodes(self) -> None:
        case = Case.of(1, 6, 60)
        annealer = Annealer(model(case), np.arange(60), 1)
        for _ in range(50):
            traders = annealer._traders()
            homes = case.start[traders]
            self.assertEqual(len(traders), len(np.unique(homes)))
            self.assertTrue(len(traders))

    # More nodes times traders than there is noise cannot be drawn.
    def test_few_traders_where_there_are_many_nodes(self) -> None:
        n_nodes = anneal.NOISE // 16
        start = np.arange(50)
        term = variance.of_counts(50, n_nodes)
        of = Model(start, [(1.0, term)], [])
        annealer = Annealer(of, start, 0)
        self.assertLessEqual(len(annealer._traders()), 4)
        for move in KINDS:
            move(annealer)


class TestExchange(unittest.TestCase):
    def _pushed(self, sizes: list[float], limits: list[float]) -> Ints:
        """Everybody on its own node; the first wants to the second one.

        The first node is too small for anybody, even for who is there.
        """
        start = np.arange(len(sizes))
        distance = np.zeros((len(limits), len(limits)))
        distance[0] = 1.0
        distance[0, 1] = 0.0
        demand, limit = np.array(sizes)[:, None], np.array(limits)[:, None]
        of = Model(
            start, [(1.0, prices(start, distance))], [Room(demand, limit)]
        )
        annealer = Annealer(of, start, 0)
        with (
            unittest.mock.patch.object(annealer, '_pushed', return_value=0),
            unittest.mock.patch.object(annealer, '_limit', return_value=0.0),
        ):
            for _ in range(200):
                if of.value() > 0:
                    annealer._exchange()
        return of.node_of

    def test_who_is_in_the_way_goes_elsewhere(self) -> None:
        np.testing.assert_array_equal(
            [1, 2], self._pushed([5.0, 3.0], [1.0, 5.0, 3.0])
        )

    def test_who_has_nowhere_to_go_is_pushed_in_turn(self) -> None:
        np.testing.assert_array_equal(
            [1, 2, 3], self._pushed([5.0, 4.0, 3.0], [1.0, 5.0, 4.0, 3.0])
        )

    def test_all_is_undone_if_nobody_finds_room(self) -> None:
        np.testing.assert_array_equal(
            [0, 1, 2], self._pushed([5.0, 4.0, 4.0], [1.0, 6.0, 4.0, 3.0])
        )


class TestDraws(unittest.TestCase):
    def test_swaps_follow_the_boltzmann_distribution(self) -> None:
        start = np.array([0, 1])
        distance = np.array([[0.0, 0.5], [0.5, 0.0]])
        of = Model(start, [(1.0, prices(start, distance))], [])
        annealer = Annealer(of, start, 7)
        annealer.temperature = 1.0
        apart = 0
        for _ in range(4000):
            annealer._swap()
            apart += int(of.node_of[0])
        # The two swapped cost 1 more: e**-1 / (1 + e**-1) of the time.
        self.assertAlmostEqual(0.269, apart / 4000, delta=0.05)
