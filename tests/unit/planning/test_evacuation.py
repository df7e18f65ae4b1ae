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
from tests.unit.planning.documents import disabled
from tests.unit.planning.documents import moves
from tests.unit.planning.documents import objective
from tests.unit.planning.documents import plan
from watcher_rearrange.model import records
from watcher_rearrange.model.errors import BadInput
from watcher_rearrange.model.plan import Plan
from watcher_rearrange.model.plan import Status
from watcher_rearrange.model.records import Snapshot


class TestEvacuation(unittest.TestCase):
    def test_services_go_first(self) -> None:
        found = plan(
            small.snapshot({'c0': 4, 'c1': 4}, {'a': ('c0', 2)}),
            'evacuate',
            nodes=['c0'],
        )
        self.assertEqual(Status.OPTIMAL, found.status)
        self.assertEqual(['c0'], disabled(found))
        self.assertTrue(
            found.actions[0].reason.startswith('watcher_rearrange')
        )
        self.assertEqual((found.actions[0].id,), found.actions[1].parents)
        self.assertEqual((1, 0), objective(found, 'nodes_to_evacuate'))

    def test_several_nodes_do_not_fill_each_other(self) -> None:
        found = plan(
            small.snapshot(
                {'c0': 4, 'c1': 4, 'c2': 4}, {'a': ('c0', 2), 'b': ('c1', 2)}
            ),
            'evacuate',
            nodes=['c0', 'c1'],
        )
        self.assertEqual({'a': 'c2', 'b': 'c2'}, moves(found))

    def test_a_node_disabled_by_somebody_is_emptied_when_named(self) -> None:
        found = plan(
            Snapshot(
                (
                    small.node('c0', status='disabled', disabled_reason='fan'),
                    small.node('c1'),
                ),
                (small.instance('a', 'c0'),),
            ),
            'evacuate',
            nodes=['c0'],
        )
        self.assertEqual({'a': 'c1'}, moves(found))
        self.assertEqual([], disabled(found))

    def test_a_node_that_is_down_keeps_what_it_has(self) -> None:
        found = plan(
            Snapshot(
                (small.node('c0', state='down'), small.node('c1')),
                (small.instance('a', 'c0'),),
            ),
            'evacuate',
            nodes=['c0'],
        )
        self.assertEqual({}, moves(found))
        self.assertIn('down', found.messages[0])

    def test_nodes_that_are_not_there(self) -> None:
        snapshot = small.snapshot({'c0': 4}, {})
        with self.assertRaises(BadInput) as caught:
            plan(snapshot, 'evacuate', nodes=['x', 'c0', 'y'])
        self.assertEqual(
            ['nodes[0]', 'nodes[2]'],
            [p.partition(':')[0] for p in caught.exception.problems],
        )
        with self.assertRaisesRegex(BadInput, 'at least one'):
            plan(snapshot, 'evacuate')

    def test_why_one_stays(self) -> None:
        busy = 'in task rebuilding'
        resize = records.Migration('a', 'c1', 'c0', 'finished')
        sizes = {'VCPU': records.Inventory(2, 0, 8.0, max_unit=2)}
        for state, stays, migrations, text in (
            ('resized', busy, (), f'a stays on c0: {busy}$'),
            ('resized', '', (resize,), 'already; confirm or revert its res'),
            ('active', '', (), 'no node .* gives so much to one instance$'),
        ):
            allocations = {'VCPU': 3}
            instance = small.instance(
                'a', 'c0', state=state, stays=stays, allocations=allocations
            )
            nodes = small.node('c0'), small.node('c1', inventories=sizes)
            found = plan(
                Snapshot(nodes, (instance,), migrations=migrations),
                'evacuate',
                nodes=['c0'],
            )
            self.assertRegex(found.messages[0], text)

    # It ends in a ValueError.
    def test_no_resource_class_at_all(self) -> None:
        nodes = (small.node('c0', inventories={}),)
        found = plan(Snapshot(nodes, ()), 'evacuate', nodes=['c0'])
        self.assertEqual(['c0'], disabled(found))


