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

"""What may move, where from and where to."""

from __future__ import annotations

import unittest

from tests.unit.checker.documents import MOVE
from tests.unit.checker.documents import breaches
from tests.unit.checker.documents import move
from tests.unit.checker.documents import service
from tests.unit.checker.documents import small_cluster
from watcher_rearrange import checker


PINNED = {'pinned_az': 'z'}
ON = service('on', 'enable', 'n2')
OFF = service('off', 'disable', 'n2')


class TestMovability(unittest.TestCase):
    def test_locked_may_move_if_asked(self) -> None:
        locked = small_cluster(a={'locked': True})
        limits = checker.Limits(move_locked=True)
        self.assertEqual([], breaches(locked, MOVE, limits=limits))

    def test_types_by_state(self) -> None:
        cold = {**MOVE, 'type': 'cold_migrate'}
        for state, action, rules in (
            ('active', MOVE, []),
            ('ACTIVE', cold, []),
            ('stopped', cold, []),
            ('stopped', MOVE, ['action_type']),
            ('suspended', MOVE, ['instance_state']),
            ('error', cold, ['instance_state']),
            ('building', MOVE, ['instance_state']),
            ('resized', cold, ['instance_state']),
            ('rescued', MOVE, ['instance_state']),
            ('shelved_offloaded', cold, ['instance_state']),
        ):
            with self.subTest(state=state, action=action['type']):
                got = breaches(small_cluster(a={'state': state}), action)
                self.assertEqual(rules, [rule for rule, _things in got])

    def test_ended_migrations_do_not_count(self) -> None:
        for status in ('completed', 'error', 'confirmed', 'reverted', 'done'):
            ended = small_cluster(
                migrations=[
                    {
                        'instance': 'a',
                        'source': 'n3',
                        'destination': 'n1',
                        'status': status,
                    }
                ]
            )
            self.assertEqual([], breaches(ended, MOVE))

    def test_running_migration_holds_both_ends(self) -> None:
        running = small_cluster(
            migrations=[
                {
                    'instance': 'a',
                    'source': 'n1',
                    'destination': 'n2',
                    'status': 'post-migrating',
                }
            ],
            nodes={'n2': {'memory_mb': 80}},
        )
        self.assertEqual(
            [('capacity', ('n2', 'MEMORY_MB'))],
            breaches(running, move('1', 'b', 'n1', 'n2')),
        )
        self.assertEqual([], breaches(running, move('1', 'b', 'n1', 'n3')))


class TestNodes(unittest.TestCase):
    def test_destination_down(self) -> None:
        down = small_cluster({'n2': {'state': 'down'}})
        wrong = [('receiving_node', ('a', 'n2'))]
        self.assertEqual(wrong, breaches(down, MOVE))
        after_on = move('1', 'a', 'n1', 'n2', 'on')
        self.assertEqual(wrong, breaches(down, ON, after_on))

    def test_disabled_unless_enabled_before(self) -> None:
        disabled = small_cluster({'n2': {'status': 'disabled'}})
        wrong = [('receiving_node', ('a', 'n2'))]
        self.assertEqual(wrong, breaches(disabled, MOVE))
        self.assertEqual(wrong, breaches(disabled, ON, MOVE))
        self.assertEqual(wrong, breaches(disabled, MOVE, ON))
        after_on = move('1', 'a', 'n1', 'n2', 'on')
        self.assertEqual([], breaches(disabled, ON, after_on))

    def test_disable_waits_for_every_move_onto_the_node(self) -> None:
        second = move('2', 'b', 'n1', 'n2', '1')
        off = service('off', 'disable', 'n2', '2')
        both = small_cluster({'n2': {'memory_mb': 200}})
        self.assertEqual([], breaches(both, MOVE, second, off))
        off = service('off', 'disable', 'n2', '1')
        wrong = [('receiving_node', ('b', 'n2'))]
        self.assertEqual(wrong, breaches(both, MOVE, second, off))
        self.assertEqual(wrong, breaches(both, MOVE, off, second))

    def test_disable_undone_before_the_move(self) -> None:
        on = service('on', 'enable', 'n2', 'off')
        after_on = move('1', 'a', 'n1', 'n2', 'on')
        self.assertEqual([], breaches(small_cluster(), OFF, on, after_on))
        self.assertEqual(
            [('receiving_node', ('a', 'n2'))],
            breaches(small_cluster(), OFF, ON, after_on),
        )

    def test_source_may_be_disabled(self) -> None:
        source = small_cluster({'n1': {'status': 'disabled'}})
        off = service('off', 'disable', 'n1')
        self.assertEqual([], breaches(source, off, MOVE))

    def test_zone_has_the_default_of_nova(self) -> None:
        pinned = {'pinned_az': 'nova'}
        self.assertEqual([], breaches(small_cluster(a=pinned), MOVE))
        there = small_cluster({'n2': {'availability_zone': 'z'}}, a=PINNED)
        self.assertEqual([], breaches(there, MOVE))
