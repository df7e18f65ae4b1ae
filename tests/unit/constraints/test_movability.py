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

import unittest

from typing import Any

from tests.unit.model import small
from watcher_rearrange.constraints.movability import Movability
from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Migration
from watcher_rearrange.model.records import Snapshot


OURS = 'watcher_rearrange: freed by consolidation'


def movability(
    instance: dict[str, Any] | None = None,
    node: dict[str, Any] | None = None,
    **options: Any,
) -> Movability:
    snapshot = Snapshot(
        (small.node('c1', **node or {}), small.node('c2')),
        (small.instance('a', 'c1', **instance or {}),),
    )
    return Movability(Cluster.from_snapshot(snapshot), MoveOptions(**options))


class TestInstances(unittest.TestCase):
    def _stays(self, text: str, of: Movability) -> None:
        self.assertEqual([False], of.movable.tolist())
        self.assertIn(text, of.stays[0])

    def test_active_ones_migrate_live(self) -> None:
        found = movability()
        self.assertEqual([True], found.movable.tolist())
        self.assertEqual('live_migrate', found.migration_type(0))

    def test_stopped_ones_migrate_cold(self) -> None:
        found = movability({'state': 'stopped'})
        self.assertEqual('cold_migrate', found.migration_type(0))

    def test_stopped_ones_stay_where_cold_is_not_allowed(self) -> None:
        found = movability({'state': 'stopped'}, allow_cold=False)
        self._stays('stopped', found)

    def test_who_cannot_go_live_stays_unless_cold_is_wanted(self) -> None:
        of = {'not_live': 'it has a GPU'}
        self._stays('it has a GPU', movability(of))
        found = movability(of, cold_if_not_live=True)
        self.assertEqual([True], found.movable.tolist())
        self.assertEqual('cold_migrate', found.migration_type(0))

    def test_a_stopped_one_need_not_go_live(self) -> None:
        of = {'not_live': 'it has a GPU', 'state': 'stopped'}
        self.assertEqual('cold_migrate', movability(of).migration_type(0))

    def test_no_other_state_can_be_migrated(self) -> None:
        for state in ('suspended', 'error', 'building', 'paused', 'resized'):
            self._stays(state, movability({'state': state}))

    def test_locked_ones_stay_unless_that_is_wanted(self) -> None:
        self._stays('locked', movability({'locked': True}))
        found = movability({'locked': True}, move_locked=True)
        self.assertEqual([True], found.movable.tolist())

    def test_excluded_ones_stay_whatever_is_wanted(self) -> None:
        found = movability({'excluded': True}, move_locked=True)
        self._stays('excluded', found)

    def test_one_of_which_it_is_said_stays(self) -> None:
        found = movability({'stays': 'in task rebuilding'})
        self._stays('in task rebuilding', found)

    def test_one_in_a_migration_stays(self) -> None:
        cluster = small.cluster(
            {'c1': 4, 'c2': 4},
            {'a': ('c1', 1)},
            migrations=(Migration('a', 'c1', 'c2', 'queued'),),
        )
        self._stays('migration', Movability(cluster, MoveOptions()))

    def test_one_with_a_topology_stays_unless_that_is_wanted(self) -> None:
        of = {'flavor_extra_specs': {'hw:cpu_policy': 'dedicated'}}
        self._stays('NUMA', movability(of))
        found = movability(of, move_numa=True)
        self.assertEqual([True], found.movable.tolist())

    def test_nobody_looks_at_topologies_without_the_filter(self) -> None:
        for enabled, movable in (
            (('ComputeFilter',), True),
            (('NUMATopologyFilter',), False),
        ):
            of = small.instance('a', 'c1', allocations={'PCPU': 1})
            snapshot = Snapshot(
                (small.node('c1'),), (of,), scheduler_filters=enabled
            )
            found = Movability(Cluster.from_snapshot(snapshot), MoveOptions())
            self.assertEqual([movable], found.movable.tolist())

    def test_the_summary_counts_by_reason(self) -> None:
        self.assertEqual([], movability().summary())
        self.assertEqual(
            ['1 instances cannot be moved: 1 locked'],
            movability({'locked': True}).summary(),
        )


class TestNodes(unittest.TestCase):
    def _moves(self, node: dict[str, Any], **options: Any) -> bool:
        return bool(movability(None, node, **options).movable[0])

    def test_nobody_leaves_a_node_that_is_down(self) -> None:
        self.assertFalse(self._moves({'state': 'down'}))
        named = frozenset(('c1',))
        self.assertFalse(self._moves({'state': 'down'}, named_nodes=named))

    def test_what_somebody_else_disabled_is_left_alone(self) -> None:
        for reason in (None, 'maintenance', 'watcher_disabled'):
            node = {'status': 'disabled', 'disabled_reason': reason}
            self.assertFalse(self._moves(node), reason)

    def test_unless_it_is_named(self) -> None:
        node = {'status': 'disabled', 'disabled_reason': 'maintenance'}
        self.assertTrue(self._moves(node, named_nodes=frozenset(('c1',))))
        self.assertFalse(self._moves(node, named_nodes=frozenset(('c2',))))
        self.assertTrue(self._moves(node, named_instances=frozenset(('a',))))

    def test_what_we_disabled_is_ours(self) -> None:
        node = {'status': 'disabled', 'disabled_reason': OURS}
        self.assertTrue(self._moves(node))
