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

"""The cheapest patterns, against pricing every pattern there is."""

from __future__ import annotations

import itertools
import unittest

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.property.test_rebalance import EXAMPLES
from tests.property.test_rebalance import balance
from tests.property.test_rebalance import snapshots
from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.rebalancing.lattice import Lattice
from watcher_rearrange.optimizer.rebalancing.model import Model
from watcher_rearrange.optimizer.rebalancing.patterns import Listing
from watcher_rearrange.optimizer.rebalancing.prices import Prices


# No node of these clusters has room for more than this of one kind.
MOST = 8


def every(model: Model, node: int) -> Ints:
    """int64[n, n_kinds]: every pattern of a node that fits."""
    most = np.where(model.allowed[:, node], MOST, 0)
    for resource, room in enumerate(model.room[node]):
        # Everybody may leave, and that much more arrive.
        need = model.need[:, resource]
        free = room + float(need @ model.count[:, node])
        each = np.floor(free / np.maximum(need, 1e-9))
        most = np.minimum(most, np.where(need > 0, each, MOST))
    ranges = [
        range(-out, int(into) + 1)
        for out, into in zip(model.count[:, node], most, strict=True)
    ]
    net = np.array(list(itertools.product(*ranges)), dtype=np.int64)
    fits: Ints = net[(net @ model.need <= model.room[node]).all(axis=1)]
    return fits


def costs(listing: Listing, node: int, net: Ints, prices: Prices) -> Floats:
    """What patterns of a node cost at these prices."""
    nodes = np.full(len(net), node)
    cost: Floats = 0.5 * np.abs(net).sum(axis=1) - net @ prices.kind
    return cost + prices.variance * listing.variance(nodes, net)


class TestLattice(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(
        snapshots(),
        st.lists(st.floats(-1.5, 1.5), min_size=4, max_size=4),
        st.floats(0.0, 0.1),
    )
    def test_nothing_is_cheaper(
        self, snapshot: Snapshot, kind: list[float], variance: float
    ) -> None:
        rules = small.rules(snapshot)
        start = Placement(rules.cluster)
        model = Model.build(problem(rules), start, balance(rules.cluster))
        hypothesis.assume(model.n_kinds > 0)
        listing = Listing(model)
        lattice = Lattice(model, listing)
        self.assertTrue(lattice.fits)
        prices = Prices(np.zeros(0), np.array(kind[: model.n_kinds]), variance)
        found = lattice.cheapest(prices, 3)
        assert found is not None
        for node, cheapest in enumerate(found):
            cost = costs(listing, node, every(model, node), prices)
            self.assertAlmostEqual(cost.min(), cheapest.least, places=6)
            own = costs(listing, node, cheapest.nets, prices)
            self.assertAlmostEqual(own[0], cheapest.least, places=6)
            there = -cheapest.nets <= model.count[:, node]
            self.assertTrue(there.all())
