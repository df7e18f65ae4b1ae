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

"""Who waits until Nova's scheduler knows that others have left."""

from __future__ import annotations

import dataclasses
import unittest

from tests.unit.model import small
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.timing import syncs


def lags(*over: tuple[int, int]) -> syncs.Lags:
    """What b waits for, who comes to c0 when a, stopped, and c leave it.

    :param over: which moves are over before which
    """
    snapshot = small.snapshot(
        {'c0': 8, 'c1': 8, 'c2': 8},
        {'a': ('c0', 1), 'b': ('c1', 1), 'c': ('c0', 1)},
        server_groups=(small.apart('a', 'b', 'c', most=2),),
        scheduler_sync_s=130,
    )
    a, *others = snapshot.instances
    a = dataclasses.replace(a, state='stopped')
    rules = small.rules(dataclasses.replace(snapshot, instances=(a, *others)))
    moves = (Move(0, 0, 2), Move(2, 0, 2), Move(1, 1, 0))
    found = syncs.lags(
        rules,
        Placement(rules.cluster),
        moves,
        lambda one, other: (one, other) in over,
    )
    return found[2]


class TestLags(unittest.TestCase):
    def test_who_left_by_a_cold_migration_counts_no_more(self) -> None:
        self.assertEqual((), lags((0, 2), (1, 2)))

    def test_who_may_not_have_left_yet_counts(self) -> None:
        self.assertEqual(((1, 130.0),), lags((1, 2)))
