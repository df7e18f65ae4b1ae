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

"""The placement checker."""

from __future__ import annotations

import unittest

from tests.unit.checker.documents import Document
from tests.unit.checker.documents import group
from tests.unit.checker.documents import instance
from tests.unit.checker.documents import small_cluster
from watcher_rearrange import checker


def broken(
    cluster: Document, placement: dict[str, str] | None = None
) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (found.rule, found.things)
        for found in checker.check_placement(cluster, placement)
    ]


class TestPlacement(unittest.TestCase):
    def test_nothing_broken(self) -> None:
        self.assertEqual([], broken(small_cluster()))
        self.assertEqual([], broken(small_cluster(), {'a': 'n2'}))

    def test_capacity(self) -> None:
        over = small_cluster({'n1': {'memory_mb': 89}})
        wrong = [('capacity', ('n1', 'MEMORY_MB'))]
        self.assertEqual(wrong, broken(over))
        self.assertEqual([], broken(over, {'b': 'n2'}))
        self.assertEqual(
            'node n1 holds 90 MiB of MEMORY_MB, its capacity is 89 MiB '
            '(placement)',
            str(checker.check_placement(over)[0]),
        )
        special = small_cluster()
        special['instances'][0]['allocations']['VGPU'] = 1
        self.assertEqual([('capacity', ('n1', 'VGPU'))], broken(special))

    def test_running_migration_holds_both_ends(self) -> None:
        running = small_cluster(
            {'n2': {'memory_mb': 50}},
            migrations=[
                {'instance': 'a', 'source': 'n1', 'destination': 'n2'}
            ],
        )
        self.assertEqual([('capacity', ('n2', 'MEMORY_MB'))], broken(running))
        self.assertIn(('in_migration', ('a',)), broken(running, {'a': 'n3'}))

    def test_groups(self) -> None:
        for policy, placement, things in (
            ('anti-affinity', None, ('g', 'n1')),
            ('anti-affinity', {'a': 'n2', 'b': 'n2'}, ('g', 'n2')),
            ('affinity', {'a': 'n2'}, ('g',)),
        ):
            grouped = small_cluster(server_groups=[group(policy, 'a', 'b')])
            rule = policy.replace('-', '_')
            self.assertEqual([(rule, things)], broken(grouped, placement))
        self.assertEqual([], broken(grouped, {'a': 'n2', 'b': 'n2'}))

    def test_traits_and_zone(self) -> None:
        a = {
            'required_traits': ['T'],
            'forbidden_traits': ['F'],
            'pinned_az': 'z',
        }
        nodes: Document = {
            'n1': {'traits': ['T'], 'availability_zone': 'z'},
            'n2': {'traits': ['F']},
        }
        picky = small_cluster(nodes, a=a)
        self.assertEqual([], broken(picky))
        self.assertEqual(
            [
                ('required_traits', ('a', 'n2')),
                ('forbidden_traits', ('a', 'n2')),
                ('availability_zone', ('a', 'n2')),
            ],
            broken(picky, {'a': 'n2'}),
        )

    def test_who_moves_and_where_to(self) -> None:
        for nodes, a, rule in (
            ({'n2': {'state': 'down'}}, {}, 'receiving_node'),
            ({'n2': {'status': 'disabled'}}, {}, 'receiving_node'),
            ({}, {'locked': True}, 'locked'),
            ({}, {'excluded': True}, 'excluded'),
            ({}, {'state': 'error'}, 'instance_state'),
        ):
            cluster = small_cluster(nodes, a=a)
            with self.subTest(rule):
                self.assertEqual([], broken(cluster))
                self.assertEqual([], broken(cluster, {'a': 'n1'}))
                got = broken(cluster, {'a': 'n2'})
                self.assertEqual([rule], [rule for rule, _things in got])

    def test_unknown_names(self) -> None:
        self.assertEqual(
            [
                ('unknown_instance', ('x',)),
                ('unknown_node', ('n8',)),
                ('unknown_node', ('n9',)),
            ],
            broken(small_cluster(), {'x': 'n8', 'a': 'n9'}),
        )
        # A host that is not in the snapshot is no reason to fail.
        lost = small_cluster()
        lost['instances'].append(instance('lost', 'n9'))
        self.assertEqual([], broken(lost))
