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

"""The reader of Watcher's compute model."""

from __future__ import annotations

import unittest

from watcher.decision_engine.model import element

from tests.unit.plugin import builders
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import watcher_model


def read(nodes, instances):
    return watcher_model.read(builders.model(nodes, instances))


class TestNodes(unittest.TestCase):
    def test_all_that_the_model_knows(self):
        node = builders.node_element(
            'cmp01', status='disabled', disabled_reason='broken fan'
        )
        reading = read([node], {})
        self.assertEqual((), reading.messages)
        self.assertEqual(
            records.ComputeNode(
                hostname='cmp01',
                uuid=builders.uuid_of('cmp01'),
                status='disabled',
                disabled_reason='broken fan',
                inventories={
                    'VCPU': records.Inventory(16, 0, 2.0),
                    'MEMORY_MB': records.Inventory(65536, 1024, 1.0),
                    'DISK_GB': records.Inventory(500, 0, 1.0),
                },
            ),
            reading.snapshot.compute_nodes[0],
        )

    def test_fields_that_are_not_set(self):
        bare = element.ComputeNode(
            uuid=builders.uuid_of('cmp01'), hostname='cmp01', vcpus=4
        )
        node = read([bare], {}).snapshot.compute_nodes[0]
        self.assertTrue(node.receives)
        self.assertIsNone(node.disabled_reason)
        self.assertEqual(records.Inventory(4), node.inventories['VCPU'])
        self.assertEqual(records.Inventory(0), node.inventories['DISK_GB'])

    def test_a_host_installed_anew(self):
        old = builders.node_element('cmp01', state='down', uuid='old')
        new = builders.node_element('cmp01')
        reading = read([old, new], {'cmp01': []})
        (node,) = reading.snapshot.compute_nodes
        self.assertEqual('up', node.state)
        self.assertIn('in the model twice', reading.messages[0])


class TestInstances(unittest.TestCase):
    def only(self, instance):
        reading = read([builders.node_element('cmp01')], {'cmp01': [instance]})
        return reading.snapshot.instances[0]

    def test_all_that_the_model_knows(self):
        found = self.only(
            builders.instance_element(
                'web-1',
                state='stopped',
                locked=True,
                watcher_exclude=True,
                metadata={'optimize': True},
                flavor_extra_specs={'trait:HW_CPU': 'required'},
                pinned_az='az1',
            )
        )
        self.assertEqual(
            records.Instance(
                uuid=builders.uuid_of('web-1'),
                name='web-1',
                host='cmp01',
                state='stopped',
                locked=True,
                excluded=True,
                project_id=builders.uuid_of('project'),
                metadata={'optimize': 'True'},
                flavor_extra_specs={'trait:HW_CPU': 'required'},
                pinned_az='az1',
                allocations={'VCPU': 2, 'MEMORY_MB': 4096, 'DISK_GB': 20},
            ),
            found,
        )

    def test_no_amount_of_nothing(self):
        found = self.only(builders.instance_element('volume', disk=0))
        self.assertEqual({'VCPU': 2, 'MEMORY_MB': 4096}, found.allocations)

    def test_one_without_a_size_stays(self):
        bare = element.Instance(uuid=builders.uuid_of('new'))
        reading = read([builders.node_element('cmp01')], {'cmp01': [bare]})
        (found,) = reading.snapshot.instances
        self.assertEqual('building', found.state)
        self.assertEqual({}, found.allocations)
        self.assertIn('does not know their size', reading.messages[0])

    def test_deleted_ones_are_left_out(self):
        gone = builders.instance_element('gone', state='deleted')
        reading = read([builders.node_element('cmp01')], {'cmp01': [gone]})
        self.assertEqual((), reading.snapshot.instances)
        self.assertEqual((), reading.messages)

    def test_soft_deleted_ones_keep_their_room(self):
        gone = builders.instance_element('gone', state='soft-delete')
        self.assertEqual('soft-delete', self.only(gone).state)

    def test_unmapped_ones_are_counted(self):
        model = builders.model([builders.node_element('cmp01')], {})
        model.add_instance(builders.instance_element('shelved'))
        reading = watcher_model.read(model)
        self.assertEqual((), reading.snapshot.instances)
        self.assertIn('1 instances are on no compute', reading.messages[0])
