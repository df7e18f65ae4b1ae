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

"""The strategy rearrange_defragment, and where it has its sizes from."""

from __future__ import annotations

import types
import unittest

from unittest import mock

from watcher.common import nova_helper

from tests.unit.plugin import builders
from tests.unit.plugin import test_strategies
from watcher_rearrange.plugin.readers import flavors
from watcher_rearrange.plugin.readers import watcher_model
from watcher_rearrange.plugin.strategies import defragment
from watcher_rearrange.plugin.strategies import optimize


def scattered():
    """Two nodes with an instance each."""
    return builders.model(
        [builders.node_element('cmp01'), builders.node_element('cmp02')],
        {
            'cmp01': [builders.instance_element('a')],
            'cmp02': [builders.instance_element('b')],
        },
    )


def nova_flavor(name, **more):
    fields = {'vcpus': 8, 'ram': 2048, 'disk': 20, 'ephemeral': 5}
    fields['extra_specs'] = {}
    return types.SimpleNamespace(
        flavor_name=name, **{'swap': 1500, **fields, **more}
    )


class TestDefragment(unittest.TestCase):
    def setUp(self):
        super().setUp()
        builders.trust_the_model(self)
        patcher = mock.patch.object(nova_helper, 'NovaHelper')
        self.m_nova = patcher.start()
        self.addCleanup(patcher.stop)

    def strategy(self, wanted):
        return test_strategies.make(
            defragment.Defragment, {'flavors': wanted}, scattered()
        )

    def size(self):
        """What only an empty node has room for."""
        snapshot = watcher_model.read(scattered()).snapshot
        inventory = snapshot.compute_nodes[0].inventories['VCPU']
        return {'VCPU': int(inventory.total * inventory.allocation_ratio)}

    def test_one_moves_to_the_other(self):
        strategy = self.strategy({'big': {'count': 1, **self.size()}})
        solution = strategy.execute(audit=test_strategies.audit())
        self.assertEqual(
            ['migrate'], [a['action_type'] for a in solution.actions]
        )
        found = {i.name: i.value for i in solution.efficacy_indicators}
        self.assertEqual(1, found['slots_gained'])
        self.assertEqual(1, found['migrations'])
        shown = {i.name: i.value for i in solution.global_efficacy}
        self.assertEqual({'slots_gained': 1, 'migrations': 1}, shown)
        self.m_nova.assert_not_called()

    def test_a_size_from_nova(self):
        cpus = self.size()['VCPU']
        self.m_nova.return_value.get_flavor_list.return_value = [
            nova_flavor('big', vcpus=cpus),
            nova_flavor('other'),
        ]
        strategy = self.strategy({'big': 1})
        solution = strategy.execute(audit=test_strategies.audit())
        self.assertEqual(1, len(solution.actions))
        self.assertEqual(['big'], [f.name for f in strategy.snapshot.flavors])

    def test_no_room_for_so_many(self):
        strategy = self.strategy({'big': {'count': 2, **self.size()}})
        solution = strategy.execute(audit=test_strategies.audit())
        self.assertEqual([], solution.actions)
        self.assertIn('at most 1 fit', strategy.status_message)

    def test_an_unknown_flavor(self):
        self.m_nova.return_value.get_flavor_list.return_value = []
        strategy = self.strategy({'huge': 1})
        solution = strategy.execute(audit=test_strategies.audit('CONTINUOUS'))
        self.assertEqual([], solution.actions)
        self.assertIn('flavors.huge', strategy.status_message)


class TestComposed(unittest.TestCase):
    def setUp(self):
        super().setUp()
        builders.trust_the_model(self)

    def test_a_size_that_one_of_two_terms_gives(self):
        size, weight = {'big': {'VCPU': 4}}, {'big': {'weight': 2}}
        for one, other in ((size, weight), (weight, size)):
            levels = [
                [{'name': 'fragmentation', 'flavors': one}],
                [{'name': 'fragmentation', 'flavors': other}],
            ]
            with mock.patch.object(nova_helper, 'NovaHelper') as nova:
                nova.return_value.get_flavor_list.return_value = [
                    nova_flavor('big')
                ]
                strategy = test_strategies.make(
                    optimize.Optimize, {'objectives': levels}, scattered()
                )
                strategy.execute(audit=test_strategies.audit())
                nova.assert_called_once_with()


class TestFlavors(unittest.TestCase):
    def setUp(self):
        super().setUp()
        patcher = mock.patch.object(nova_helper, 'NovaHelper')
        self.m_nova = patcher.start()
        self.addCleanup(patcher.stop)
        self.reading = watcher_model.read(scattered())

    def test_traits(self):
        specs = {'trait:A': 'required', 'trait:B': 'forbidden'}
        self.m_nova.return_value.get_flavor_list.return_value = [
            nova_flavor('big', extra_specs=specs)
        ]
        (found,) = flavors.add(self.reading, {'big': 0}).snapshot.flavors
        self.assertEqual(('A',), found.required_traits)
        self.assertEqual(('B',), found.forbidden_traits)

    def test_local_disk_is_what_the_model_counts(self):
        self.m_nova.return_value.get_flavor_list.return_value = [
            nova_flavor('big')
        ]
        (found,) = flavors.add(self.reading, {'big': 0}).snapshot.flavors
        self.assertEqual(
            {'VCPU': 8, 'MEMORY_MB': 2048, 'DISK_GB': 27}, found.allocations
        )

    def test_a_weight_is_not_a_size(self):
        self.m_nova.return_value.get_flavor_list.return_value = [
            nova_flavor('big')
        ]
        wanted = {'big': {'weight': 2}, 'other': {'VCPU': 1}}
        (found,) = flavors.add(self.reading, wanted).snapshot.flavors
        self.assertEqual('big', found.name)

    def test_nova_is_not_asked_for_sizes_that_are_given(self):
        wanted = {'big': {'VCPU': 1}}
        self.assertIs(self.reading, flavors.add(self.reading, wanted))
        self.m_nova.assert_not_called()

    def test_nova_does_not_answer(self):
        self.m_nova.side_effect = OSError('no route')
        after = flavors.add(self.reading, {'big': 1})
        self.assertIn('no route', after.messages[0])
        self.assertEqual((), after.snapshot.flavors)
