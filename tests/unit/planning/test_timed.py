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

"""Actions that wait for more than they did."""

from __future__ import annotations

import unittest

from collections.abc import Sequence

from watcher_rearrange.model.plan import DISABLE_SERVICE
from watcher_rearrange.model.plan import LIVE_MIGRATE
from watcher_rearrange.model.plan import Action
from watcher_rearrange.planning import timed
from watcher_rearrange.policies.limits import Limits


def move(
    name: str, ends: str, seconds: float, parents: Sequence[str] = ()
) -> Action:
    """A migration between nodes that have letters for names."""
    return Action(
        name,
        LIVE_MIGRATE,
        f'i{name}',
        ends[0],
        ends[1],
        parents=tuple(parents),
        estimated_s=seconds,
    )


class TestWaiting(unittest.TestCase):
    def test_starts_follow_from_the_parents(self) -> None:
        actions = (move('1', 'ab', 5), move('2', 'cd', 3), move('3', 'ef', 1))
        found = timed.waiting(actions, [[], [], [0, 1]], Limits())
        self.assertEqual([0, 0, 5], [one.starts_s for one in found])
        self.assertEqual(('1', '2'), found[2].parents)
        self.assertEqual([()] * 3, [one.after for one in found])

    def test_limits_are_kept_by_those_before(self) -> None:
        actions = (move('1', 'ab', 5), move('2', 'ac', 3), move('3', 'ad', 1))
        limits = Limits(max_outgoing=1)
        found = timed.waiting(actions, [[], [], []], limits)
        self.assertEqual([0, 5, 8], [one.starts_s for one in found])
        self.assertEqual([(), ('1',), ('2',)], [one.after for one in found])

    def test_a_parent_keeps_the_limit_already(self) -> None:
        actions = (move('1', 'ab', 5), move('2', 'cd', 3), move('3', 'ef', 1))
        found = timed.waiting(actions, [[], [0], [1]], Limits(max_parallel=1))
        self.assertEqual([()] * 3, [one.after for one in found])
        self.assertEqual([0, 5, 8], [one.starts_s for one in found])

    def test_a_lag(self) -> None:
        actions = (move('1', 'ab', 5), move('2', 'cd', 3), move('3', 'ea', 1))
        lags = {2: ((0, 30.0),)}
        found = timed.waiting(actions, [[], [], [0]], Limits(), lags)
        self.assertEqual([0, 0, 35], [one.starts_s for one in found])

    def test_nobody_waits_for_who_is_only_before_in_the_list(self) -> None:
        actions = (
            move('1', 'ab', 5),
            move('2', 'cb', 2),
            Action('3', DISABLE_SERVICE, node='e', estimated_s=1),
            move('4', 'fd', 1),
        )
        found = timed.waiting(
            actions, [[], [], [], []], Limits(max_incoming=1)
        )
        self.assertEqual([0, 5, 0, 0], [one.starts_s for one in found])
