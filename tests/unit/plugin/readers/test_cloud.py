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

"""Putting right what Watcher's model has."""

from __future__ import annotations

import unittest

import numpy as np

from watcher.decision_engine.model import element

from tests.unit.plugin import builders
from watcher_rearrange.checker import cluster as checker
from watcher_rearrange.checker import occupancy
from watcher_rearrange.model import cluster as clusters
from watcher_rearrange.model import placement as placements
from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import cloud
from watcher_rearrange.plugin.readers import facts
from watcher_rearrange.plugin.readers import instances
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import placement
from watcher_rearrange.plugin.readers import watcher_model
from watcher_rearrange.snapshot import writer


SIZE = {'VCPU': 2, 'MEMORY_MB': 4096, 'DISK_GB': 20}
SMALL = {'VCPU': 1, 'MEMORY_MB': 1024, 'DISK_GB': 5}
INVENTORIES = {
    'VCPU': records.Inventory(16, 0, 2.0),
    'MEMORY_MB': records.Inventory(65536, 1024, 1.0),
    'DISK_GB': records.Inventory(500, 0, 1.0),
}


def server(name, host, **fields):
    given = {
        'uuid': builders.uuid_of(name),
        'name': name,
        'host': host,
        'vm_state': 'active',
        'task_state': '',
        'locked': False,
        'project_id': 'project',
        'flavor': 'm1.small',
    }
    return nova.Server(**{**given, **fields})


def migration(name, source, destination, status='running'):
    return nova.Migration(
        builders.uuid_of(f'migration of {name}'),
        builders.uuid_of(name),
        source,
        destination,
        status,
    )


def found(reading, name):
    (instance,) = (i for i in reading.snapshot.instances if i.name == name)
    return instance


class MergeTestCase(unittest.TestCase):
    """Nodes cmp01 to cmp03, with what Placement says each consumer holds."""

    def merge(self, believed, servers, held, migrations=(), services=None):
        """Merge.

        :param believed: instances of the model by hostname
        :param held: by hostname, amounts by the name of the consumer
        """
        hosts = ('cmp01', 'cmp02', 'cmp03')
        model = builders.model(
            [builders.node_element(host) for host in hosts],
            {
                host: [
                    builders.instance_element(i) if isinstance(i, str) else i
                    for i in instances
                ]
                for host, instances in believed.items()
            },
        )
        providers = {
            host: placement.Provider(
                INVENTORIES,
                {
                    builders.uuid_of(name): amounts
                    for name, amounts in held.get(host, {}).items()
                },
            )
            for host in hosts
        }
        up = nova.Service('enabled', 'up', None, 'nova')
        said = nova.Cloud(
            {s.uuid: s for s in servers},
            tuple(migrations),
            {host: up for host in hosts} if services is None else services,
        )
        reading = cloud.merge(
            watcher_model.read(model), facts.Facts(said, providers)
        )
        self.assert_counted_once(reading.snapshot, providers)
        return reading

    def assert_counted_once(self, snapshot, providers):
        """Both the model and the checker count what Placement has."""
        cluster = clusters.Cluster.from_snapshot(snapshot)
        used = placements.Placement(cluster).used
        document = writer.snapshot_document(snapshot)
        judged = occupancy.Occupancy(checker.read_cluster(document))
        for idx, node in enumerate(snapshot.compute_nodes):
            expected = np.zeros_like(used[idx])
            for amounts in providers[node.hostname].allocations.values():
                for name, amount in amounts.items():
                    column = cluster.resource_classes.index(name)
                    expected[column] += amount
            self.assertEqual(expected.tolist(), used[idx].tolist())
            for column, name in enumerate(cluster.resource_classes):
                self.assertEqual(
                    expected[column], judged.capacity_used(node.hostname, name)
                )

    def held(self, reading):
        return {
            node.hostname: node.held
            for node in reading.snapshot.compute_nodes
            if node.held
        }


