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

import numpy as np

from tests.unit.model import small
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.path import cost
from watcher_rearrange.path import shorten
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.walk import Walk


def search(rules: Rules, *target: int) -> shorten.Search:
    return shorten.Search(
        rules,
        Placement(rules.cluster),
        np.array(target, dtype=np.int64),
        cost.named(rules.cluster, 'migrations'),
        time.monotonic() + 60,
    )


def swap_beside(*others: int) -> Rules:
    vcpus = {f'c{k}': size for k, size in enumerate((2, 2, *others))}
    return small.rules(small.snapshot(vcpus, {'a': ('c0', 2), 'b': ('c1', 2)}))


class TestShorter(unittest.TestCase):
    def test_a_detour_that_is_not_needed_is_dropped(self) -> None:
        rules = swap_beside(2, 2)
        long = Path(
            (
                Move(0, 0, 2, displacement=True),
                Move(1, 1, 3, displacement=True),
                Move(0, 2, 1),
                Move(1, 3, 0),
            )
        )
        path = shorten.shorter(search(rules, 1, 0), long, seed=0)
        self.assertTrue(path.complete)
        self.assertEqual(3, len(path.moves))

    def test_a_path_without_detours_is_left_alone(self) -> None:
        rules = small.rules(
            small.snapshot({'c0': 2, 'c1': 2}, {'a': ('c0', 1)})
        )
        path = Path((Move(0, 0, 1),))
        self.assertEqual(path, shorten.shorter(search(rules, 1), path, seed=0))

    def test_a_needed_detour_stays_and_every_move_is_allowed(self) -> None:
        rules = swap_beside(2)
        path = Path(
            (Move(0, 0, 2, displacement=True), Move(1, 1, 0), Move(0, 2, 1))
        )
        found = shorten.shorter(search(rules, 1, 0), path, seed=3)
        self.assertEqual(3, len(found.moves))
        walk = Walk(rules, Placement(rules.cluster), np.array([1, 0]))
        for move in found.moves:
            self.assertTrue(
                rules.allows(walk.placement, move.instance, move.destination)
            )
            walk.move(move.instance, move.destination)
        self.assertEqual(0, walk.n_pending)

    def test_no_move_goes_to_an_older_hypervisor(self) -> None:
        """Also where the one between is left out of which nothing is known."""
        versions = (6, 7, None, 6, 8)
        nodes = tuple(
            small.node(f'c{k}', hypervisor_version=version)
            for k, version in enumerate(versions)
        )
        rules = small.rules(Snapshot(nodes, (small.instance('a', 'c0'),)))
        walk = search(rules, 4).again(
            (Move(0, 0, 1, displacement=True), Move(0, 2, 3))
        )
        self.assertEqual(
            (Move(0, 0, 1, displacement=True), Move(0, 1, 4)),
            walk.path().moves,
        )
