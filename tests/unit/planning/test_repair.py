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
