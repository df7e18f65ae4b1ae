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

import unittest

from typing import Any

from tests.unit.plugin import builders
from watcher_rearrange.plugin import foreign
from watcher_rearrange.plugin import weaving
from watcher_rearrange.plugin.rendering import WatcherAction


def migrate(
    name: str, source: str, destination: str | None, kind: str = 'live'
) -> WatcherAction:
    return {
        'action_type': 'migrate',
        'input_parameters': {
            'resource_id': builders.uuid_of(name),
            'resource_name': name,
            'migration_type': kind,
            'source_node': source,
            'destination_node': destination,
        },
    }


def service(host: str, state: str) -> WatcherAction:
    return {
        'action_type': 'change_nova_service_state',
        'input_parameters': {
            'resource_id': builders.uuid_of(host),
            'resource_name': host,
            'state': state,
        },
    }


def other(kind: str, name: str = '', **given: Any) -> WatcherAction:
    if name:
        given['resource_id'] = builders.uuid_of(name)
    return {'action_type': kind, 'input_parameters': given}


class Strategy:
    """Has a model of nodes with 8 GB, and instances by node."""

    name = 'somebody_elses'

    def __init__(
        self,
        instances: dict[str, dict[str, int]],
        states: dict[str, str] | None = None,
        closed: tuple[str, ...] = (),
    ) -> None:
        self.compute_model = builders.model(
            [
                builders.node_element(
                    host,
                    memory=8192,
                    memory_mb_reserved=0,
                    status='disabled' if host in closed else 'enabled',
                )
                for host in instances
            ],
            {
                host: [
                    builders.instance_element(
                        name,
                        memory=gb * 1024,
                        state=(states or {}).get(name, 'active'),
                    )
                    for name, gb in those.items()
                ]
                for host, those in instances.items()
            },
        )


SWAP = {'cmp1': {'a': 8}, 'cmp2': {'b': 8}, 'cmp3': {}}
ROOMY = {'cmp1': {'a': 2}, 'cmp2': {'b': 2}, 'cmp3': {}}


def words(step: weaving.Step) -> str:
    """A step in a few words."""
    given = step.action['input_parameters']
    if step.action['action_type'] == 'migrate':
        return (
            f'{given["resource_name"]} {given["source_node"]} '
            f'{given["destination_node"]}'
        )
    if 'state' in given:
        return f'{given["resource_name"]} {given["state"]}'
    return str(step.action['action_type'])


class ForeignTestCase(unittest.TestCase):
    def arrange(
        self, strategy: Any, *actions: WatcherAction
    ) -> weaving.Arrangement:
        found = foreign.arrange(actions, strategy)
        for number, step in enumerate(found.steps):
            for waited in (*step.needs, *step.after):
                self.assertLess(waited, number)
        return found

    def order(self, found: weaving.Arrangement) -> list[str]:
        return [words(step) for step in found.steps]

    def waits(self, found: weaving.Arrangement, text: str) -> set[str]:
        """What a step waits for, directly or not."""
        (number,) = [
            k for k, step in enumerate(found.steps) if words(step) == text
        ]
        seen: set[int] = set()
        queue = [number]
        while queue:
            step = found.steps[queue.pop()]
            behind = {*step.needs, *step.after} - seen
            seen |= behind
            queue += behind
        return {words(found.steps[k]) for k in seen}


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


class TestLeft(ForeignTestCase):
    def assert_last(self, found: weaving.Arrangement, *expected: str) -> None:
        order = self.order(found)
        self.assertEqual(list(expected), order[-len(expected) :])
        for text in expected:
            before = order[: order.index(text)]
            self.assertEqual(set(before), self.waits(found, text))
        self.assertFalse(found.steps[-1].guarded)

    def test_not_in_the_model(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('ghost', 'cmp1', 'cmp2'),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assert_last(found, 'ghost cmp1 cmp2')
        self.assertIn('not in the model', found.message)

    def test_no_destination(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('b', 'cmp2', None),
            migrate('a', 'cmp1', 'cmp3'),
        )
        self.assert_last(found, 'b cmp2 None')
        self.assertIn('b: its destination is left to Nova', found.message)

    def test_a_broken_chain(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('b', 'cmp2', 'cmp3'),
            migrate('b', 'cmp1', 'cmp2'),
            migrate('a', 'cmp1', 'cmp3'),
        )
        self.assert_last(found, 'b cmp2 cmp3', 'b cmp1 cmp2')

    def test_elsewhere(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            migrate('b', 'cmp1', 'cmp3'),
            migrate('a', 'cmp1', 'cmp3'),
        )
        self.assert_last(found, 'b cmp1 cmp3')
        self.assertIn('b: it is on cmp2', found.message)

    def test_more_than_fits(self) -> None:
        full = {'cmp1': {'a': 8}, 'cmp2': {'b': 4}, 'cmp3': {}}
        found = self.arrange(
            Strategy(full),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp1'),
            migrate('b', 'cmp1', 'cmp3'),
        )
        self.assertEqual(['b cmp2 cmp3', 'a cmp1 cmp2'], self.order(found))
        found = self.arrange(
            Strategy({**full, 'cmp3': {'c': 2}}),
            migrate('c', 'cmp3', 'cmp2'),
            migrate('a', 'cmp1', 'cmp2'),
        )
        self.assertEqual(['c cmp3 cmp2', 'a cmp1 cmp2'], self.order(found))
        self.assert_last(found, 'a cmp1 cmp2')

    def test_paused(self) -> None:
        found = self.arrange(
            Strategy(ROOMY, {'a': 'paused'}),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assert_last(found, 'a cmp1 cmp2')

    def test_resized_before(self) -> None:
        found = self.arrange(
            Strategy(ROOMY),
            other('resize', 'a'),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assert_last(found, 'resize', 'a cmp1 cmp2')

    def test_a_service_waits_for_an_arrival_that_is_left(self) -> None:
        found = self.arrange(
            Strategy(ROOMY, {'a': 'paused'}),
            service('cmp2', 'disabled'),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp3'),
        )
        self.assert_last(found, 'a cmp1 cmp2', 'cmp2 disabled')

    def test_a_deadlock(self) -> None:
        two = {'cmp1': {'a': 8}, 'cmp2': {'b': 8}}
        found = self.arrange(
            Strategy(two),
            migrate('a', 'cmp1', 'cmp2'),
            migrate('b', 'cmp2', 'cmp1'),
        )
        self.assertEqual(['a cmp1 cmp2', 'b cmp2 cmp1'], self.order(found))
        self.assertEqual((0,), found.steps[1].after)
        self.assertIn('one action after the other', found.message)

    def test_no_model(self) -> None:
        class Nothing:
            name = 'no_model'
            compute_model = None

        found = self.arrange(
            Nothing(), migrate('a', 'cmp1', 'cmp2'), migrate('b', 'x', 'y')
        )
        self.assertEqual(['a cmp1 cmp2', 'b x y'], self.order(found))
        self.assertIn('no compute model', found.message)

    def test_a_model_that_cannot_be_had(self) -> None:
        class Broken:
            name = 'broken'

            @property
            def compute_model(self) -> Any:
                raise RuntimeError('stale')

        found = self.arrange(Broken(), migrate('a', 'cmp1', 'cmp2'))
        self.assertIn('RuntimeError: stale', found.message)
