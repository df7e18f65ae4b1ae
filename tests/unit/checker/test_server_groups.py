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

"""Affinity and anti-affinity while a plan runs."""

from __future__ import annotations

import unittest

from typing import Any

from tests.unit.checker.documents import Document
from tests.unit.checker.documents import breaches
from tests.unit.checker.documents import group
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import move
from tests.unit.checker.documents import node
from tests.unit.checker.documents import plan
from tests.unit.checker.documents import snapshot
from watcher_rearrange import checker


class TestServerGroups(unittest.TestCase):
    def groups(self, hosts: str, policy: str, **more: Any) -> Document:
        """Members a, b, ... of one group on the nodes given by digits."""
        members = [
            instance(name, f'n{host}', 1)
            for name, host in zip('abcdef', hosts, strict=False)
        ]
        names = [data['uuid'] for data in members]
        nodes = [node(name) for name in ('n1', 'n2', 'n3', 'n4')]
        return snapshot(
            nodes, members, server_groups=[group(policy, *names, **more)]
        )

    def test_migrating_member_counts_on_both_ends(self) -> None:
        apart = self.groups('12', 'anti-affinity')
        leave = move('1', 'a', 'n1', 'n3')
        enter = move('2', 'b', 'n2', 'n1')
        wrong = [('anti_affinity', ('g', 'n1'))]
        self.assertEqual(wrong, breaches(apart, leave, enter))
        enter['parents'] = ['1']
        self.assertEqual([], breaches(apart, leave, enter))

    def test_max_server_per_host(self) -> None:
        apart = self.groups('123', 'anti-affinity', max_server_per_host=2)
        first = move('1', 'a', 'n1', 'n3')
        self.assertEqual([], breaches(apart, first))
        self.assertEqual(
            [('anti_affinity', ('g', 'n3'))],
            breaches(apart, first, move('2', 'b', 'n2', 'n3')),
        )

    def test_broken_anti_affinity_may_be_repaired_not_worsened(self) -> None:
        together = self.groups('112', 'anti-affinity')
        self.assertEqual([], breaches(together, move('1', 'a', 'n1', 'n3')))
        self.assertEqual(
            [('anti_affinity', ('g', 'n2'))],
            breaches(together, move('1', 'a', 'n1', 'n2')),
        )

    def test_scattered_affinity_may_be_gathered(self) -> None:
        scattered = self.groups('1123', 'affinity')
        self.assertEqual([], breaches(scattered, move('1', 'c', 'n2', 'n1')))
        self.assertEqual(
            [('affinity', ('g', 'c', 'n4'))],
            breaches(scattered, move('1', 'c', 'n2', 'n4')),
        )
        # The one that c joins may be gone.
        self.assertEqual(
            [('affinity', ('g', 'c', 'n3'))],
            breaches(
                scattered,
                move('1', 'd', 'n3', 'n1'),
                move('2', 'c', 'n2', 'n3'),
            ),
        )

    def test_who_migrates_already_is_no_company(self) -> None:
        scattered = self.groups('123', 'affinity')
        scattered['migrations'] = [
            {'instance': 'b', 'source': 'n2', 'destination': 'n4'}
        ]
        self.assertEqual([], breaches(scattered, move('1', 'a', 'n1', 'n3')))
        for host in ('n2', 'n4'):
            self.assertEqual(
                [('affinity', ('g', 'a', host))],
                breaches(scattered, move('1', 'a', 'n1', host)),
            )

    def test_lonely_member_and_soft_policies_are_free(self) -> None:
        leave = move('1', 'a', 'n1', 'n2')
        self.assertEqual([], breaches(self.groups('1', 'affinity'), leave))
        for hosts, policy in (
            ('12', 'soft-anti-affinity'),
            ('11', 'soft-affinity'),
        ):
            self.assertEqual([], breaches(self.groups(hosts, policy), leave))

    def test_released_members_are_gone(self) -> None:
        leave = plan(move('1', 'a', 'n1', 'n2'))
        target = {'placement': {'a': 'n2'}, 'release': ['b']}
        for hosts, policy in (('12', 'anti-affinity'), ('11', 'affinity')):
            report = checker.check_plan(
                self.groups(hosts, policy), leave, target
            )
            self.assertEqual((), report.violations)

    def test_two_groups_of_one_name(self) -> None:
        apart = self.groups('1234', 'anti-affinity')
        apart['server_groups'] = [
            {'name': 'same', 'policy': 'anti-affinity', 'members': members}
            for members in (['a', 'c'], ['b', 'd'])
        ]
        self.assertEqual([], breaches(apart, move('1', 'a', 'n1', 'n2')))
        self.assertEqual(
            [('anti_affinity', ('same', 'n3'))],
            breaches(apart, move('1', 'a', 'n1', 'n3')),
        )
