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

import statistics
import unittest

from typing import Any

import hypothesis
import numpy as np

from hypothesis import strategies as st

from tests.unit.model import small
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.dimensions import Dimensions
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.objectives.imbalance import Measure
from watcher_rearrange.objectives.peak import PeakUtilization


EXAMPLES = hypothesis.settings(
    max_examples=200, derandomize=True, deadline=None
)


def imbalance(cluster: Cluster, *names: str) -> Imbalance:
    dimensions = Dimensions.of(cluster, names or ('VCPU',))
    return Imbalance(dimensions, cluster.receives)


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    """2 to 5 nodes of several sizes, 2 to 10 instances."""
    sizes = draw(st.lists(st.integers(2, 64), min_size=2, max_size=5))
    names = [f'c{k}' for k in range(len(sizes))]
    instance = st.tuples(
        st.sampled_from(names), st.integers(0, 9), st.integers(0, 4096)
    )
    drawn = draw(st.lists(instance, min_size=2, max_size=10))
    return Cluster.from_snapshot(
        Snapshot(
            tuple(
                small.node(name, size, size * draw(st.sampled_from((64, 512))))
                for name, size in zip(names, sizes, strict=True)
            ),
            tuple(
                small.instance(f'i{k}', *values)
                for k, values in enumerate(drawn)
            ),
        )
    )


class TestValue(unittest.TestCase):
    def test_equal_nodes_have_the_plain_standard_deviation(self) -> None:
        cluster = small.cluster(
            {'c1': 10, 'c2': 10, 'c3': 10},
            {'a': ('c1', 9), 'b': ('c2', 4), 'c': ('c3', 2)},
        )
        self.assertAlmostEqual(
            statistics.pstdev([90, 40, 20]),
            imbalance(cluster).value(Placement(cluster)),
        )

    def test_equally_full_nodes_have_none(self) -> None:
        cluster = small.cluster(
            {'c1': 10, 'c2': 20}, {'a': ('c1', 3), 'b': ('c2', 6)}
        )
        self.assertAlmostEqual(
            0.0, imbalance(cluster).value(Placement(cluster)), places=5
        )

    def test_only_the_nodes_judged_count(self) -> None:
        cluster = Cluster.from_snapshot(
            Snapshot(
                (small.node('c1'), small.node('c2', status='disabled')),
                (small.instance('a', 'c2', 8),),
            )
        )
        self.assertEqual(0.0, imbalance(cluster).value(Placement(cluster)))

    def test_the_bound(self) -> None:
        cluster = small.cluster({'c1': 1}, {})
        self.assertEqual(0.0, imbalance(cluster).lower_bound())

    @EXAMPLES
    @hypothesis.given(clusters())
    def test_the_variance_is_weighted_by_capacity(self, of: Cluster) -> None:
        found = imbalance(of, 'VCPU', 'MEMORY_MB')
        load = found.load(Placement(of))
        capacity = found.dimensions.capacity
        mean = load.sum(axis=0) / capacity.sum(axis=0)
        spread = capacity * (load / capacity - mean) ** 2
        expected = (spread.sum(axis=0) / capacity.sum(axis=0)).mean()
        self.assertAlmostEqual(expected, found.variance(load))


class TestDeltas(unittest.TestCase):
    @EXAMPLES
    @hypothesis.given(clusters())
    def test_a_shift(self, cluster: Cluster) -> None:
        found = imbalance(cluster, 'VCPU', 'MEMORY_MB')
        placement = Placement(cluster)
        load = found.load(placement)
        before = found.variance(load)
        for i in range(cluster.n_instances):
            home = int(placement.node_of[i])
            deltas = found.shift_deltas(load, i, home)
            for node in range(cluster.n_nodes):
                if node != home:
                    placement.move(i, node)
                    after = found.variance(found.load(placement))
                    self.assertAlmostEqual(after - before, deltas[node])
            placement.move(i, home)

    @EXAMPLES
    @hypothesis.given(clusters(), st.data())
    def test_a_swap(self, cluster: Cluster, data: Any) -> None:
        found = imbalance(cluster, 'VCPU', 'MEMORY_MB')
        placement = Placement(cluster)
        i = data.draw(st.integers(0, cluster.n_instances - 1))
        home = int(placement.node_of[i])
        others = np.flatnonzero(placement.node_of != home)
        at = placement.node_of[others].copy()
        load = found.load(placement)
        before = found.variance(load)
        deltas = found.swap_deltas(load, i, home, others, at)
        for other, there, delta in zip(others, at, deltas, strict=True):
            placement.move(i, int(there))
            placement.move(int(other), home)
            after = found.variance(found.load(placement))
            self.assertAlmostEqual(after - before, delta)
            placement.move(i, home)
            placement.move(int(other), int(there))


class TestPeak(unittest.TestCase):
    def test_the_fullest_node_in_its_fullest_dimension(self) -> None:
        cluster = Cluster.from_snapshot(
            Snapshot(
                (small.node('c1', 10, 1000), small.node('c2', 10, 1000)),
                (
                    small.instance('a', 'c1', 5, 100),
                    small.instance('b', 'c2', 1, 700),
                ),
            )
        )
        peak = PeakUtilization(imbalance(cluster, 'VCPU', 'MEMORY_MB'))
        self.assertAlmostEqual(70.0, peak.value(Placement(cluster)))
        self.assertIsNone(peak.lower_bound())

    def test_no_nodes(self) -> None:
        cluster = Cluster.from_snapshot(
            Snapshot(
                (small.node('c1', state='down'),), (small.instance('a', 'c1'),)
            )
        )
        peak = PeakUtilization(imbalance(cluster))
        self.assertEqual(0.0, peak.value(Placement(cluster)))


class TestMeasures(unittest.TestCase):
    def _value(self, name: str, **weights: float) -> float:
        cluster = Cluster.from_snapshot(
            Snapshot(
                (small.node('c0'), small.node('c1')),
                tuple(
                    small.instance(f'i{k}', host, 4, 2048)
                    for k, host in enumerate(('c0', 'c0', 'c1'))
                ),
            )
        )
        found = Imbalance(
            Dimensions.of(cluster, ('VCPU', 'MEMORY_MB')),
            cluster.receives,
            Measure(name, weights),
        )
        return found.value(Placement(cluster))

    def test_the_fullest_node_above_the_mean(self) -> None:
        self.assertAlmostEqual((25 + 12.5) / 2, self._value('maximum'))

    def test_the_fullest_above_the_emptiest(self) -> None:
        self.assertAlmostEqual((50 + 25) / 2, self._value('spread'))

    def test_weights(self) -> None:
        self.assertAlmostEqual(
            (3 * 50 + 25) / 4, self._value('spread', VCPU=3)
        )
        value = self._value('standard_deviation', VCPU=3)
        self.assertAlmostEqual(((3 * 25**2 + 12.5**2) / 4) ** 0.5, value)
