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


import unittest

from typing import Any

from tests.unit.model import small
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.model.records import Snapshot


def fence(uuid: str, *hosts: str) -> dict[str, Any]:
    """A policy that lets one be on some nodes only."""
    return {
        'version': 1,
        'rules': [
            {
                'name': 'fence',
                'rule': 'fence',
                'instances': {'uuids': [uuid]},
                'nodes': {'names': list(hosts)},
            }
        ],
    }


class TestRepair(unittest.TestCase):
    def test_a_part_of_what_is_too_full(self) -> None:
        # Who stays is too much for the memory, but not for the vCPUs.
        found = plan(
            Snapshot(
                (small.node('c0', 4, 4096), small.node('c1', 4, 4096)),
                (
                    small.instance('stays', 'c0', 2, 8192, locked=True),
                    small.instance('a', 'c0', 3, 1024),
                ),
            ),
            'policy',
        )
        self.assertEqual({'a': 'c1'}, moves(found))
        self.assertEqual((2, 1), objective(found, 'breaches'))

    def test_a_larger_one_makes_room(self) -> None:
        found = plan(
            small.snapshot(
                {'c0': 4, 'c1': 6, 'c2': 6},
                {'a': ('c0', 3), 'large': ('c1', 5)},
            ),
            'policy',
            policy=fence('a', 'c1'),
        )
        self.assertEqual({'a': 'c1', 'large': 'c2'}, moves(found))

    def test_as_much_as_the_limit_pays_for(self) -> None:
        members = {f'a{k}': ('c0', 1) for k in range(6)}
        crowd = {
            'version': 1,
            'rules': [
                {
                    'name': 'apart',
                    'rule': 'spread',
                    'instances': {'uuids': list(members)},
                }
            ],
        }
        found = plan(
            small.snapshot({f'c{k}': 8 for k in range(6)}, members),
            'policy',
            policy=crowd,
            max_migrations=2,
        )
        self.assertEqual(2, len(moves(found)))
        self.assertEqual((5, 3), objective(found, 'breaches'))
        self.assertIn('max_migrations, 2', ' '.join(found.messages))

    def test_small_ones_where_large_ones_do_not_fit(self) -> None:
        small_ones = [small.instance(f'b{k}', 'c0', 1, 1024) for k in range(8)]
        large = [small.instance(f'a{k}', 'c0', 1, 2048) for k in range(2)]
        full = [small.instance(f'x{k}', f'd{k}', 1, 3072) for k in range(8)]
        found = plan(
            Snapshot(
                (
                    small.node('c0', 64, 8192),
                    *(small.node(f'd{k}', 8, 4096) for k in range(8)),
                ),
                (*large, *small_ones, *full),
            ),
            'policy',
        )
        self.assertEqual((1, 0), objective(found, 'breaches'))
        self.assertEqual(4, len(moves(found)))
