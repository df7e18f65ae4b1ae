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

"""Random clusters: nothing ever moves from one part to another."""

from __future__ import annotations

import itertools
import random
import time
import unittest

from typing import Any
from unittest import mock

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.property import clusters
from tests.property import test_plans
from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.optimizer import processes
from watcher_rearrange.optimizer.consolidation import consolidate
from watcher_rearrange.optimizer.consolidation.bound import Volumes
from watcher_rearrange.optimizer.consolidation.separate import Separate
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.consolidation.task import emptiable
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.split import Part
from watcher_rearrange.optimizer.reductions.split import Split
from watcher_rearrange.snapshot import reader


EXAMPLES = hypothesis.settings(
    max_examples=150, derandomize=True, deadline=None
)

STEPS = 12


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a snapshot document in which many instances are pinned."""
    return clusters.pinned(draw, draw(clusters.snapshots(most_nodes=8)))


def in_part(part: Part, whole: Problem, now: Placement, idx: int) -> Any:
    """bool[n_nodes of the whole]: where the part lets an instance go."""
    own = part.problem(whole)
    found = np.zeros(whole.cluster.n_nodes, dtype=np.bool_)
    local = int(np.searchsorted(part.instances, idx))
    found[part.nodes] = own.destinations(part.placement(now), local)
    return found


class TestSplit(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(documents(), st.integers(0, 99))
    def test_a_walk_stays_in_its_part(
        self, document: dict[str, Any], seed: int
    ) -> None:
        snapshot = reader.snapshot_from_document(document)
        rules = small.rules(snapshot)
        whole = problem(rules)
        now = Placement(rules.cluster)
        split = Split(whole, now)
        part_of = {idx: part for part in split.parts for idx in part.instances}
        dice = random.Random(seed)
        for _ in range(STEPS):
            # Everybody may go in his part where he may go in the whole.
            choices = []
            for idx in np.flatnonzero(whole.movable).tolist():
                nodes = whole.destinations(now, idx)
                part = part_of.get(idx)
                if part is None:
                    self.assertFalse(nodes.any())
                    continue
                expected = in_part(part, whole, now, idx)
                self.assertEqual(expected.tolist(), nodes.tolist())
                choices += [(idx, node) for node in np.flatnonzero(nodes)]
            if not choices:
                break
            now.move(*dice.choice(choices))
        ends = [start for _, start in split.apply(whole, now)]
        again = split.invert(Placement(rules.cluster), ends)
        self.assertEqual(now.node_of.tolist(), again.node_of.tolist())
        self.assertEqual(now.used.tolist(), again.used.tolist())


@st.composite
def zones(draw: st.DrawFn) -> Snapshot:
    """Draw two zones of two nodes in which every rule holds."""
    nodes = [
        small.node(
            f'c{k}', draw(st.integers(2, 6)), availability_zone=f'az{k % 2}'
        )
        for k in range(4)
    ]
    free = [n.inventories['VCPU'].total for n in nodes]
    instances = []
    for number in range(draw(st.integers(1, 5))):
        vcpus = draw(st.integers(1, 2))
        node = draw(st.integers(0, 3))
        pinned = f'az{node % 2}' if draw(st.integers(0, 9)) else ''
        if free[node] >= vcpus:
            free[node] -= vcpus
            instances.append(
                small.instance(
                    f'i{number}',
                    f'c{node}',
                    vcpus,
                    locked=not draw(st.integers(0, 7)),
                    pinned_az=pinned,
                )
            )
    members = [i.uuid for i in instances[:3]]
    hosts = {i.host for i in instances[:3]}
    groups = ()
    if len(hosts) == 3 and draw(st.booleans()):
        groups = (small.apart(*members),)
    return Snapshot(tuple(nodes), tuple(instances), groups)


def ends(task: Task, rules: Rules) -> list[tuple[float, int]]:
    """The cost and the migrations of every placement that there may be."""
    cluster = rules.cluster
    choices = [
        np.flatnonzero(rules.eligible[rules.class_of[i]]).tolist()
        if task.problem.movable[i]
        else [int(cluster.node_of[i])]
        for i in range(cluster.n_instances)
    ]
    in_use = len(set(cluster.node_of.tolist()))
    found = []
    for hosts in itertools.product(*choices):
        end = Placement(cluster, np.array(hosts, dtype=np.int64))
        if len(set(hosts)) <= in_use and not rules.violations(end):
            found.append(task.rank(end)[:2])
    return found


def separate(cluster: Cluster, task: Task) -> Separate:
    own = task.problem
    volumes = Volumes(
        cluster,
        own.limit,
        emptiable(own, task.start),
        own.open_nodes,
        task.cost,
    )
    return Separate(own, task.start, volumes)


class TestConsolidation(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(
        zones(), st.lists(st.integers(0, 4), min_size=4, max_size=4)
    )
    def test_the_best_is_found_and_proved(
        self, snapshot: Snapshot, figures: list[int]
    ) -> None:
        rules = small.rules(snapshot)
        start = Placement(rules.cluster)
        task = Task(problem(rules), start, np.array(figures, float), 0.0)
        parts = separate(rules.cluster, task)
        until = time.monotonic() + 30
        wanted = min(ends(task, rules))
        least = parts.least_cost(until)
        self.assertLessEqual(least, wanted[0] + 1e-6)
        self.assertLessEqual(
            parts.fewest_migrations(wanted[0], until), wanted[1]
        )
        result = parts.improve(task)
        self.assertEqual([], rules.violations(result.placement))
        self.assertEqual(wanted, task.rank(result.placement)[:2])
        self.assertLessEqual(result.cost, wanted[0] + 1e-6)
        if result.migrations is not None:
            self.assertLessEqual(result.migrations, wanted[1])

    @EXAMPLES
    @hypothesis.given(
        zones(), st.lists(st.integers(0, 4), min_size=4, max_size=4)
    )
    def test_the_bounds_of_patterns_in_parts(
        self, snapshot: Snapshot, figures: list[int]
    ) -> None:
        rules = small.rules(snapshot)
        start = Placement(rules.cluster)
        task = Task(problem(rules), start, np.array(figures, float), 0.0)
        parts = separate(rules.cluster, task)
        parts.least_cost(time.monotonic() + 30)
        # As if every part were too large for one programme.
        with mock.patch.object(consolidate, 'PROVED_COLUMNS', 0):
            result = parts.improve(task)
        self.assertEqual([], rules.violations(result.placement))
        found = ends(task, rules)
        value, moved, _ = task.rank(result.placement)
        self.assertLessEqual(value, task.value(start) + 1e-6)
        self.assertLessEqual(result.cost, min(found)[0] + 1e-6)
        fewest = min(n for v, n in found if v <= value + 1e-6)
        self.assertLessEqual(fewest, moved)
        self.assertLessEqual(result.migrations or 0, fewest)


class TestPlans(test_plans.PlanCase):
    @hypothesis.settings(EXAMPLES, max_examples=60)
    @hypothesis.given(documents(), st.sampled_from(({}, {'cmp0': 3, '*': 1})))
    def test_consolidate(
        self, document: dict[str, Any], costs: dict[str, float]
    ) -> None:
        given = {'spare_nodes': 0, 'node_costs': costs}
        plan = self.plan(document, 'consolidate', given)
        for row in plan['objectives']:
            self.assertLessEqual(row['after'], row['before'] + 1e-6)
            self.assertGreaterEqual(row['after'], row['bound'] - 1e-6)
        self.does_not_break(plan)
        with (
            mock.patch.object(processes, 'cores', return_value=2),
            mock.patch.object(processes, 'WORTH_A_PROCESS', 0),
        ):
            same = self.plan(document, 'consolidate', given)
        self.assertEqual(plan, same)
        after = test_plans.run(document, plan)
        again = self.plan(after, 'consolidate', given)
        self.assertEqual([], again['actions'])
