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
import unittest

from typing import Any

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.model import small
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import ActiveNodes
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.remaining import InstancesRemaining
from watcher_rearrange.objectives.remaining import NodesRemaining


def active(
    cluster: Cluster, fixed: tuple[int, ...] = (), share: float = 1.0
) -> ActiveNodes:
    nodes = np.ones(cluster.n_nodes, dtype=np.bool_)
    mask = np.isin(np.arange(cluster.n_nodes), fixed)
    limit = np.floor(cluster.capacity * share).astype(np.int64)
    return ActiveNodes(cluster, limit, mask, nodes)


def fewest(cluster: Cluster, stay: list[int], share: float) -> int:
    """The fewest nodes in use over all placements, by trying them all."""
    home = Placement(cluster).used
    limit = np.floor(cluster.capacity * share).astype(np.int64)
    limit = np.maximum(limit, home)
    best = cluster.n_nodes
    nodes = range(cluster.n_nodes)
    for hosts in itertools.product(nodes, repeat=cluster.n_instances):
        if any(hosts[i] != cluster.node_of[i] for i in stay):
            continue
        placement = Placement(cluster, np.array(hosts, dtype=np.int64))
        if (placement.used <= limit).all():
            best = min(best, len(set(hosts)))
    return best


class TestActiveNodes(unittest.TestCase):
    def test_the_count(self) -> None:
        cluster = small.cluster(
            {'c1': 4, 'c2': 4, 'c3': 4}, {'a': ('c1', 1), 'b': ('c2', 1)}
        )
        self.assertEqual(2.0, active(cluster).value(Placement(cluster)))
        self.assertEqual(
            [True, True, False], occupied(Placement(cluster)).tolist()
        )

    def test_the_bound_of_a_volume(self) -> None:
        cluster = small.cluster(
            {'c1': 4, 'c2': 4, 'c3': 4},
            {'a': ('c1', 2), 'b': ('c2', 2), 'c': ('c3', 2)},
        )
        self.assertEqual(2.0, active(cluster).lower_bound())
        self.assertEqual(3.0, active(cluster, share=0.5).lower_bound())

    def test_nodes_that_cannot_be_emptied_count(self) -> None:
        cluster = small.cluster(
            {'c1': 9, 'c2': 9}, {'a': ('c1', 1), 'b': ('c2', 1)}
        )
        self.assertEqual(2.0, active(cluster, fixed=(0, 1)).lower_bound())

    def test_nobody_there(self) -> None:
        cluster = small.cluster({'c1': 9}, {})
        self.assertEqual(0.0, active(cluster).lower_bound())

    @hypothesis.settings(max_examples=60, derandomize=True, deadline=None)
    @hypothesis.given(st.data())
    def test_the_bound_is_never_above_the_optimum(self, data: Any) -> None:
        sizes = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
        hosts = st.integers(0, len(sizes) - 1)
        drawn = data.draw(
            st.lists(st.tuples(hosts, st.integers(0, 5)), max_size=5)
        )
        cluster = small.cluster(
            {f'c{k}': size for k, size in enumerate(sizes)},
            {f'i{k}': (f'c{h}', n) for k, (h, n) in enumerate(drawn)},
        )
        count = cluster.n_instances
        stay = [k for k in range(count) if not data.draw(st.integers(0, 3))]
        fixed = tuple(drawn[k][0] for k in stay)
        share = data.draw(st.sampled_from((1.0, 0.7)))
        bound = active(cluster, fixed, share).lower_bound()
        self.assertLessEqual(bound or 0, fewest(cluster, stay, share))


class TestRemaining(unittest.TestCase):
    def test_nodes_and_instances(self) -> None:
        cluster = small.cluster(
            {'c1': 4, 'c2': 4, 'c3': 4},
            {'a': ('c1', 1), 'b': ('c1', 1), 'c': ('c3', 1)},
        )
        named = np.array([0, 1])
        placement = Placement(cluster)
        nodes = NodesRemaining(cluster, named)
        instances = InstancesRemaining(cluster, named)
        self.assertEqual(1.0, nodes.value(placement))
        self.assertEqual(2.0, instances.value(placement))
        self.assertEqual(0.0, nodes.lower_bound())
