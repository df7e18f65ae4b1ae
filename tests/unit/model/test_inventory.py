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

from watcher_rearrange.model.inventory import capacity
from watcher_rearrange.model.records import Inventory


class TestCapacity(unittest.TestCase):
    def test_a_class_without_inventory_has_none(self) -> None:
        self.assertEqual(0, capacity(None))

    def test_the_reserve_goes_before_the_ratio(self) -> None:
        self.assertEqual(120, capacity(Inventory(64, 4, 2.0)))

    def test_fractions_are_cut_off(self) -> None:
        self.assertEqual(4, capacity(Inventory(3, 0, 1.5)))

    def test_more_reserved_than_there_is_leaves_nothing(self) -> None:
        self.assertEqual(0, capacity(Inventory(4, 8, 2.0)))

    def test_it_is_what_placement_would_let_in(self) -> None:
        # Placement refuses when the product is less than what is used.
        for total in range(1, 120):
            for ratio in (0.9, 1.0, 1.1, 1.15, 1.5, 16.0):
                product = total * ratio
                most = capacity(Inventory(total, 0, ratio))
                self.assertFalse(product < most, (total, ratio))
                self.assertTrue(product < most + 1, (total, ratio))
