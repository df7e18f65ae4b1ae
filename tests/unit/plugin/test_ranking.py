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

"""The order of actions of which nothing is known."""

from __future__ import annotations

import unittest

from watcher_rearrange.plugin import ranking


def migrate(name, destination='cmp02'):
    return {
        'action_type': 'migrate',
        'input_parameters': {
            'resource_id': name,
            'destination_node': destination,
        },
    }


def service(host, state):
    return {
        'action_type': 'change_nova_service_state',
        'input_parameters': {
            'resource_id': f'uuid of {host}',
            'resource_name': host,
            'state': state,
        },
    }


def other(kind, **parameters):
    return {'action_type': kind, 'input_parameters': parameters}


class TestOrder(unittest.TestCase):
    def assert_order(self, *actions):
        self.assertEqual(
            list(actions), ranking.in_order(list(reversed(actions)))
        )

    def test_a_service_is_disabled_first(self):
        self.assert_order(service('cmp01', 'disabled'), migrate('a'))

    def test_a_service_is_disabled_after_the_last_arrival(self):
        self.assert_order(migrate('a'), service('cmp02', 'disabled'))

    def test_a_service_is_enabled_first(self):
        self.assert_order(service('cmp02', 'enabled'), migrate('a'))

    def test_a_service_that_is_disabled_meanwhile(self):
        actions = [
            service('cmp01', 'disabled'),
            migrate('a'),
            service('cmp01', 'enabled'),
        ]
        self.assertEqual(actions, ranking.in_order(actions))

    def test_power(self):
        self.assert_order(
            other('change_node_power_state', state='on'),
            migrate('a'),
            other('change_node_power_state', state='off'),
        )

    def test_room_is_made_first(self):
        self.assert_order(other('stop'), migrate('a'), other('unheard_of'))

    def test_one_type_keeps_its_order(self):
        actions = [migrate('b'), migrate('a'), migrate('c')]
        self.assertEqual(actions, ranking.in_order(actions))
