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

"""Pairs of rules that contradict each other on any cluster."""

from __future__ import annotations

import unittest

from typing import Any

from watcher_rearrange.policies.file import pairs
from watcher_rearrange.policies.file import reading


WEB = {'names': ['web-*']}


def found(*rules: dict[str, Any]) -> list[tuple[str, str]]:
    document = {
        'version': 1,
        'rules': [
            {'name': f'r{k}', 'instances': WEB, **rule}
            for k, rule in enumerate(rules)
        ],
    }
    return pairs.contradictions(reading.policy_from_document(document))


def fence(**nodes: list[str]) -> dict[str, Any]:
    return {'rule': 'fence', 'nodes': nodes}


class TestPairs(unittest.TestCase):
    def test_fence_and_ban(self) -> None:
        ban = {'rule': 'ban', 'nodes': {'zones': ['z*']}}
        self.assertEqual([('r0', 'r1')], found(fence(zones=['z*']), ban))
        self.assertEqual([('r0', 'r1')], found(ban, fence(zones=['z*'])))
        self.assertEqual(
            [('r0', 'r1')], found(fence(names=['n']), {**ban, 'nodes': {}})
        )
        self.assertEqual([], found(fence(zones=['z1']), ban))
        self.assertEqual([], found(fence(zones=['z*']), {**ban, 'should': 1}))
        self.assertEqual(
            [], found(fence(zones=['z*']), {**ban, 'instances': {}})
        )

    def test_two_fences(self) -> None:
        one = fence(names=['n1', 'n2'])
        self.assertEqual([('r0', 'r1')], found(one, fence(names=['n3'])))
        self.assertEqual([], found(one, fence(names=['n2', 'n3'])))
        self.assertEqual([], found(one, fence(names=['n3*'])))
        self.assertEqual([], found(one, fence(zones=['z'])))
        self.assertEqual(
            [('r0', 'r2')],
            found(fence(zones=['z']), one, fence(zones=['y'], names=['n1'])),
        )

    def test_gather_and_spread(self) -> None:
        gather = {'rule': 'gather'}
        spread = {'rule': 'spread', 'over': 'zone'}
        self.assertEqual([('r0', 'r1')], found(spread, gather))
        self.assertEqual([], found({**spread, 'at_most': 2}, gather))