class TestNoRoom(unittest.TestCase):
    """c0 has 3 and 3, c1 has 2 and 2; 4 are free elsewhere."""

    def _plan(self, **given: Any) -> Any:
        snapshot = small.snapshot(
            {'c0': 9, 'c1': 9, 'c2': 4},
            {'a': ('c0', 3), 'b': ('c0', 3), 'c': ('c1', 2), 'd': ('c1', 2)},
        )
        return plan(snapshot, 'evacuate', nodes=['c0', 'c1'], **given)

    def test_whole_nodes_first(self) -> None:
        found = self._plan()
        self.assertEqual(Status.FEASIBLE, found.status)
        self.assertEqual({'c': 'c2', 'd': 'c2'}, moves(found))

    def test_what_stays_is_said_with_what_would_help(self) -> None:
        first, second = self._plan().messages
        self.assertIn('a stays on c0', first)
        self.assertIn('3 VCPU more were free on c2', first)
        self.assertIn('b stays on c0', second)

    def test_all_or_nothing(self) -> None:
        found = self._plan(all_or_nothing=True)
        self.assertEqual(Status.INFEASIBLE, found.status)
        self.assertEqual((), found.actions)
        self.assertTrue(found.messages)

    def test_all_or_nothing_where_it_fits(self) -> None:
        found = plan(
            small.snapshot({'c0': 4, 'c1': 4}, {'a': ('c0', 2)}),
            'evacuate',
            nodes=['c0'],
            all_or_nothing=True,
        )
        self.assertEqual({'a': 'c1'}, moves(found))


class TestLeftOut(unittest.TestCase):
    """Whoever is cut from a plan is told no reason but that of the cut."""

    def _messages(self, vcpus: int, **given: Any) -> tuple[str, ...]:
        whom = {name: ('c0', 1) for name in 'abc'}
        snapshot = small.snapshot({'c0': 9, 'c1': vcpus}, whom)
        found: Plan = plan(snapshot, 'evacuate', nodes=['c0'], **given)
        return found.messages

    def test_too_late(self) -> None:
        # One takes some 14 s.
        (text,) = self._messages(3, deadline_s=20)
        self.assertIn('2 of 3 migrations are left out', text)

    def test_all_or_nothing_by_a_deadline(self) -> None:
        first, _ = self._messages(3, deadline_s=20, all_or_nothing=True)
        self.assertIn('3 of 3 migrations are left out', first)

    def test_room_that_others_would_have_taken(self) -> None:
        _, text = self._messages(2, deadline_s=20)
        self.assertRegex(text, 'room only because others are left out$')

    def test_no_room_for_nodes_that_fail(self) -> None:
        texts = self._messages(3, failures_to_tolerate=1)
        self.assertIn('3 migrations are left out', texts[0])
        self.assertNotIn('in time', ' '.join(texts))

    def test_few_migrations(self) -> None:
        whom = {name: ('c0', 1) for name in 'ab'}
        stage = {'strategy': 'evacuate', 'parameters': {'nodes': ['c0']}}
        found: Plan = plan(
            small.snapshot({'c0': 4, 'c1': 4}, whom),
            'combined',
            stages=[stage],
            max_migrations=1,
        )
        self.assertRegex(found.messages[0], 'or with so few migrations$')


