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

import dataclasses
import unittest

from typing import Any

from tests.unit.model import small
from tests.unit.planning.documents import migrations
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Provision
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.model.records import Target
from watcher_rearrange.planning import pipeline


# Two nodes whose instances fill them, and one with some room.
SWAP = small.snapshot(
    {'c0': 2, 'c1': 2, 'c2': 2}, {'a': ('c0', 2), 'b': ('c1', 2)}
)


def path(snapshot: Snapshot, placement: dict[str, str], **more: Any) -> Plan:
    return pipeline.find_path(snapshot, Target(placement, **more))


class TestPath(unittest.TestCase):
    def test_nothing_to_do(self) -> None:
        self.assertEqual(Status.NO_CHANGE, path(SWAP, {}).status)
        self.assertEqual(Status.NO_CHANGE, path(SWAP, {'a': 'c0'}).status)

    def test_a_swap_through_a_temporary_host(self) -> None:
        found = path(SWAP, {'a': 'c1', 'b': 'c0'})
        self.assertEqual(Status.OPTIMAL, found.status)
        first, second, third = found.actions
        self.assertEqual('c2', first.destination)
        self.assertEqual(
            [True, False, False], [a.displacement for a in found.actions]
        )
        self.assertEqual((first.id,), second.parents)
        self.assertEqual((second.id,), third.parents)
        self.assertEqual(2, found.path.bound)

    def test_a_deadlock(self) -> None:
        snapshot = dataclasses.replace(
            SWAP, compute_nodes=SWAP.compute_nodes[:2]
        )
        found = path(snapshot, {'a': 'c1', 'b': 'c0'})
        self.assertEqual(Status.INFEASIBLE, found.status)
        self.assertEqual((), found.actions)
        self.assertIn('every reachable placement', found.messages[0])

    def test_the_bound_counts_only_who_must_move(self) -> None:
        # 'c' is at home and has to step aside, which is no bound.
        snapshot = small.snapshot(
            {'c0': 6, 'c1': 4, 'c2': 2},
            {'a': ('c0', 3), 'b': ('c1', 3), 'c': ('c0', 2)},
        )
        found = path(snapshot, {'a': 'c1', 'b': 'c0'})
        self.assertEqual(4, found.path.migrations)
        self.assertLessEqual(found.path.bound, 4)


class TestRelease(unittest.TestCase):
    def test_what_is_released_makes_room_at_once(self) -> None:
        found = path(SWAP, {'a': 'c1'}, release=('b',))
        self.assertEqual(Status.OPTIMAL, found.status)
        (move,) = found.actions
        self.assertEqual(('a', 'c1', ()), (*_ends(move), move.parents))

    def test_who_is_released_is_not_moved(self) -> None:
        found = path(SWAP, {'a': 'c2'}, release=('a',))
        self.assertEqual(Status.NO_CHANGE, found.status)


class TestProvision(unittest.TestCase):
    def _path(self, host: str, vcpus: int, name: str = 'VCPU') -> Plan:
        wanted = Provision('new', host, {name: vcpus})
        return path(SWAP, {'a': 'c2'}, provision=(wanted,))

    def test_room_that_there_is_at_the_end(self) -> None:
        found = self._path('c0', 2)
        self.assertEqual(1, len(migrations(found)))

    def test_room_that_there_is_not(self) -> None:
        for host, vcpus in (('c0', 3), ('c1', 1), ('c2', 1)):
            found = self._path(host, vcpus)
            self.assertEqual(Status.INFEASIBLE, found.status, host)
            self.assertIn(host, found.messages[0])

    def test_a_class_that_nobody_has(self) -> None:
        found = self._path('c0', 1, 'VGPU')
        self.assertEqual(Status.INFEASIBLE, found.status)
        self.assertIn('VGPU', found.messages[0])


class TestRefusals(unittest.TestCase):
    def _reason(self, snapshot: Snapshot, **placement: str) -> str:
        found = path(snapshot, placement)
        self.assertEqual(Status.INFEASIBLE, found.status)
        self.assertEqual((), found.actions)
        return found.messages[0]

    def _one(self, node: dict[str, Any] | None = None, **more: Any) -> str:
        snapshot = Snapshot(
            (small.node('c0'), small.node('c1', **node or {})),
            (small.instance('a', 'c0', **more),),
        )
        return self._reason(snapshot, a='c1')

    def test_what_must_not_move(self) -> None:
        self.assertIn('locked', self._one(locked=True))
        self.assertIn('excluded', self._one(excluded=True))
        self.assertIn('paused', self._one(state='paused'))

    def test_where_it_may_not_be(self) -> None:
        self.assertIn('may not run on c1', self._one({'status': 'disabled'}))
        self.assertIn('may not run on c1', self._one({'state': 'down'}))
        self.assertIn('may not run', self._one(required_traits=('SSD',)))
        self.assertIn('may not run', self._one(pinned_az='az9'))

    def test_more_than_fits(self) -> None:
        text = self._reason(SWAP, a='c1')
        self.assertIn('c1 would have 4 VCPU in use of 2', text)

    def test_a_group(self) -> None:
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 8},
            {'a': ('c0', 1), 'b': ('c1', 1)},
            server_groups=(small.apart('a', 'b'),),
        )
        self.assertIn('anti-affinity', self._reason(snapshot, a='c1'))

    # Two groups may have one name.
    def test_a_group_with_the_name_of_a_broken_one(self) -> None:
        broken = dataclasses.replace(small.apart('c', 'd'), uuid='broken')
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 8},
            {name: (f'c{k}', 1) for name, k in zip('abcd', (0, 1, 0, 0))},
            server_groups=(small.apart('a', 'b'), broken),
        )
        self.assertIn('anti-affinity', self._reason(snapshot, a='c1'))

    def test_every_reason_at_once(self) -> None:
        snapshot = Snapshot(
            (small.node('c0'), small.node('c1')),
            (
                small.instance('a', 'c0', locked=True),
                small.instance('b', 'c0', pinned_az='az9'),
                small.instance('c', 'c0', 9),
            ),
        )
        found = path(snapshot, {'a': 'c1', 'b': 'c1', 'c': 'c1'})
        self.assertEqual(3, len(found.messages))


def _ends(action: Any) -> tuple[str, str]:
    return action.instance, action.destination
