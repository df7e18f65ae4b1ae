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

"""As much of a target as can be reached."""

from __future__ import annotations

import unittest

from tests.unit.model import small
from watcher_rearrange.model.records import Provision
from watcher_rearrange.model.records import Target
from watcher_rearrange.planning import partial


FULL = small.snapshot(
    {'c0': 4, 'c1': 4, 'c2': 2},
    {'a': ('c0', 4), 'b': ('c1', 4), 'c': ('c2', 1)},
)


def reach(**placement: str) -> partial.Part:
    return partial.reachable(FULL, Target(placement), 60.0)


class TestReachable(unittest.TestCase):
    def test_everything(self) -> None:
        self.assertEqual({}, reach(c='c2').left)

    def test_a_deadlock_does_not_keep_the_others(self) -> None:
        snapshot = small.snapshot(
            {'c0': 4, 'c1': 4, 'c2': 2, 'c3': 2},
            {'a': ('c0', 4), 'b': ('c1', 4), 'c': ('c2', 1)},
        )
        target = Target({'a': 'c1', 'b': 'c0', 'c': 'c3'})
        part = partial.reachable(snapshot, target, 60.0)
        self.assertEqual({'c': 'c3'}, part.target.placement)
        self.assertEqual(
            {'a': partial.BLOCKED, 'b': partial.BLOCKED}, part.left
        )

    def test_of_two_that_do_not_fit_the_later_one_is_left(self) -> None:
        snapshot = small.snapshot(
            {'c0': 4, 'c1': 4}, {'a': ('c0', 1), 'b': ('c0', 3)}
        )
        for first, second in (('a', 'b'), ('b', 'a')):
            target = Target(
                {first: 'c1', second: 'c1'},
                provision=(Provision('new', 'c1', {'VCPU': 1}),),
            )
            part = partial.reachable(snapshot, target, 60.0)
            self.assertEqual([first], list(part.target.placement))
            self.assertIn('5 VCPU in use of 4', part.left[second])

    def test_who_stays_can_keep_others_away(self) -> None:
        part = reach(a='c1', b='c2')
        self.assertEqual({}, part.target.placement)
        self.assertEqual({'a', 'b'}, set(part.left))

    def test_a_provision_that_nobody_is_to_blame_for(self) -> None:
        target = Target(
            {'c': 'c2'}, provision=(Provision('new', 'c0', {'VGPU': 1}),)
        )
        part = partial.reachable(FULL, target, 60.0)
        self.assertIn('VGPU', part.left['c'])

    def test_no_time(self) -> None:
        part = partial.reachable(FULL, Target({'a': 'c1'}), 0.0)
        self.assertEqual({'a': partial.NO_TIME}, part.left)
