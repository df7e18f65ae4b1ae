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

import itertools
import time
import unittest

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.optimizer.search.cases import Case
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Outcome
from watcher_rearrange.optimizer.search.area import NodeArea
from watcher_rearrange.optimizer.search.model import Model


EXAMPLES = hypothesis.settings(
    max_examples=12, derandomize=True, deadline=None
)


def brute_force(model: Model, free: Ints, wanted: Bools) -> float:
    """The least value of any valid placement of the free instances."""
    start = model.node_of.copy()
    least = np.inf
    places = [np.flatnonzero(row).tolist() for row in wanted]
    for nodes in itertools.product(*places):
        node_of = start.copy()
        node_of[free] = nodes
        model.reset(node_of)
        if model.valid:
            least = min(least, model.value())
    model.reset(start)
    return least


class TestArea(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(st.integers(0, 10**6))
    def test_the_optimum_is_that_of_brute_force(self, seed: int) -> None:
        case = Case.of(seed, n_nodes=4, n_instances=8)
        free = np.sort(case.rng.choice(8, 4, replace=False))
        wanted = np.zeros((4, 4), dtype=np.bool_)
        wanted[:, case.rng.choice(4, 3, replace=False)] = True
        wanted[np.arange(4), case.start[free]] = True
        for term in case.linear_terms():
            for rules in ([], *([rule] for rule in case.rules()[:-1])):
                model = Model(case.start, [(2.0, term)], rules)
                self._compare(model, free, wanted)

    def _compare(self, model: Model, free: Ints, wanted: Bools) -> None:
        what = [term.name for _, term in model.terms]
        what += [rule.name for rule in model.rules]
        area = NodeArea(model, free, wanted)
        answer = area.solve(Effort(time.monotonic() + 60))
        self.assertEqual(Outcome.OPTIMAL, answer.outcome, what)
        if model.excess().any():
            # A rule that is broken may be kept in more than one sense.
            return
        node_of = model.node_of.copy()
        node_of[free] = area.targets(answer)
        expected = brute_force(model, free, wanted)
        model.reset(node_of)
        self.assertTrue(model.valid, what)
        self.assertAlmostEqual(expected, model.value(), 5, what)
