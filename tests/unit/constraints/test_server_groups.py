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
from watcher_rearrange.constraints.server_groups import ServerGroups
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import ServerGroup


NODES = {'c1': 9, 'c2': 9, 'c3': 9}


class TestServerGroups(unittest.TestCase):
    def _groups(
        self, hosts: dict[str, str], *groups: ServerGroup
    ) -> tuple[ServerGroups, Placement]:
        cluster = small.cluster(
            NODES,
            {uuid: (host, 1) for uuid, host in hosts.items()},
            server_groups=groups,
        )
        return ServerGroups(cluster), Placement(cluster)

    def _permitted(
        self, hosts: dict[str, str], *groups: ServerGroup
    ) -> list[bool]:
        """Where the first instance may go."""
        found, placement = self._groups(hosts, *groups)
        return found.permitted(placement, 0).tolist()

    def test_apart(self) -> None:
        self.assertEqual(
            [True, False, True],
            self._permitted({'a': 'c1', 'b': 'c2'}, small.apart('a', 'b')),
        )

    def test_apart_with_two_a_host(self) -> None:
        group = small.apart('a', 'b', 'c', 'd', most=2)
        hosts = {'a': 'c1', 'b': 'c2', 'c': 'c3', 'd': 'c3'}
        self.assertEqual([True, True, False], self._permitted(hosts, group))

    def test_a_broken_apart_group_can_be_repaired(self) -> None:
        self.assertEqual(
            [False, True, True],
            self._permitted({'a': 'c1', 'b': 'c1'}, small.apart('a', 'b')),
        )

    def test_together(self) -> None:
        self.assertEqual(
            [False, True, False],
            self._permitted({'a': 'c1', 'b': 'c2'}, small.together('a', 'b')),
        )

    def test_who_migrates_already_is_no_company(self) -> None:
        cluster = small.cluster(
            NODES,
            {'a': ('c1', 1), 'b': ('c2', 1), 'c': ('c3', 1)},
            server_groups=(small.together('a', 'b', 'c'),),
            migrations=(Migration('b', 'c2', 'c1'),),
        )
        found = ServerGroups(cluster).permitted(Placement(cluster), 0)
        self.assertEqual([False, False, True], found.tolist())

    def test_one_alone_in_its_group_goes_anywhere(self) -> None:
        self.assertEqual(
            [True] * 3, self._permitted({'a': 'c1'}, small.together('a'))
        )

    def test_who_was_released_does_not_count(self) -> None:
        groups, placement = self._groups(
            {'a': 'c1', 'b': 'c2'}, small.apart('a', 'b')
        )
        placement.move(1, -1)
        self.assertTrue(groups.permitted(placement, 0).all())

    def test_several_groups_all_count(self) -> None:
        found = self._permitted(
            {'a': 'c1', 'b': 'c2', 'c': 'c2'},
            small.apart('a', 'b'),
            small.together('a', 'c'),
        )
        self.assertFalse(any(found))

    def test_soft_policies_forbid_nothing(self) -> None:
        group = ServerGroup('g', 'soft-anti-affinity', ('a', 'b'))
        groups, placement = self._groups({'a': 'c1', 'b': 'c1'}, group)
        self.assertEqual([], groups.of(0))
        self.assertEqual([], groups.violations(placement))


class TestViolations(unittest.TestCase):
    def _violations(self, group: ServerGroup) -> list[tuple[object, ...]]:
        cluster = small.cluster(
            NODES,
            {'a': ('c1', 1), 'b': ('c1', 1), 'c': ('c2', 1)},
            server_groups=(group,),
        )
        found = ServerGroups(cluster).violations(Placement(cluster))
        return [(v.rule, v.things, v.current, v.needed) for v in found]

    def test_apart(self) -> None:
        self.assertEqual(
            [('anti-affinity', ('apart',), 2, 1)],
            self._violations(small.apart('a', 'b', 'c')),
        )
        self.assertEqual([], self._violations(small.apart('b', 'c')))

    def test_together(self) -> None:
        self.assertEqual(
            [('affinity', ('together',), 2, 1)],
            self._violations(small.together('a', 'b', 'c')),
        )
        self.assertEqual([], self._violations(small.together('a', 'b')))
