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

import dataclasses
import time
import unittest

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from tests.unit.optimizer.rebalancing.test_rebalance import HOT
from tests.unit.optimizer.rebalancing.test_rebalance import imbalance
from tests.unit.optimizer.rebalancing.test_rebalance import model
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.optimizer.rebalancing import fewest
from watcher_rearrange.optimizer.rebalancing.generation import Generation
from watcher_rearrange.optimizer.rebalancing.lattice import Lattice
from watcher_rearrange.optimizer.rebalancing.master import Master
from watcher_rearrange.optimizer.rebalancing.model import Model
from watcher_rearrange.optimizer.rebalancing.patterns import Listing


def generation(found: Model, most: float, seconds: float = 60) -> Generation:
    """The search of a model for a variance in squared points."""
    listing = Listing(found)
    deadline = time.monotonic() + seconds
    return Generation(Lattice(found, listing), listing, most, deadline)


def with_disks() -> Snapshot:
    """The large instance of c0 has a disk that c1 has no room for yet."""
    inventories = {'VCPU': Inventory(16), 'DISK_GB': Inventory(100)}
    large = {'VCPU': 8, 'DISK_GB': 60}
    return Snapshot(
        tuple(small.node(f'c{k}', inventories=inventories) for k in range(2)),
        (
            small.instance('large', 'c0', allocations=large),
            *(
                small.instance(f'i{k}', 'c0', allocations={'VCPU': 1})
                for k in range(8)
            ),
            small.instance('full', 'c1', allocations={'DISK_GB': 50}),
        ),
    )


class TestGeneration(unittest.TestCase):
    def test_one_large_instance_does_for_many(self) -> None:
        found = generation(model(HOT), 0.01).fewest()
        self.assertTrue(found.proved)
        self.assertEqual(1, found.count)

    def test_patterns_may_be_long(self) -> None:
        ones = {f'i{k}': ('c0', 1) for k in range(32)}
        snapshot = small.snapshot({'c0': 32, 'c1': 32}, ones)
        found = generation(model(snapshot), 0.01).fewest()
        self.assertEqual(16, found.bound)
        self.assertEqual(16, found.count)

    def test_what_cannot_be(self) -> None:
        snapshot = small.snapshot({'c0': 4, 'c1': 4}, {'i': ('c0', 4)})
        self.assertIsNone(generation(model(snapshot), 1.0).fewest().change)

    def test_no_time(self) -> None:
        found = generation(model(HOT), 0.01, seconds=-1).fewest()
        self.assertIsNone(found.change)
        self.assertEqual(0, found.bound)

    def test_other_resources_are_looked_at_last(self) -> None:
        snapshot = with_disks()
        search = generation(model(snapshot), 0.01)
        search.fewest()
        self.assertFalse(search.all_fit)
        rules = small.rules(snapshot)
        start = Placement(rules.cluster)
        found = fewest.search(problem(rules), start, imbalance(rules), 0.1)
        # The two trade places.
        self.assertEqual(2, fewest.migrations(start, found.placement))
        self.assertEqual(2, found.bound)


class TestLattice(unittest.TestCase):
    def test_loads_that_are_no_steps(self) -> None:
        found = model(HOT)
        self.assertTrue(Lattice(found, Listing(found)).fits)
        uneven = dataclasses.replace(found, demand=found.demand + 0.5)
        self.assertFalse(Lattice(uneven, Listing(uneven)).fits)


class TestMaster(unittest.TestCase):
    def test_a_pattern_counts_once(self) -> None:
        master = Master(Listing(model(HOT)), 0.01)
        nothing = np.zeros((2, 2), dtype=np.int64)
        self.assertEqual(2, master.add(np.arange(2), nothing))
        self.assertEqual(0, master.add(np.arange(2), nothing))

    def test_what_is_missing_costs_more_and_more(self) -> None:
        master = Master(Listing(model(HOT)), 0.01)
        master.add(np.arange(2), np.zeros((2, 2), dtype=np.int64))
        first = master.solve(time.monotonic() + 60)
        self.assertTrue(master.is_missing)
        self.assertTrue(master.need())
        second = master.solve(time.monotonic() + 60)
        assert first is not None and second is not None
        self.assertAlmostEqual(2 * first[0], second[0])
