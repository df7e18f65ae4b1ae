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

"""Paths to given targets, compared with an exact oracle.

More cases: REARRANGE_PATH_CASES=2000 in the environment.
"""

from __future__ import annotations

import dataclasses
import os
import random
import unittest

from collections.abc import Callable
from typing import Any

from tests.property.oracle import Oracle
from watcher_rearrange import checker
from watcher_rearrange.planning import pipeline
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer


CASES = int(os.environ.get('REARRANGE_PATH_CASES', '150'))

# Migrations above the optimum that all cases together may take.
MOST_ABOVE = 0.02

CLASSES = ('VCPU', 'MEMORY_MB')
SIZES = (2, 2, 3, 3, 4, 5)

# Share of the capacity in use, of half of the cases each.
FULL = 0.9
ROOMY = 0.8


def cluster(rng: random.Random, full: float) -> dict[str, Any]:
    """3 to 5 nodes and up to 8 instances.

    :param full: share of the capacity that is in use, at least
    """
    classes = CLASSES[: rng.choice((1, 1, 2))]
    hosts = [f'c{k}' for k in range(rng.randint(3, 5))]
    instances = [
        {
            'uuid': f'i{k}',
            'host': rng.choice(hosts),
            'allocations': {rc: rng.choice(SIZES) for rc in classes},
        }
        for k in range(rng.randint(5, 8))
    ]
    totals = {rc: _totals(rng, instances, hosts, rc, full) for rc in classes}
    nodes = [
        {
            'hostname': host,
            'inventories': {rc: {'total': totals[rc][host]} for rc in classes},
        }
        for host in hosts
    ]
    return {'version': 1, 'compute_nodes': nodes, 'instances': instances}


def _totals(
    rng: random.Random,
    instances: list[dict[str, Any]],
    hosts: list[str],
    rc: str,
    full: float,
) -> dict[str, int]:
    """What is used by host, and what is free on two of them."""
    totals = dict.fromkeys(hosts, 0)
    for instance in instances:
        totals[instance['host']] += instance['allocations'][rc]
    used = sum(totals.values())
    roomy = rng.sample(hosts, 2)
    for _ in range(int(used / full) - used):
        totals[rng.choice(roomy)] += 1
    return totals


class Walk:
    """A placement that only ever moves to where there is room."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.host = {i['uuid']: i['host'] for i in document['instances']}
        self._needs = {
            i['uuid']: i['allocations'] for i in document['instances']
        }
        self._free = {
            n['hostname']: {
                rc: inventory['total']
                for rc, inventory in n['inventories'].items()
            }
            for n in document['compute_nodes']
        }
        for uuid, host in self.host.items():
            self._take(uuid, host, 1)

    def clear(self) -> None:
        """Take everybody out."""
        for uuid, host in self.host.items():
            self._take(uuid, host, -1)
        self.host = {}

    def move(self, uuid: str, host: str) -> bool:
        """Move an instance if it fits."""
        free = self._free[host]
        if host == self.host.get(uuid) or any(
            amount > free[rc] for rc, amount in self._needs[uuid].items()
        ):
            return False
        if uuid in self.host:
            self._take(uuid, self.host[uuid], -1)
        self._take(uuid, host, 1)
        self.host[uuid] = host
        return True

    def swap(self, one: str, other: str) -> None:
        """Let two change places if both fit once both have left."""
        hosts = self.host.pop(one), self.host.pop(other)
        self._take(one, hosts[0], -1)
        self._take(other, hosts[1], -1)
        moved = self.move(one, hosts[1])
        if moved and self.move(other, hosts[0]):
            return
        if moved:
            self._take(one, hosts[1], -1)
        for uuid, host in zip((one, other), hosts, strict=True):
            self._take(uuid, host, 1)
            self.host[uuid] = host

    def _take(self, uuid: str, host: str, sign: int) -> None:
        for rc, amount in self._needs[uuid].items():
            self._free[host][rc] -= sign * amount


def reached(rng: random.Random, document: dict[str, Any]) -> dict[str, str]:
    """A target at the end of a random walk."""
    walk = Walk(document)
    uuids, hosts = sorted(walk.host), sorted(walk._free)
    for _ in range(rng.randint(5, 400)):
        walk.move(rng.choice(uuids), rng.choice(hosts))
    return walk.host


def drawn(rng: random.Random, document: dict[str, Any]) -> dict[str, str]:
    """A target that is within capacity, reachable or not."""
    walk = Walk(document)
    uuids, hosts = sorted(walk.host), sorted(walk._free)
    home = dict(walk.host)
    for _ in range(200):
        walk.clear()
        rng.shuffle(uuids)
        for uuid in uuids:
            rng.shuffle(hosts)
            if not any(walk.move(uuid, host) for host in hosts):
                break
        else:
            return walk.host
    return home


def swapped(rng: random.Random, document: dict[str, Any]) -> dict[str, str]:
    """A target in which instances have changed places where that fits."""
    walk = Walk(document)
    uuids = sorted(walk.host)
    for _ in range(rng.randint(1, 12)):
        walk.swap(*rng.sample(uuids, 2))
    return walk.host


def case(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A snapshot document and a target document that differ."""
    rng = random.Random(seed)
    full = FULL if seed % 4 < 2 else ROOMY
    while True:
        document = cluster(rng, full)
        target = TARGETS[seed % 3](rng, document)
        if any(i['host'] != target[i['uuid']] for i in document['instances']):
            return document, {'version': 1, 'placement': target}


