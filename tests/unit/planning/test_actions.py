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

from tests.unit.model import small
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.plan import Action
from watcher_rearrange.model.plan import PathSummary
from watcher_rearrange.model.records import ServerGroup
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.path.moves import Move
from watcher_rearrange.planning import actions
from watcher_rearrange.planning.job import ServiceChange
from watcher_rearrange.policies.limits import Limits


def write(
    *services: ServiceChange, moves: tuple[Move, ...]
) -> tuple[tuple[Action, ...], PathSummary]:
    """Two full nodes and two empty ones; instance 'b' is stopped."""
    rules = small.rules(
        Snapshot(
            tuple(small.node(f'c{k}', 2) for k in range(4)),
            (
                small.instance('a', 'c0', 2),
                small.instance('b', 'c1', 2, state='stopped'),
            ),
        )
    )
    draft = actions.Draft(
        rules,
        Placement(rules.cluster),
        moves,
        services,
        lambda move: f'moves {move.instance}',
        Limits(),
    )
    return actions.write(draft)


class TestMigrations(unittest.TestCase):
    def test_names_types_and_parents(self) -> None:
        found, _ = write(moves=(Move(1, 1, 2), Move(0, 0, 1)))
        first, second = found
        self.assertEqual(('1', 'cold_migrate'), (first.id, first.type))
        self.assertEqual(('b', 'c1'), (first.instance, first.source))
        self.assertEqual('c2', first.destination)
        self.assertEqual(('2', 'live_migrate'), (second.id, second.type))
        self.assertEqual(('1',), second.parents)
        self.assertEqual('moves 0', second.reason)
        self.assertGreater(second.estimated_s, 0)

    def test_the_summary(self) -> None:
        moves = (Move(1, 1, 2, True), Move(0, 0, 1), Move(1, 2, 0))
        _, summary = write(moves=moves)
        self.assertEqual(3, summary.migrations)
        self.assertEqual(1, summary.displacements)
        self.assertEqual(3 * 1024, summary.migrated_mb)
        self.assertLessEqual(summary.makespan_bound_s, summary.makespan_s)

    # Who ends where it was did not have to move.
    def test_the_bound_is_who_ends_elsewhere(self) -> None:
        moves = (Move(0, 0, 2, True), Move(1, 1, 3), Move(0, 2, 0))
        _, summary = write(moves=moves)
        self.assertEqual(1, summary.bound)

    def test_nothing(self) -> None:
        self.assertEqual(((), PathSummary()), write(moves=()))


class TestScheduler(unittest.TestCase):
    """Nova's scheduler hears late of who has left a node."""

    def _starts(
        self,
        group: ServerGroup,
        *moves: Move,
        sync_s: int = 130,
        state: str = 'active',
    ) -> list[float]:
        """How long after the end of that of a the other moves start.

        :param state: of a
        """
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 8, 'c2': 8},
            {'a': ('c0', 1), 'b': ('c1', 1), 'c': ('c1', 1)},
            server_groups=(group,),
            scheduler_sync_s=sync_s,
        )
        a, *others = snapshot.instances
        a = dataclasses.replace(a, state=state)
        rules = small.rules(
            dataclasses.replace(snapshot, instances=(a, *others))
        )
        draft = actions.Draft(
            rules,
            Placement(rules.cluster),
            moves,
            (),
            lambda move: '',
            Limits(),
        )
        found, summary = actions.write(draft)
        self.assertLessEqual(summary.makespan_bound_s, summary.makespan_s)
        starts_s = {one.instance: one.starts_s for one in found}
        (end_s,) = (
            a.starts_s + a.estimated_s for a in found if a.instance == 'a'
        )
        return [starts_s[k] - end_s for k in sorted(starts_s) if k != 'a']

    def test_a_mate_comes_once_nova_knows(self) -> None:
        leaves, comes = Move(0, 0, 2), Move(1, 1, 0)
        apart = small.apart('a', 'b')
        self.assertEqual([130], self._starts(apart, leaves, comes))
        self.assertEqual([0], self._starts(apart, leaves, comes, sync_s=0))
        of_policy = dataclasses.replace(apart, of_policy=True)
        self.assertEqual([0], self._starts(of_policy, leaves, comes))

    def test_of_a_cold_departure_nova_knows_at_once(self) -> None:
        leaves, comes = Move(0, 0, 2), Move(1, 1, 0)
        apart = small.apart('a', 'b')
        cold = self._starts(apart, leaves, comes, state='stopped')
        self.assertEqual([0], cold)

    def test_where_one_more_may_be_nobody_waits(self) -> None:
        leaves, comes = Move(0, 0, 2), Move(1, 1, 0)
        apart = small.apart('a', 'b', most=2)
        (start_s,) = self._starts(apart, leaves, comes)
        self.assertLess(start_s, 0)

    def test_others_do_not_wait(self) -> None:
        apart = small.apart('a', 'b')
        (start_s,) = self._starts(apart, Move(0, 0, 2), Move(2, 1, 0))
        self.assertLess(start_s, 0)


class TestServices(unittest.TestCase):
    def test_first_before_anything_leaves_the_node(self) -> None:
        found, _ = write(
            ServiceChange(0, 'evacuated', first=True),
            moves=(Move(0, 0, 2), Move(1, 1, 3)),
        )
        self.assertEqual('disable_service', found[0].type)
        self.assertEqual(('c0', 'evacuated'), (found[0].node, found[0].reason))
        self.assertEqual((), found[0].parents)
        # The other node has nothing to wait for, so it starts earlier.
        self.assertEqual(('c1', ()), (found[1].source, found[1].parents))
        self.assertEqual(('c0', ('1',)), (found[2].source, found[2].parents))

    def test_last_when_everything_has_left(self) -> None:
        found, _ = write(
            ServiceChange(1, 'freed', first=False),
            moves=(Move(1, 1, 2), Move(0, 0, 3)),
        )
        self.assertEqual('disable_service', found[-1].type)
        gone = next(a.id for a in found if a.source == 'c1')
        self.assertEqual((gone,), found[-1].parents)

    def test_a_node_that_was_a_temporary_host_waits_for_all(self) -> None:
        found, _ = write(
            ServiceChange(2, 'freed', first=False),
            moves=(Move(0, 0, 2, True), Move(0, 2, 3)),
        )
        self.assertEqual(('2',), found[-1].parents)
        self.assertEqual(('1',), found[1].parents)

    def test_both(self) -> None:
        found, _ = write(
            ServiceChange(0, 'evacuated', first=True),
            ServiceChange(1, 'freed', first=False),
            moves=(Move(1, 1, 2), Move(0, 0, 1)),
        )
        self.assertEqual(['1', '2', '3', '4'], [a.id for a in found])
        disabled = next(a.id for a in found if a.node == 'c0')
        left = next(a.id for a in found if a.source == 'c1')
        self.assertEqual({disabled, left}, set(found[2].parents))
        self.assertEqual((left,), found[3].parents)
