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

"""The fragment rate benchmark on a cluster that can be seen through."""

from __future__ import annotations

import time
import unittest

from typing import Any

from benchmarks import fragment_rate
from benchmarks.fragment_replay import Migration
from benchmarks.fragment_replay import Replay
from benchmarks.numa_cluster import NumaCluster


MEMORY_MB = 65536.0


def part(number: int, cpus: int) -> dict[str, Any]:
    return {'node': number, 'cpu': cpus, 'mem_mb': 1024.0}


def host(name: str) -> dict[str, Any]:
    numa = [
        {'node': n, 'total_cpu': 20, 'memory_huge_total_mb': MEMORY_MB}
        for n in (1, 0)
    ]
    return {'node_id': name, 'numa': numa}


def instance(name: str, on: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {
        'instance_id': name,
        'host_id': on,
        'numa': list(parts),
        'allow_migration': True,
    }


def data() -> dict[str, Any]:
    """Two hosts: a pair on one, and on the other two that are in the way."""
    return {
        'cluster_list': [
            {
                'cluster_name': 'c',
                'host_info': [host('pm_0'), host('pm_1')],
                'vm_instance': [
                    instance('pair', 'pm_0', part(0, 6), part(1, 6)),
                    instance('a', 'pm_1', part(0, 5)),
                    instance('b', 'pm_1', part(1, 5)),
                ],
            }
        ]
    }


class TestReplay(unittest.TestCase):
    def run_one(self, name: str, *to: tuple[str, str, int]) -> Replay:
        replay = Replay(data())
        replay.run([Migration(name, to)])
        return replay

    def test_the_rate(self) -> None:
        # Free: 14, 14, 15 and 15; nothing in one piece of 16.
        self.assertEqual(1.0, Replay(data()).fragment_rate)
        replay = self.run_one('a', ('c', 'pm_0', 1))
        self.assertEqual([], replay.objections)
        self.assertAlmostEqual(42 / 58, replay.fragment_rate)

    def test_a_pair_takes_both_of_one_host(self) -> None:
        both = ('c', 'pm_1', 0), ('c', 'pm_1', 1)
        replay = self.run_one('pair', *both)
        self.assertEqual([], replay.objections)
        self.assertAlmostEqual(26 / 58, replay.fragment_rate)
        for to in (both[:1], both[::-1], (('c', 'pm_0', 0), both[1])):
            self.assertIn(
                'is no place', self.run_one('pair', *to).objections[0]
            )

    def test_what_is_not_possible(self) -> None:
        replay = self.run_one('a', ('c', 'pm_1', 1))
        self.assertIn('on that host', replay.objections[0])
        small = data()
        small['cluster_list'][0]['vm_instance'][0]['numa'][0]['cpu'] = 17
        replay = Replay(small)
        replay.run([Migration('a', (('c', 'pm_0', 0),))])
        self.assertIn('no room', replay.objections[0])


class TestSolve(unittest.TestCase):
    def solved(self, migrations: int) -> tuple[Replay, float | None]:
        numa = NumaCluster.of(data())
        case = fragment_rate.Case('tiny', migrations, 10.0, 1.0)
        found = fragment_rate.solve(numa, case, time.monotonic() + 10, 0)
        replay = Replay(data())
        replay.run(fragment_rate.migrations(numa, found.steps))
        return replay, found.bound

    def test_the_pair_moves_at_once(self) -> None:
        replay, bound = self.solved(1)
        self.assertEqual([], replay.objections)
        self.assertEqual(1, replay.count)
        self.assertAlmostEqual(26 / 58, replay.fragment_rate)
        self.assertAlmostEqual(26 / 58, bound or 0.0)

    def test_nothing_is_gained_by_more(self) -> None:
        replay, _ = self.solved(3)
        self.assertEqual([], replay.objections)
        self.assertAlmostEqual(26 / 58, replay.fragment_rate)
        self.assertEqual(1, replay.count)
