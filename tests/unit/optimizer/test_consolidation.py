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

"""The parts of a consolidation: packing, programme, bounds, decoding."""

from __future__ import annotations

import time
import unittest

from typing import Any

import numpy as np

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.optimizer import assign
from watcher_rearrange.optimizer.consolidation import consolidate
from watcher_rearrange.optimizer.consolidation import greedy
from watcher_rearrange.optimizer.consolidation import parts
from watcher_rearrange.optimizer.consolidation.bound import Volumes
from watcher_rearrange.optimizer.consolidation.bound import rounded_up
from watcher_rearrange.optimizer.consolidation.pack import Packer
from watcher_rearrange.optimizer.consolidation.program import Aim
from watcher_rearrange.optimizer.consolidation.program import (
    ConsolidationProgram,
)
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.program import Effort


def task(rules: Rules, cost: Any = None, **more: Any) -> Task:
    n_nodes = rules.cluster.n_nodes
    figures = np.ones(n_nodes) if cost is None else np.array(cost, float)
    start = Placement(rules.cluster)
    return Task(problem(rules, **more), start, figures, 0.0)


def spread(count: int, *groups: Any) -> Rules:
    """A node with room for two for each of some small instances."""
    return small.rules(
        small.snapshot(
            {f'c{k}': 4 for k in range(count)},
            {f'i{k}': (f'c{k}', 2) for k in range(count)},
            server_groups=tuple(groups),
        )
    )


def every(wanted: Task) -> list[Placement]:
    """What each of the searches finds."""
    at_once = greedy.at_once(wanted)
    generated = parts.improve(wanted)
    found = [greedy.improve(wanted), consolidate.improve(wanted).placement]
    if at_once is not None:
        found.append(at_once)
    if generated is not None:
        found.append(generated.placement)
    return found


class TestPacker(unittest.TestCase):
    def test_no_room_is_stranded(self) -> None:
        # Much memory goes where memory is left, many vCPUs where these are.
        rules = small.rules(
            Snapshot(
                (
                    small.node('c0', 8, 8192),
                    small.node('c1', 8, 8192),
                    small.node('c2', 8, 8192),
                ),
                (
                    small.instance('a', 'c0', 6, 1024),
                    small.instance('b', 'c1', 1, 6144),
                    small.instance('x', 'c2', 1, 6144),
                    small.instance('y', 'c2', 6, 1024),
                ),
            )
        )
        wanted = task(rules)
        packer = Packer(wanted.problem, wanted.start, wanted.kinds)
        emptied = np.array([False, False, True])
        found = packer.pack(emptied, ~emptied, np.ones(2))
        assert found is not None
        self.assertEqual([0, 1, 0, 1], found.node_of.tolist())
        again = Placement(rules.cluster, found.node_of)
        self.assertEqual(again.used.tolist(), found.used.tolist())

    def test_somebody_finds_no_room(self) -> None:
        rules = spread(2, small.apart('i0', 'i1'))
        wanted = task(rules)
        packer = Packer(wanted.problem, wanted.start, wanted.kinds)
        emptied = np.array([True, False])
        self.assertIsNone(packer.pack(emptied, ~emptied, np.ones(2)))


class TestSearches(unittest.TestCase):
    def test_each_empties_what_it_can(self) -> None:
        wanted = task(spread(8))
        for found in every(wanted):
            self.assertEqual((4.0, 4), wanted.rank(found)[:2])

    def test_the_costly_nodes_are_emptied(self) -> None:
        wanted = task(spread(4), cost=[9, 1, 1, 9])
        found = consolidate.improve(wanted)
        self.assertEqual(
            [1, 2], np.flatnonzero(occupied(found.placement)).tolist()
        )
        self.assertEqual((2.0, 2), (found.cost, found.migrations))

    def test_the_limit_of_migrations(self) -> None:
        wanted = task(spread(8), max_migrations=3)
        for found in every(wanted):
            self.assertEqual((5.0, 3), wanted.rank(found)[:2])


class TestProgram(unittest.TestCase):
    def test_a_placement_as_a_solution_and_back(self) -> None:
        wanted = task(spread(4, small.apart('i0', 'i1')))
        program = ConsolidationProgram(
            wanted.problem, wanted.start, wanted.kinds, Aim(wanted.cost)
        )
        end = wanted.start.copy()
        end.move(0, 2)
        values = program.encoded(end)
        assert values is not None
        self.assertEqual(3, values[program.in_use].sum())
        found = program.solve(Effort(time.monotonic() + 30), end)
        assert found.answer is not None
        self.assertEqual((2.0, 2), (found.cost, found.migrations))
        placement = assign.decoded(program.counts, found.answer, 0)
        assert placement is not None
        self.assertEqual([], wanted.problem.rules.violations(placement))
        self.assertEqual((2.0, 2), wanted.rank(placement)[:2])


class TestVolumes(unittest.TestCase):
    def test_what_sums_of_costs_there_are(self) -> None:
        for bound, cost, expected in (
            (601.2, [450.0, 300.0, 0.0], 750.0),
            (600.0, [450.0, 300.0, 0.0], 600.0),
            (2.1, [1.0, 3.0], 3.0),
            (2.1, [1.5, 3.0], 3.0),
            (2.1, [1.5, 4.0], 2.1),
            (0.0, [0.0, 0.0], 0.0),
            (-np.inf, [1.0], -np.inf),
        ):
            found = rounded_up(bound, np.array(cost))
            self.assertEqual(expected, found)

    def test_what_it_takes_at_least(self) -> None:
        rules = spread(5)
        start = Placement(rules.cluster)
        volumes = Volumes(
            rules.cluster,
            rules.cluster.capacity,
            occupied(start),
            rules.cluster.receives,
            np.ones(5),
        )
        until = time.monotonic() + 30
        self.assertEqual(3.0, volumes.least_cost(until))
        self.assertEqual(2, volumes.fewest_migrations(3.0, until))
        self.assertEqual(0, volumes.fewest_migrations(5.0, until))

    def test_no_part_of_a_node_is_in_use(self) -> None:
        rules = spread(5)
        for costs, least in (
            (np.full(5, 300.0), 900.0),
            (np.full(5, 0.5), 1.5),
            (np.full(5, 0.3), 0.9),
            (np.array([300.0, 450.0, 450.0, 450.0, 450.0]), 1050.0),
            (np.full(5, 2.0**60), 3 * 2.0**60),
        ):
            volumes = Volumes(
                rules.cluster,
                rules.cluster.capacity,
                occupied(Placement(rules.cluster)),
                rules.cluster.receives,
                costs,
            )
            until = time.monotonic() + 30
            self.assertAlmostEqual(least, volumes.least_cost(until))