class TestInstances(MergeTestCase):
    def test_nothing_to_put_right(self):
        reading = self.merge(
            {'cmp01': ['a']}, [server('a', 'cmp01')], {'cmp01': {'a': SIZE}}
        )
        self.assertEqual((), reading.messages)
        instance = found(reading, 'a')
        self.assertEqual(
            ('cmp01', '', SIZE),
            (instance.host, instance.stays, instance.allocations),
        )
        self.assertEqual({}, self.held(reading))

    def test_a_ghost(self):
        reading = self.merge({'cmp01': ['a']}, [], {})
        self.assertEqual((), reading.snapshot.instances)
        self.assertIn('1 instances of Watcher', reading.messages[0])

    def test_a_ghost_that_left_its_allocations(self):
        reading = self.merge({'cmp01': ['a']}, [], {'cmp01': {'a': SIZE}})
        self.assertEqual({'cmp01': SIZE}, self.held(reading))
        self.assertIn('1 consumers', reading.messages[-1])

    def test_one_that_moved(self):
        reading = self.merge(
            {'cmp01': ['a']}, [server('a', 'cmp02')], {'cmp02': {'a': SIZE}}
        )
        self.assertEqual('cmp02', found(reading, 'a').host)
        self.assertEqual('', found(reading, 'a').stays)
        self.assertIn('on another node', reading.messages[0])

    def test_one_that_moved_out_of_the_scope(self):
        reading = self.merge({'cmp01': ['a']}, [server('a', 'cmp77')], {})
        self.assertEqual((), reading.snapshot.instances)

    def test_one_that_the_model_lacks(self):
        reading = self.merge(
            {}, [server('a', 'cmp01')], {'cmp01': {'a': SMALL}}
        )
        instance = found(reading, 'a')
        self.assertEqual(SMALL, instance.allocations)
        self.assertEqual(instances.UNKNOWN, instance.stays)
        self.assertIn('does not have', reading.messages[0])

    def test_states_and_locks_are_those_of_nova(self):
        reading = self.merge(
            {'cmp01': ['a', 'b']},
            [
                server('a', 'cmp01', vm_state='stopped', locked=True),
                server('b', 'cmp01', task_state='rebuilding'),
            ],
            {'cmp01': {'a': SIZE, 'b': SIZE}},
        )
        instance = found(reading, 'a')
        self.assertEqual(('stopped', True), (instance.state, instance.locked))
        self.assertEqual('in task rebuilding', found(reading, 'b').stays)

    def test_excluded_ones_stay_excluded(self):
        reading = self.merge(
            {'cmp01': [builders.instance_element('a', watcher_exclude=True)]},
            [server('a', 'cmp01')],
            {'cmp01': {'a': SIZE}},
        )
        self.assertTrue(found(reading, 'a').excluded)

    def test_other_amounts_than_in_the_model(self):
        reading = self.merge(
            {'cmp01': ['a']},
            [server('a', 'cmp01')],
            {'cmp01': {'a': {**SMALL, 'CUSTOM_FPGA': 1}}},
        )
        instance = found(reading, 'a')
        self.assertEqual(1, instance.allocations['CUSTOM_FPGA'])
        self.assertIn('other allocations for 1', reading.messages[0])

    def test_one_that_the_model_does_not_know_well_stays(self):
        # Whether the audit scope excludes it is not known either.
        stub = element.Instance(uuid=builders.uuid_of('a'))
        reading = self.merge(
            {'cmp01': [stub]}, [server('a', 'cmp01')], {'cmp01': {'a': SMALL}}
        )
        instance = found(reading, 'a')
        self.assertEqual(instances.INCOMPLETE, instance.stays)
        self.assertEqual(
            ('active', SMALL), (instance.state, instance.allocations)
        )

    def test_the_zone_is_that_of_nova_where_it_says_one(self):
        for said, expected in ((None, 'az1'), ('', ''), ('az2', 'az2')):
            believed = builders.instance_element('a', pinned_az='az1')
            reading = self.merge(
                {'cmp01': [believed]},
                [server('a', 'cmp01', pinned_az=said)],
                {'cmp01': {'a': SIZE}},
            )
            self.assertEqual(expected, found(reading, 'a').pinned_az)

    def test_one_without_allocations_stays(self):
        model = watcher_model.read(
            builders.model(
                [builders.node_element('cmp01')],
                {'cmp01': [builders.instance_element('a')]},
            )
        )
        said = nova.Cloud(
            {builders.uuid_of('a'): server('a', 'cmp01')}, (), {}
        )
        reading = cloud.merge(model, facts.Facts(said, {}))
        self.assertEqual(instances.NO_ROOM, found(reading, 'a').stays)
        self.assertEqual(SIZE, found(reading, 'a').allocations)
        self.assertIn('no inventory', reading.messages[-1])


