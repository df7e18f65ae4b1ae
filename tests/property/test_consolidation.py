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

"""Consolidation beside every placement that there is, on tiny clusters."""

from __future__ import annotations

import itertools
import time
import unittest

from typing import Any

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.model import small
from tests.unit.optimizer.problems import problem
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.optimizer.consolidation import consolidate
from watcher_rearrange.optimizer.consolidation import parts
from watcher_rearrange.optimizer.consolidation.bound import Volumes
from watcher_rearrange.optimizer.consolidation.task import Task
from watcher_rearrange.optimizer.consolidation.task import emptiable


EXAMPLES = hypothesis.settings(
    max_examples=80, derandomize=True, deadline=None
)

SIZES = ((1, 1024), (2, 1024), (1, 3072), (3, 2048))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw a cluster in which every rule holds."""
    count = draw(st.integers(2, 4))
    nodes = [
        small.node(f'c{k}', draw(st.integers(3, 6)), 6144)
        for k in range(count)
    ]
    free = [[n.inventories['VCPU'].total, 6144] for n in nodes]
    instances = []
    for number in range(draw(st.integers(1, 5))):
        vcpus, memory_mb = draw(st.sampled_from(SIZES))
        node = draw(st.integers(0, count - 1))
        if free[node][0] < vcpus or free[node][1] < memory_mb:
            continue
        free[node][0] -= vcpus
        free[node][1] -= memory_mb
        instances.append(
            small.instance(
                f'i{number}',
                f'c{node}',
                vcpus,
                memory_mb,
                locked=not draw(st.integers(0, 5)),
            )
        )
    return Snapshot(tuple(nodes), tuple(instances), draw(_groups(instances)))


@st.composite
def _groups(draw: st.DrawFn, instances: list[Any]) -> tuple[Any, ...]:
    members = [i.uuid for i in instances[: draw(st.integers(0, 3))]]
    hosts = [i.host for i in instances if i.uuid in members]
    if len(members) < 2 or len(set(hosts)) < len(hosts):
        return ()
    return (small.apart(*members),)


def ends(task: Task, rules: Rules) -> list[tuple[float, int]]:
    """The cost and the migrations of every placement that there may be."""
    cluster = rules.cluster
    nodes = range(cluster.n_nodes)
    choices = [
        nodes if task.problem.movable[i] else (int(cluster.node_of[i]),)
        for i in range(cluster.n_instances)
    ]
    in_use = len(set(cluster.node_of.tolist()))
    found = []
    for hosts in itertools.product(*choices):
        end = Placement(cluster, np.array(hosts, dtype=np.int64))
        if len(set(hosts)) <= in_use and not rules.violations(end):
            found.append(task.rank(end)[:2])
    return found


def best(task: Task, rules: Rules) -> tuple[float, int]:
    """The least cost and, for that, the fewest migrations."""
    return min(ends(task, rules))


class TestConsolidation(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(
        snapshots(), st.lists(st.integers(1, 5), min_size=4, max_size=4)
    )
    def test_the_best_is_found_and_proved(
        self, snapshot: Snapshot, figures: list[int]
    ) -> None:
        rules = small.rules(snapshot)
        start = Placement(rules.cluster)
        cost = np.array(figures[: rules.cluster.n_nodes], dtype=float)
        task = Task(problem(rules), start, cost, 0.0)
        result = consolidate.improve(task)
        self.assertEqual([], rules.violations(result.placement))
        wanted = best(task, rules)
        self.assertEqual(wanted, task.rank(result.placement)[:2])
        self.assertLessEqual(result.cost, wanted[0] + 1e-6)
        if result.migrations is not None:
            self.assertLessEqual(result.migrations, wanted[1])
        if not rules.groups.groups:
            self.assertAlmostEqual(wanted[0], result.cost)

    @EXAMPLES
    @hypothesis.given(snapshots(), st.booleans())
    def test_generated_patterns(self, snapshot: Snapshot, equal: bool) -> None:
        rules = small.rules(snapshot)
        cost = np.ones(rules.cluster.n_nodes)
        if not equal:
            cost += np.arange(rules.cluster.n_nodes) + 0.5
        start = Placement(rules.cluster)
        task = Task(problem(rules), start, cost, 0.0)
        result = parts.improve(task)
        if result is None:
            return
        self.assertEqual([], rules.violations(result.placement))
        value, moved, _ = task.rank(result.placement)
        self.assertLessEqual(value, task.value(start) + 1e-6)
        fewest = min(n for v, n in ends(task, rules) if v <= value + 1e-6)
        self.assertLessEqual(fewest, moved)
        assert result.migrations is not None
        self.assertLessEqual(result.migrations, fewest)

    @EXAMPLES
    @hypothesis.given(snapshots(), st.booleans())
    def test_the_bounds_of_volumes(
        self, snapshot: Snapshot, equal: bool
    ) -> None:
        rules = small.rules(snapshot)
        cluster, start = rules.cluster, Placement(rules.cluster)
        cost = np.ones(cluster.n_nodes)
        if not equal:
            cost += np.arange(cluster.n_nodes) + 0.5
        task = Task(problem(rules), start, cost, 0.0)
        volumes = Volumes(
            cluster,
            cluster.capacity,
            emptiable(task.problem, start),
            cluster.receives,
            cost,
        )
        value, fewest = best(task, rules)
        until = time.monotonic() + 30
        self.assertLessEqual(volumes.least_cost(until), value + 1e-6)
        self.assertLessEqual(volumes.fewest_migrations(value, until), fewest)
