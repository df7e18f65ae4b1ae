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

"""The actions of strategies that bring no plan."""

from __future__ import annotations

from unittest import mock

from tests.unit.plugin.foreign_actions import ROOMY
from tests.unit.plugin.foreign_actions import SWAP
from tests.unit.plugin.foreign_actions import ForeignTestCase
from tests.unit.plugin.foreign_actions import Strategy
from tests.unit.plugin.foreign_actions import migrate
from tests.unit.plugin.foreign_actions import other
from tests.unit.plugin.foreign_actions import service
from watcher_rearrange.plugin.readers import api
from watcher_rearrange.plugin.readers import cloud


class TestPath(ForeignTestCase):
    def test_a_swap(self) -> None:
        found = self.arrange(
            Strategy(SWAP),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp1'),
        )
        first, second, third = found.steps
        self.assertEqual(
            'cmp3', first.action['input_parameters']['destination_node']
        )
        self.assertEqual(((0,), (1,)), (second.needs, third.needs))
        self.assertTrue(all(step.guarded for step in found.steps))
        self.assertEqual([1, 2, 3], found.waves())
        self.assertIn('migrations: 3, waves: 3', found.message)

    def test_departures_come_first_whatever_the_order(self) -> None:
        actions = [migrate('a', 'cmp1', 'cmp2'), migrate('b', 'cmp2', 'cmp3')]
        for given in (actions, actions[::-1]):
            found = self.arrange(Strategy(SWAP), *given)
            self.assertEqual(['b cmp2 cmp3', 'a cmp1 cmp2'], self.order(found))
            self.assertEqual((0,), found.steps[1].needs)

    def test_a_model_in_which_the_strategy_has_moved_them(self) -> None:
        moved = {'cmp1': {}, 'cmp2': {'a': 8}, 'cmp3': {'b': 8}}
        found = self.arrange(
            Strategy(moved),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assertEqual(['b cmp2 cmp3', 'a cmp1 cmp2'], self.order(found))

    def test_a_cloud_that_cannot_be_read(self) -> None:
        with mock.patch.object(
            cloud, 'add', side_effect=api.Unreadable('Nova: HTTP 500')
        ):
            found = self.arrange(Strategy(SWAP), migrate('a', 'cmp1', 'cmp3'))
        self.assertEqual(
            'one action after the other: Nova: HTTP 500', found.message
        )

    def test_several_migrations_of_one_instance(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('a', 'cmp2', 'cmp3'),
        )
        self.assertEqual(['a cmp1 cmp3'], self.order(found))

    def test_there_and_back(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('a', 'cmp2', 'cmp1'),
        )
        self.assertEqual([], self.order(found))
        self.assertIn('end where they begin', found.message)

    def test_the_type_that_the_strategy_wants(self) -> None:
        found = self.arrange(
            Strategy(ROOMY), migrate('a', 'cmp1', 'cmp2', 'cold')
        )
        self.assertEqual(
            'cold', found.steps[0].action['input_parameters']['migration_type']
        )

    def test_locked_instances_move_if_the_strategy_says_so(self) -> None:
        strategy = Strategy(ROOMY)
        for found in strategy.compute_model.get_all_instances().values():
            found.locked = True
        arranged = self.arrange(strategy, migrate('a', 'cmp1', 'cmp2'))
        self.assertTrue(arranged.steps[0].guarded)


class TestServices(ForeignTestCase):
    def test_closed_before_the_departures(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('a', 'cmp1', 'cmp2'),
            service('cmp1', 'disabled'),
        )
        self.assertEqual(['cmp1 disabled', 'a cmp1 cmp2'], self.order(found))
        self.assertEqual((0,), found.steps[1].needs)

    def test_a_closed_node_is_no_temporary_host(self) -> None:
        nodes = {**SWAP, 'cmp4': {}}
        for closing in ('cmp3', 'cmp4'):
            found = self.arrange(
                Strategy(nodes),
                migrate('a', 'cmp1', 'cmp2'),
                migrate('b', 'cmp2', 'cmp1'),
                service(closing, 'disabled'),
            )
            self.assertEqual(f'{closing} disabled', self.order(found)[0])
            self.assertNotIn(
                closing,
                [
                    step.action['input_parameters'].get('destination_node')
                    for step in found.steps
                ],
            )

    def test_closed_after_the_last_arrival(self) -> None:
        found = self.arrange(
            Strategy(ROOMY, closed=('cmp2',)),
            service('cmp2', 'disabled'),
            migrate('a', 'cmp1', 'cmp2'),
        )
        self.assertEqual(['a cmp1 cmp2', 'cmp2 disabled'], self.order(found))
        self.assertEqual((0,), found.steps[1].after)

    def test_opened_before_the_first_arrival(self) -> None:
        found = self.arrange(
            Strategy(ROOMY, closed=('cmp2',)),
            migrate('a', 'cmp1', 'cmp2'),
            service('cmp2', 'enabled'),
        )
        self.assertEqual(['cmp2 enabled', 'a cmp1 cmp2'], self.order(found))
        self.assertEqual((0,), found.steps[1].needs)

    def test_an_opened_node_can_be_a_temporary_host(self) -> None:
        found = self.arrange(
            Strategy(SWAP, closed=('cmp3',)),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp1'),
            service('cmp3', 'enabled'),
        )
        self.assertEqual('cmp3 enabled', self.order(found)[0])
        self.assertEqual((0,), found.steps[1].needs)
        self.assertEqual(4, len(found.steps))

    def test_closed_for_a_while(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            service('cmp1', 'disabled'),
            migrate('a', 'cmp1', 'cmp2'),
            service('cmp1', 'enabled'),
        )
        self.assertEqual(
            ['cmp1 disabled', 'a cmp1 cmp2', 'cmp1 enabled'], self.order(found)
        )
        self.assertIn('a cmp1 cmp2', self.waits(found, 'cmp1 enabled'))


class TestOthers(ForeignTestCase):
    def test_before_the_migration_of_the_same_instance(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            other('stop', 'a'),
            migrate('a', 'cmp1', 'cmp2', 'cold'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assertEqual({'stop'}, self.waits(found, 'a cmp1 cmp2'))
        self.assertEqual(set(), self.waits(found, 'b cmp2 cmp3'))

    def test_after_the_migration_of_the_same_instance(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('a', 'cmp1', 'cmp2'),
            other('unheard_of', 'a'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assertEqual({'a cmp1 cmp2'}, self.waits(found, 'unheard_of'))

    def test_what_nothing_is_known_of(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            other('turn_host_to_acpi_s3_state', 'cmp1'),
            other('unheard_of'),
            migrate('a', 'cmp1', 'cmp2'),
            other('nop'),
        )
        self.assertEqual(
            ['nop', 'a cmp1 cmp2', 'unheard_of', 'turn_host_to_acpi_s3_state'],
            self.order(found),
        )
        self.assertEqual([1, 2, 3, 4], found.waves())
        # That a nop failed is no reason not to migrate.
        self.assertEqual(
            ((), (0,)), (found.steps[1].needs, found.steps[1].after)
        )

    def test_no_migrations(self) -> None:
        found = self.arrange(None, other('sleep'), other('nop'))
        self.assertEqual(['sleep', 'nop'], self.order(found))
        self.assertEqual('', found.message)
        self.assertEqual((0,), found.steps[1].after)