class TestRoom(MergeTestCase):
    def test_a_live_migration(self):
        reading = self.merge(
            {'cmp01': ['a']},
            [server('a', 'cmp01', task_state='migrating')],
            {'cmp01': {'migration of a': SIZE}, 'cmp02': {'a': SIZE}},
            [migration('a', 'cmp01', 'cmp02')],
        )
        (move,) = reading.snapshot.migrations
        self.assertEqual('cmp02', move.destination)
        self.assertEqual(SIZE, found(reading, 'a').allocations)
        self.assertEqual({}, self.held(reading))
        self.assertIn('migrating', found(reading, 'a').stays)

    def test_a_cold_migration_to_be_confirmed(self):
        reading = self.merge(
            {'cmp02': ['a']},
            [server('a', 'cmp02', vm_state='resized')],
            {'cmp01': {'migration of a': SIZE}, 'cmp02': {'a': SIZE}},
            [migration('a', 'cmp01', 'cmp02', 'finished')],
        )
        self.assertEqual(1, len(reading.snapshot.migrations))
        self.assertEqual({}, self.held(reading))

    def test_a_resize_to_be_confirmed(self):
        reading = self.merge(
            {'cmp02': ['a']},
            [server('a', 'cmp02', vm_state='resized')],
            {'cmp01': {'migration of a': SMALL}, 'cmp02': {'a': SIZE}},
            [migration('a', 'cmp01', 'cmp02', 'finished')],
        )
        self.assertEqual((), reading.snapshot.migrations)
        self.assertEqual({'cmp01': SMALL}, self.held(reading))
        self.assertEqual(instances.MIGRATING, found(reading, 'a').stays)

    def test_a_resize_on_the_same_node(self):
        reading = self.merge(
            {'cmp01': ['a']},
            [server('a', 'cmp01', vm_state='resized')],
            {'cmp01': {'migration of a': SMALL, 'a': SIZE}},
            [migration('a', 'cmp01', 'cmp01', 'finished')],
        )
        self.assertEqual(SIZE, found(reading, 'a').allocations)
        self.assertEqual({'cmp01': SMALL}, self.held(reading))

    def test_a_migration_into_the_scope_and_one_out_of_it(self):
        reading = self.merge(
            {'cmp02': ['b']},
            [
                server('a', 'cmp77', task_state='migrating'),
                server('b', 'cmp02', task_state='migrating'),
            ],
            {'cmp01': {'a': SIZE}, 'cmp02': {'migration of b': SIZE}},
            [
                migration('a', 'cmp77', 'cmp01'),
                migration('b', 'cmp02', 'cmp77'),
            ],
        )
        self.assertEqual((), reading.snapshot.migrations)
        self.assertEqual({'cmp01': SIZE}, self.held(reading))
        self.assertEqual(SIZE, found(reading, 'b').allocations)

    def test_a_migration_that_began_while_this_was_read(self):
        model = watcher_model.read(
            builders.model(
                [builders.node_element(f'cmp0{n}') for n in (1, 2)],
                {'cmp01': [builders.instance_element('a')]},
            )
        )
        uuid = builders.uuid_of('a')
        reading = cloud.merge(
            model,
            facts.Facts(
                nova.Cloud({uuid: server('a', 'cmp01')}, (), {}),
                {
                    'cmp01': placement.Provider(INVENTORIES, {'x': SIZE}),
                    'cmp02': placement.Provider(INVENTORIES, {uuid: SIZE}),
                },
            ),
        )
        self.assertEqual(instances.NO_ROOM, found(reading, 'a').stays)
        self.assertEqual({'cmp01': SIZE, 'cmp02': SIZE}, self.held(reading))

    def test_others(self):
        reading = self.merge(
            {'cmp01': ['a']},
            [server('a', 'cmp01')],
            {'cmp01': {'a': SIZE, 'x': SMALL, 'y': {'CUSTOM_X': 1}}},
        )
        self.assertEqual(
            {'cmp01': {**SMALL, 'CUSTOM_X': 1}}, self.held(reading)
        )
        self.assertIn('2 consumers', reading.messages[0])


class TestNodes(MergeTestCase):
    def test_services_are_those_of_nova(self):
        reading = self.merge(
            {},
            [],
            {},
            services={
                'cmp01': nova.Service('disabled', 'up', 'fan', 'az1'),
                'cmp02': nova.Service('enabled', 'down', None, 'nova'),
            },
        )
        one, two, three = reading.snapshot.compute_nodes
        self.assertEqual(
            ('disabled', 'fan', 'az1'),
            (one.status, one.disabled_reason, one.availability_zone),
        )
        self.assertEqual(('down', 'down'), (two.state, three.state))

    def test_inventories_are_those_of_placement(self):
        model = watcher_model.read(
            builders.model([builders.node_element('cmp01', vcpus=8)], {})
        )
        inventories = {**INVENTORIES, 'PCPU': records.Inventory(4)}
        reading = cloud.merge(
            model,
            facts.Facts(
                nova.Cloud({}, (), {}),
                {'cmp01': placement.Provider(inventories, {})},
            ),
        )
        (node,) = reading.snapshot.compute_nodes
        self.assertEqual(inventories, node.inventories)
        self.assertIn('for 1 nodes', reading.messages[0])
