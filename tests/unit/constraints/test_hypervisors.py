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

"""Who can go on with the hypervisor of another node."""

from __future__ import annotations

import unittest

from typing import Any

import numpy as np

from tests.unit.model import small
from watcher_rearrange.constraints.hypervisors import Hypervisors
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Snapshot


NODES: dict[str, tuple[str, int | None]] = {
    'old': ('QEMU', 6002000),
    'new': ('QEMU', 8002000),
    'other': ('LXC', 9000000),
    'type': ('QEMU', None),
    'none': ('', None),
}
NAMES = list(NODES)


def hypervisors(
    host: str, names: list[str] = NAMES, skip: bool = False, **more: Any
) -> Hypervisors:
    """The rule for an instance on a host of some of the nodes."""
    snapshot = Snapshot(
        tuple(
            small.node(
                name,
                hypervisor_type=NODES[name][0],
                hypervisor_version=NODES[name][1],
            )
            for name in names
        ),
        (small.instance('a', host, **more),),
        skip_hypervisor_version_check_on_lm=skip,
    )
    cluster = Cluster.from_snapshot(snapshot)
    return Hypervisors(cluster, MoveOptions(cold_if_not_live=True))


def nodes(host: str, **more: Any) -> list[str]:
    """Where an instance can go."""
    rule = hypervisors(host, **more)
    more.pop('skip', None)
    found = rule.permitted(small.instance('a', host, **more))
    return [name for name, may in zip(NAMES, found, strict=True) if may]


class TestPermitted(unittest.TestCase):
    def test_none_that_is_older(self) -> None:
        self.assertEqual(['old', 'new', 'type', 'none'], nodes('old'))
        self.assertEqual(['new', 'type', 'none'], nodes('new'))

    def test_none_of_another_type(self) -> None:
        self.assertEqual(['other', 'none'], nodes('other'))

    def test_what_is_not_known_is_no_obstacle(self) -> None:
        self.assertEqual(['old', 'new', 'type', 'none'], nodes('type'))
        self.assertEqual(NAMES, nodes('none'))

    def test_only_who_goes_live_is_bound(self) -> None:
        self.assertEqual(NAMES, nodes('new', state='stopped'))
        self.assertEqual(NAMES, nodes('new', not_live='it has a GPU'))

    def test_where_nova_does_not_look_at_versions(self) -> None:
        found = nodes('new', skip=True)
        self.assertEqual(['old', 'new', 'type', 'none'], found)


class TestWays(unittest.TestCase):
    KNOWN = ['old', 'new', 'other']

    def test_stops_are_neither_older_nor_too_new(self) -> None:
        rule = hypervisors('old', self.KNOWN)
        for here, there, expected in (
            (0, 0, [True, False, False]),
            (0, 1, [True, True, False]),
            (1, 1, [False, True, False]),
        ):
            found = rule.between(0, here, there).tolist()
            self.assertEqual(expected, found)

    def test_equal_answers(self) -> None:
        rule = hypervisors('old', ['old', 'new'])
        first = np.zeros(4, dtype=np.int64)
        start = np.array([0, 0, 1, 0])
        goal = np.array([0, 1, 1, 1])
        one, two, three, again = rule.ways(first, start, goal).tolist()
        self.assertEqual(two, again)
        self.assertEqual(3, len({one, two, three} - {0}))

    def test_who_is_not_bound_may_stop_anywhere(self) -> None:
        rule = hypervisors('old', self.KNOWN, state='stopped')
        self.assertTrue(rule.between(0, 1, 1).all())
        index = np.array([0])
        self.assertEqual([0], rule.ways(index, index, index).tolist())

    def test_nobody_is_bound_where_all_are_alike(self) -> None:
        self.assertFalse(hypervisors('old', ['old']).bound.any())

    def test_two_migrations_for_one(self) -> None:
        self.assertTrue(hypervisors('old', self.KNOWN).is_transitive)
        self.assertFalse(hypervisors('old').is_transitive)
        self.assertTrue(hypervisors('old', ['old', 'none']).is_transitive)
