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

import time
import unittest

from typing import Any

import numpy as np

from tests.unit.model import small
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.path import cost
from watcher_rearrange.path import finder
from watcher_rearrange.path.moves import Path
from watcher_rearrange.policies import path_costs


def cluster() -> Cluster:
    """Three that differ in everything that can cost."""
    return Cluster.from_snapshot(
        Snapshot(
            (small.node('c1'),),
            (
                small.instance('a', 'c1', memory_mb=512),
                small.instance(
                    'b',
                    'c1',
                    allocations={'MEMORY_MB': 64, 'DISK_GB': 20},
                    load={'dirty_mb_s': 2.5},
                ),
                small.instance('c', 'c1', allocations={'DISK_GB': 7}),
            ),
        )
    )


class TestWeights(unittest.TestCase):
    def test_each_has_a_least_cost(self) -> None:
        for name, weights in (
            (path_costs.MIGRATIONS, [1, 1, 1]),
            (path_costs.MEMORY, [512, 64, 1]),
            (path_costs.DISK, [1, 20, 7]),
            (path_costs.DIRTY_RATE, [1, 4, 1]),
        ):
            with self.subTest(name):
                found = cost.asked(cluster(), name)
                self.assertEqual(name, found.name)
                self.assertEqual(weights, found.weight.tolist())
                self.assertEqual(np.int64, found.weight.dtype)

    def test_every_name_is_known(self) -> None:
        for name in path_costs.PATH_COSTS:
            self.assertTrue(cost.named(cluster(), name).unit)

    def test_several_are_added_up(self) -> None:
        found = cost.asked(cluster(), {'memory': 1, 'migrations': 1000})
        self.assertEqual([1512, 1064, 1001], found.weight.tolist())

    def test_an_unknown_name(self) -> None:
        with self.assertRaises(KeyError):
            cost.asked(cluster(), 'colour')


class TestPaths(unittest.TestCase):
    """Either one large instance steps aside on c3, or two small ones."""

    def _find(self, path_cost: Any) -> Path:
        vcpus = {'VCPU': Inventory(4), 'MEMORY_MB': Inventory(2**20)}
        snapshot = Snapshot(
            tuple(
                small.node(name, inventories=vcpus)
                for name in ('c1', 'c2', 'c3')
            ),
            (
                small.instance('large', 'c1', 4, 9000),
                small.instance('small1', 'c2', 2, 1000),
                small.instance('small2', 'c2', 2, 1000),
            ),
        )
        rules = small.rules(snapshot, path_cost=path_cost)
        return self._path(rules, 1, 0, 0)

    def _path(self, rules: Rules, *target: int) -> Path:
        return finder.find(
            rules,
            Placement(rules.cluster),
            np.array(target, dtype=np.int64),
            time.monotonic() + 60,
        )

    def test_fewest_migrations(self) -> None:
        path = self._find('migrations')
        self.assertEqual(4, len(path.moves))
        self.assertTrue(path.proved)

    def test_least_memory(self) -> None:
        path = self._find('memory')
        self.assertEqual([1, 2, 0, 1, 2], [m.instance for m in path.moves])
        self.assertTrue(path.complete and path.proved)

    def test_nothing_counts_but_migrations(self) -> None:
        # Nobody has a disk, so that each costs the least there is.
        self.assertEqual(4, len(self._find('disk').moves))

    def test_a_mixture(self) -> None:
        path = self._find({'memory': 1, 'migrations': 8000})
        self.assertEqual(4, len(path.moves))
        path = self._find({'memory': 1, 'migrations': 6000})
        self.assertEqual(5, len(path.moves))
