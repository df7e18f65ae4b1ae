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

import math
import unittest

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.optimizer.search.cases import Case
from watcher_rearrange.objectives.hinge import SoftThreshold
from watcher_rearrange.optimizer.search.model import Model
from watcher_rearrange.optimizer.search.neighbourhoods import CHAIN
from watcher_rearrange.optimizer.search.neighbourhoods import Neighbourhoods


EXAMPLES = hypothesis.settings(
    max_examples=20, derandomize=True, deadline=None
)


def model(case: Case) -> Model:
    term = SoftThreshold(case.demand, case.capacity * 0.4, np.ones(2))
    return Model(case.start, [(1.0, term)], case.rules()[:3])


class TestNeighbourhoods(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(st.integers(0, 10**6))
    def test_somebody_could_go_along_a_chain(self, seed: int) -> None:
        case = Case.of(seed, 6, 20)
        of = model(case)
        movable = np.arange(10)
        search = Neighbourhoods(of, movable, case.start, seed)
        chain = search._chain(np.maximum(of.node_values(), 0.0))
        self.assertLessEqual(len(chain), CHAIN)
        self.assertEqual(len(chain), len(set(chain)))
        for here, there in zip(chain[:-1], chain[1:], strict=True):
            on = movable[case.start[movable] == here]
            self.assertTrue(of.cleared(on)[:, there].any())

    @EXAMPLES
    @hypothesis.given(st.integers(0, 10**6))
    def test_different_nodes_and_no_more_than_there_are(
        self, seed: int
    ) -> None:
        for n_nodes in (1, 2, 6):
            case = Case.of(seed, n_nodes, 20)
            search = Neighbourhoods(
                model(case), np.arange(20), case.start, seed
            )
            nodes = search._nodes()
            self.assertEqual(min(3, n_nodes), len(nodes))
            self.assertEqual(len(nodes), len(set(nodes.tolist())))

    @EXAMPLES
    @hypothesis.given(st.integers(0, 10**6))
    def test_a_step_never_makes_it_worse(self, seed: int) -> None:
        case = Case.of(seed)
        of = model(case)
        before = of.value()
        search = Neighbourhoods(of, np.arange(9), case.start, seed)
        search.step(math.inf, math.inf)
        self.assertLessEqual(of.value(), before)
        self.assertTrue(of.valid)

    def test_nobody_who_could_move(self) -> None:
        case = Case.of(3)
        nobody = np.zeros(0, dtype=np.int64)
        search = Neighbourhoods(model(case), nobody, case.start, 0)
        self.assertFalse(search.step(math.inf, math.inf))
