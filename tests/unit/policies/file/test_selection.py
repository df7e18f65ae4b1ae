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

"""Selections, judged twice: for the planner and for the checker."""

from __future__ import annotations

import unittest

from typing import Any

from watcher_rearrange.checker.policy_selection import Selections
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.policies.file import reading
from watcher_rearrange.policies.file import records
from watcher_rearrange.policies.file import selection
from watcher_rearrange.snapshot import reader


SNAPSHOT: dict[str, Any] = {
    'version': 1,
    'compute_nodes': [
        {
            'hostname': 'r1-1',
            'inventories': {},
            'availability_zone': 'z1',
            'traits': ['T1', 'T2'],
        },
        {
            'hostname': 'r1-2',
            'inventories': {},
            'availability_zone': 'z2',
            'traits': ['T1'],
        },
        {'hostname': 'R2-1', 'inventories': {}},
    ],
    'instances': [
        {
            'uuid': 'a',
            'name': 'web-1',
            'host': 'r1-1',
            'allocations': {},
            'project_id': 'p1',
            'metadata': {'role': 'db', 'tier': 'gold'},
            'flavor': 'm1.small',
        },
        {
            'uuid': 'b',
            'name': 'web-2',
            'host': 'r1-1',
            'allocations': {},
            'project_id': 'p2',
            'metadata': {'role': 'dbx'},
            'image': 'cirros',
        },
        {'uuid': 'c', 'host': 'r1-2', 'allocations': {}},
    ],
    'server_groups': [
        {
            'uuid': 'g1',
            'name': 'db',
            'policy': 'soft-affinity',
            'members': ['a', 'c'],
        },
        {'uuid': 'g2', 'policy': 'affinity', 'members': ['b']},
    ],
    'aggregates': [
        {'name': 'rack-1', 'hosts': ['r1-1', 'r1-2']},
        {'name': 'gold', 'hosts': ['r1-2', 'R2-1']},
    ],
}

INSTANCES: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, 'abc'),
    ({'names': ['web-*']}, 'ab'),
    ({'names': ['web-1', '*-2']}, 'ab'),
    ({'names': ['WEB-*']}, ''),
    ({'names': ['web-[!1]']}, 'b'),
    ({'names': ['web']}, ''),
    ({'projects': ['p1', 'p3']}, 'a'),
    ({'uuids': ['c', 'x']}, 'c'),
    ({'uuids': ['*']}, ''),
    ({'metadata': {'role': 'db'}}, 'a'),
    ({'metadata': {'role': 'db*'}}, 'ab'),
    ({'metadata': {'role': '*', 'tier': 'gold'}}, 'a'),
    ({'metadata': {'none': '*'}}, ''),
    ({'flavors': ['m1.*']}, 'a'),
    ({'images': ['cirros']}, 'b'),
    ({'server_groups': ['db']}, 'ac'),
    ({'server_groups': ['g2']}, 'b'),
    ({'server_groups': ['d*', 'g2']}, 'abc'),
    ({'server_groups': ['db'], 'names': ['web-*']}, 'a'),
)

NODES: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({}, ['r1-1', 'r1-2', 'R2-1']),
    ({'names': ['r*']}, ['r1-1', 'r1-2']),
    ({'zones': ['z*']}, ['r1-1', 'r1-2']),
    ({'zones': ['nova', 'z2']}, ['r1-2', 'R2-1']),
    ({'traits': ['T1']}, ['r1-1', 'r1-2']),
    ({'traits': ['T1', 'T2']}, ['r1-1']),
    ({'aggregates': ['rack-*']}, ['r1-1', 'r1-2']),
    ({'aggregates': ['rack-*', 'gold']}, ['r1-1', 'r1-2', 'R2-1']),
    ({'aggregates': ['gold'], 'zones': ['z2']}, ['r1-2']),
    ({'aggregates': ['silver']}, []),
)


def rule(found: dict[str, Any]) -> records.Rule:
    document = {'version': 1, 'rules': [{'name': 'r', **found}]}
    return reading.policy_from_document(document).rules[0]


class TestSelections(unittest.TestCase):
    def setUp(self) -> None:
        self.snapshot = reader.snapshot_from_document(SNAPSHOT)
        self.judge = Selections(SNAPSHOT)

    def test_instances(self) -> None:
        for wanted, expected in INSTANCES:
            found = rule({'rule': 'gather', 'instances': wanted})
            indices = selection.Selector(self.snapshot).instances(
                found.instances
            )
            uuids = [self.snapshot.instances[k].uuid for k in indices]
            judged = self.judge.instances(wanted)
            with self.subTest(wanted):
                self.assertEqual(expected, ''.join(uuids))
                self.assertEqual(set(expected), judged)

    def test_nodes(self) -> None:
        for wanted, expected in NODES:
            found = rule({'rule': 'ban', 'instances': {}, 'nodes': wanted})
            indices = selection.Selector(self.snapshot).nodes(found.nodes)
            names = [self.snapshot.compute_nodes[k].hostname for k in indices]
            judged = self.judge.nodes(wanted)
            with self.subTest(wanted):
                self.assertEqual(expected, names)
                self.assertEqual(set(expected), judged)

    def test_others_are_not_among_the_instances(self) -> None:
        found = rule(
            {
                'rule': 'split',
                'instances': {'names': ['web-1']},
                'others': {'names': ['web-*']},
            }
        )
        self.assertEqual((1,), selection.Selector(self.snapshot).others(found))

    def test_parts(self) -> None:
        for over, expected in (
            ('node', ['r1-1', 'r1-2', 'R2-1']),
            ('zone', ['z1', 'z2', 'nova']),
            ({'aggregates': ['rack-*']}, ['rack-1', 'rack-1', 'node R2-1']),
            ({'aggregates': ['gold']}, ['node r1-1', 'gold', 'gold']),
        ):
            found = rule({'rule': 'spread', 'instances': {}, 'over': over})
            parts = selection.Selector(self.snapshot).parts(found.over)
            self.assertEqual(expected, list(parts.values()))
            judged = self.judge.parts(over)
            self.assertEqual(parts, judged)

    def test_a_node_in_two_parts(self) -> None:
        over = {'aggregates': ['rack-1', 'g*']}
        found = rule({'rule': 'spread', 'instances': {}, 'over': over})
        with self.assertRaises(BadInput) as caught:
            selection.Selector(self.snapshot).parts(found.over)
        self.assertEqual(
            ('r1-2: is in gold and rack-1, which are to be parts apart',),
            caught.exception.problems,
        )
        with self.assertRaises(ValueError):
            self.judge.parts(over)