class TestImpossible(unittest.TestCase):
    """What is refused, and whether it is proved that it cannot be done."""

    def _status(self, snapshot: Snapshot, *nodes: str) -> Status:
        found = plan(
            snapshot, 'evacuate', nodes=list(nodes), all_or_nothing=True
        )
        self.assertTrue(found.messages or found.actions)
        return found.status

    def test_a_group_with_a_member_on_every_node(self) -> None:
        snapshot = small.snapshot(
            {f'c{k}': 8 for k in range(3)},
            {f'i{k}': (f'c{k}', 1) for k in range(3)},
            server_groups=(small.apart('i0', 'i1', 'i2'),),
        )
        self.assertEqual(Status.INFEASIBLE, self._status(snapshot, 'c0'))

    def test_a_member_for_whom_there_is_no_other_node(self) -> None:
        # One may go to c2, but two must.
        snapshot = small.snapshot(
            {f'c{k}': 8 for k in range(3)},
            {'i0': ('c0', 1), 'i1': ('c1', 1)},
            server_groups=(small.apart('i0', 'i1'),),
        )
        found = self._status(snapshot, 'c0', 'c1')
        self.assertEqual(Status.INFEASIBLE, found)
        self.assertEqual(Status.OPTIMAL, self._status(snapshot, 'c0'))

    def test_one_that_is_larger_than_every_other_node(self) -> None:
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 6, 'c2': 6}, {'a': ('c0', 7)}
        )
        self.assertEqual(Status.INFEASIBLE, self._status(snapshot, 'c0'))

    def test_members_that_are_together(self) -> None:
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 8},
            {'i0': ('c0', 1), 'i1': ('c0', 1)},
            server_groups=(small.together('i0', 'i1'),),
        )
        self.assertEqual(Status.INFEASIBLE, self._status(snapshot, 'c0'))

    def test_a_full_zone(self) -> None:
        # There would be room in the other one.
        nodes = tuple(
            small.node(f'c{k}', availability_zone=f'az{k // 2}')
            for k in range(4)
        )
        instances = (
            small.instance('a', 'c0', 8, pinned_az='az0'),
            small.instance('b', 'c1', 1, pinned_az='az0'),
            small.instance('c', 'c2', 1, pinned_az='az1'),
        )
        snapshot = Snapshot(nodes, instances)
        self.assertEqual(Status.INFEASIBLE, self._status(snapshot, 'c0'))

    def test_room_in_pieces(self) -> None:
        snapshot = small.snapshot(
            {'c0': 8, 'c1': 8, 'c2': 8},
            {'a': ('c0', 4), 'b': ('c1', 6), 'c': ('c2', 6)},
        )
        self.assertEqual(Status.INFEASIBLE, self._status(snapshot, 'c0'))


class TestWhoStays(unittest.TestCase):
    def _message(self, **more: Any) -> str:
        groups = more.pop('groups', ())
        found = plan(
            Snapshot(
                (small.node('c0'), small.node('c1')),
                (
                    small.instance('a', 'c0', name='web', **more),
                    small.instance('b', 'c1'),
                ),
                server_groups=groups,
            ),
            'evacuate',
            nodes=['c0'],
            allow_cold=False,
        )
        self.assertEqual({}, moves(found))
        (message,) = found.messages
        self.assertIn('web stays on c0', message)
        return message

    def test_locked(self) -> None:
        self.assertIn('move_locked', self._message(locked=True))

    def test_a_numa_topology(self) -> None:
        specs = {'hw:numa_nodes': '2'}
        self.assertIn('move_numa', self._message(flavor_extra_specs=specs))

    def test_no_node_was_made_for_its_image(self) -> None:
        properties = {'hw_maxphysaddr_bits': '42'}
        found = self._message(image_properties=properties)
        self.assertIn('its image was made for', found)

    def test_stopped(self) -> None:
        self.assertIn('allow_cold', self._message(state='stopped'))

    def test_a_state(self) -> None:
        self.assertIn('paused', self._message(state='paused'))

    def test_excluded(self) -> None:
        self.assertIn('excluded', self._message(excluded=True))

    def test_no_node_suits(self) -> None:
        self.assertIn('no node', self._message(required_traits=('SSD',)))

    def test_a_server_group(self) -> None:
        groups = (small.apart('a', 'b'),)
        self.assertIn('server group', self._message(groups=groups))
