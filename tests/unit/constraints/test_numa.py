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

"""Which instances have a NUMA topology."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.model import small
from watcher_rearrange.constraints import numa


def has_topology(**more: Any) -> bool:
    return numa.has_topology(small.instance('a', 'c1', **more))


class TestHasTopology(unittest.TestCase):
    def test_flavors_that_give_one(self) -> None:
        for name, value in (
            ('hw:numa_nodes', '1'),
            ('hw:mem_page_size', 'small'),
            ('hw:cpu_policy', 'dedicated'),
            ('hw:cpu_policy', 'mixed'),
            ('hw:pmem', '6GB, 1GB'),
            ('resources:PCPU', '4'),
            ('resources1:PCPU', '10'),
        ):
            with self.subTest(name=name):
                specs = {name: value}
                self.assertTrue(has_topology(flavor_extra_specs=specs))

    def test_images_that_give_one(self) -> None:
        for name, value in (
            ('hw_numa_nodes', '2'),
            ('hw_mem_page_size', '2MB'),
            ('hw_cpu_policy', 'dedicated'),
        ):
            with self.subTest(name=name):
                properties = {name: value}
                self.assertTrue(has_topology(image_properties=properties))

    def test_what_placement_knows_of_an_image_on_a_volume(self) -> None:
        self.assertTrue(has_topology(allocations={'PCPU': 2}))

    def test_others(self) -> None:
        for name, value in (
            ('hw:numa_nodes', ''),
            ('hw:cpu_policy', 'shared'),
            ('hw:cpu_threads', '2'),
            ('hw:emulator_threads_policy', 'share'),
            ('hw:pmem', ' , '),
            ('resources:PCPU', '0'),
            ('resources:VCPU', '4'),
            ('hw_numa_nodes', '2'),
        ):
            with self.subTest(name=name):
                specs = {name: value}
                self.assertFalse(has_topology(flavor_extra_specs=specs))
