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

from typing import Any

from tests.unit.model import small
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.plan import COLD_MIGRATE
from watcher_rearrange.model.plan import LIVE_MIGRATE
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.timing import duration


def seconds(kind: str, link_mbps: int = 1000, **about: Any) -> float:
    """What is copied takes, at 110 MiB/s and besides what is fixed.

    :param link_mbps: of the destination; the source has 2000
    """
    allocations = {'MEMORY_MB': 1100, 'DISK_GB': 11}
    cluster = Cluster.from_snapshot(
        Snapshot(
            (
                small.node('c1', migration_link_mbps=2000),
                small.node('c2', migration_link_mbps=link_mbps),
            ),
            (small.instance('a', 'c1', allocations=allocations, **about),),
        )
    )
    there = duration.estimate_s(cluster, Move(0, 0, 1), kind)
    back = duration.estimate_s(cluster, Move(0, 1, 0), kind)
    assert there == back
    return round(there - duration.FIXED_S, 1)


class TestLive(unittest.TestCase):
    def _with_rate(self, dirty_mb_s: float) -> float:
        return seconds(LIVE_MIGRATE, load={'dirty_mb_s': dirty_mb_s})

    def test_it_copies_the_memory(self) -> None:
        self.assertEqual(1.2 * 10, seconds(LIVE_MIGRATE))

    def test_what_is_written_is_copied_again(self) -> None:
        self.assertEqual(10, self._with_rate(0))
        self.assertEqual(12.5, self._with_rate(22))
        self.assertEqual(20, self._with_rate(55))

    def test_rounds_that_do_not_converge_are_cut_off(self) -> None:
        for dirty_mb_s in (80, 110, 1e18):
            self.assertEqual(30, self._with_rate(dirty_mb_s))

    def test_the_disk_only_if_the_instance_says_so(self) -> None:
        found = seconds(LIVE_MIGRATE, block_migration=True)
        self.assertEqual(round(1.2 * 10 + 1024 / 10, 1), found)


class TestCold(unittest.TestCase):
    def test_it_copies_the_disk(self) -> None:
        self.assertEqual(round(1024 / 10, 1), seconds(COLD_MIGRATE))

    def test_once(self) -> None:
        found = seconds(COLD_MIGRATE, block_migration=True)
        self.assertEqual(seconds(COLD_MIGRATE), found)


class TestLink(unittest.TestCase):
    def test_the_slower_end_counts(self) -> None:
        self.assertEqual(24, seconds(LIVE_MIGRATE, 500))
        self.assertEqual(6, seconds(LIVE_MIGRATE, 2000))
        self.assertEqual(6, seconds(LIVE_MIGRATE, 10_000))

    def test_a_faster_one_copies_less(self) -> None:
        busy = {'dirty_mb_s': 110}
        self.assertEqual(10, seconds(LIVE_MIGRATE, 2000, load=busy))
        self.assertEqual(30, seconds(LIVE_MIGRATE, 1000, load=busy))
