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
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.path import duration


class TestEstimate(unittest.TestCase):
    def setUp(self) -> None:
        allocations = {'MEMORY_MB': 1100, 'DISK_GB': 11}
        self.cluster = Cluster.from_snapshot(
            Snapshot(
                (small.node('c1'),),
                (small.instance('a', 'c1', allocations=allocations),),
            )
        )

    def test_live_copies_the_memory(self) -> None:
        found = duration.estimate_s(self.cluster, 0, 'live_migrate')
        self.assertEqual(3.0 + 1.2 * 10, found)

    def test_cold_copies_the_disk(self) -> None:
        found = duration.estimate_s(self.cluster, 0, 'cold_migrate')
        self.assertEqual(round(3.0 + 1024 / 10, 1), found)
