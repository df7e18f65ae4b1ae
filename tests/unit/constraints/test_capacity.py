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
from watcher_rearrange.constraints import capacity
from watcher_rearrange.model.placement import Placement


class TestCapacity(unittest.TestCase):
    def _violations(self, a: int, b: int) -> list[tuple[object, ...]]:
        cluster = small.cluster(
            {'c1': 4, 'c2': 4}, {'a': ('c1', a), 'b': ('c1', b)}
        )
        found = capacity.violations(Placement(cluster), cluster.capacity)
        return [(v.rule, v.things, v.current, v.needed, v.unit) for v in found]

    def test_exactly_full_is_fine(self) -> None:
        self.assertEqual([], self._violations(2, 2))

    def test_one_too_many_is_said_with_the_numbers(self) -> None:
        self.assertEqual(
            [('capacity', ('c1',), 5.0, 4.0, 'VCPU')], self._violations(2, 3)
        )
