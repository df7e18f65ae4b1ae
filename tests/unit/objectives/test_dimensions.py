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

import unittest

from tests.unit.model import small
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.records import Inventory
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.objectives.dimensions import Dimensions


CLUSTER = Cluster.from_snapshot(
    Snapshot(
        (
            small.node(
                'c1',
                inventories={
                    'VCPU': Inventory(10, 0, 2.0),
                    'MEMORY_MB': Inventory(1000, 100),
                },
            ),
        ),
        (
            small.instance(
                'a', 'c1', 4, 512, load={'cpu_pct': 25.0, 'memory_mb': 300.0}
            ),
            small.instance('b', 'c1', 4, 512),
        ),
    )
)


class TestDimensions(unittest.TestCase):
    def test_a_resource_class(self) -> None:
        found = Dimensions.of(CLUSTER, ('VCPU',))
        self.assertEqual([[4.0], [4.0]], found.demand.tolist())
        self.assertEqual([[20.0]], found.capacity.tolist())

    def test_a_load_in_physical_units(self) -> None:
        found = Dimensions.of(CLUSTER, ('cpu_pct', 'memory_mb'))
        self.assertEqual([[1.0, 300.0], [0.0, 0.0]], found.demand.tolist())
        self.assertEqual([[10.0, 1000.0]], found.capacity.tolist())

    def test_every_unknown_name_is_said(self) -> None:
        with self.assertRaises(BadInput) as caught:
            Dimensions.of(CLUSTER, ('VGPU', 'VCPU', 'PCPU'))
        self.assertEqual(2, len(caught.exception.problems))
        self.assertIn("'VGPU'", caught.exception.problems[0])

    def test_a_load_that_nobody_measured(self) -> None:
        cluster = small.cluster({'c1': 1}, {'a': ('c1', 1)})
        with self.assertRaisesRegex(BadInput, 'measured'):
            Dimensions.of(cluster, ('cpu_pct',))

    # Dedicated CPUs are kept busy as well.
    def test_the_load_of_pinned_cpus(self) -> None:
        cluster = Cluster.from_snapshot(
            Snapshot(
                (
                    small.node(
                        'c1',
                        inventories={
                            'PCPU': Inventory(8),
                            'VCPU': Inventory(8),
                        },
                    ),
                ),
                (
                    small.instance(
                        'a',
                        'c1',
                        allocations={'PCPU': 4},
                        load={'cpu_pct': 50.0},
                    ),
                ),
            )
        )
        found = Dimensions.of(cluster, ('cpu_pct',))
        self.assertEqual([[2.0]], found.demand.tolist())