TARGETS = (reached, drawn, swapped)

Case = Callable[[int], tuple[dict[str, Any], dict[str, Any]]]
Planner = Callable[[int, dict[str, Any], dict[str, Any]], dict[str, Any]]


@dataclasses.dataclass
class Tally:
    """What came of all cases; the migrations are of those with a path."""

    impossible: int = 0
    fewest: int = 0
    taken: int = 0
    detours: int = 0


class OracleCase(unittest.TestCase):
    def against_the_oracle(self, draw: Case, plan: Planner) -> Tally:
        """Check what is planned for each case.

        :param draw: makes a case of a seed
        :param plan: plans for it
        """
        tally = Tally()
        for seed in range(CASES):
            document, target = draw(seed)
            best = Oracle(document).migrations(target['placement'])
            found = plan(seed, document, target)
            self.assert_agrees(found, best, seed)
            if best is None:
                tally.impossible += 1
                continue
            tally.fewest += best
            tally.taken += len(found['actions'])
            tally.detours += sum(a['displacement'] for a in found['actions'])
        return tally

    def assert_agrees(
        self, plan: dict[str, Any], best: int | None, seed: int
    ) -> None:
        """Check what a plan claims.

        :param best: the fewest migrations; None if there is no path
        """
        if best is None:
            self.assertEqual('INFEASIBLE', plan['status'], seed)
            return
        self.assertIn(plan['status'], ('OPTIMAL', 'FEASIBLE'), seed)
        count = len(plan['actions'])
        self.assertGreaterEqual(count, best, seed)
        self.assertLessEqual(plan['path']['bound'], best, seed)
        if plan['status'] == 'OPTIMAL':
            self.assertEqual(best, count, seed)


class TestPaths(OracleCase):
    def test_against_the_oracle(self) -> None:
        tally = self.against_the_oracle(case, self._plan)
        if CASES > 1000:
            print(
                f'{CASES} cases: {tally.impossible} impossible, {tally.taken} '
                f'migrations where {tally.fewest} are the fewest'
            )
        # The cases are of no use if all are of one kind.
        self.assertGreater(tally.impossible, CASES / 20)
        self.assertGreater(CASES / 2, tally.impossible)
        self.assertLessEqual(tally.taken, tally.fewest * (1 + MOST_ABOVE))

    def _plan(
        self, seed: int, document: dict[str, Any], target: dict[str, Any]
    ) -> dict[str, Any]:
        plan = writer.plan_document(
            pipeline.find_path(
                reader.snapshot_from_document(document),
                reader.target_from_document(
                    target, reader.snapshot_from_document(document)
                ),
            )
        )
        report = checker.check_plan(document, plan, target, interleavings=5)
        self.assertEqual([], [str(v) for v in report.violations], seed)
        return plan
