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

"""What a strategy decided, written as a plan."""

from __future__ import annotations

import unittest

from collections.abc import Sequence
from unittest import mock

from tests.unit.model import small
from watcher_rearrange.model.plan import DISABLE_SERVICE
from watcher_rearrange.model.plan import LIVE_MIGRATE
from watcher_rearrange.model.plan import Action
from watcher_rearrange.path.timing import syncs
from watcher_rearrange.planning import writing


def lags(*parents: Sequence[int]) -> dict[int, syncs.Lags]:
    """Of a, that leaves c0, a service, and b, that comes there."""
    rules = small.rules(
        small.snapshot(
            {'c0': 8, 'c1': 8, 'c2': 8},
            {'a': ('c0', 1), 'b': ('c1', 1)},
            server_groups=(small.apart('a', 'b'),),
            scheduler_sync_s=130,
        )
    )
    job = mock.Mock(rules=rules, cluster=rules.cluster)
    made = (
        Action('1', LIVE_MIGRATE, 'a', 'c0', 'c2'),
        Action('2', DISABLE_SERVICE, node='c1'),
        Action('3', LIVE_MIGRATE, 'b', 'c1', 'c0'),
    )
    return writing.lags(job, made, parents)


class TestLags(unittest.TestCase):
    def test_after_ancestors(self) -> None:
        self.assertEqual({2: ((0, 130.0),)}, lags([], [], [0]))
        self.assertEqual({2: ((0, 130.0),)}, lags([], [0], [1]))

    def test_not_after_who_is_only_before_in_the_list(self) -> None:
        self.assertEqual({}, lags([], [], [1]))
