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

"""Snapshots: what is taken, and every problem that is named."""

from __future__ import annotations

import json
import tempfile

from typing import Any

from tests.unit.snapshot import base
from tests.unit.snapshot import documents
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import reader


class TestSnapshot(base.ReaderTestCase):
    def refuse(self, document: Any) -> list[str]:
        return self.problems(reader.snapshot_from_document, document)

    def test_absent_keys_have_the_defaults_of_nova(self):
        snapshot = reader.snapshot_from_document(documents.snapshot())
        node = snapshot.compute_nodes[0]
        self.assertEqual(records.Inventory(8), node.inventories['VCPU'])
        self.assertTrue(node.receives)
        self.assertEqual('nova', node.availability_zone)
        self.assertEqual('active', snapshot.instances[0].state)
        self.assertEqual((), snapshot.server_groups)

    def test_every_key_is_kept(self):
        snapshot = reader.snapshot_from_document(documents.full_snapshot())
        node, instance = snapshot.compute_nodes[0], snapshot.instances[0]
        self.assertEqual(('n1', 'down'), (node.uuid, node.state))
        self.assertEqual(2.5, node.inventories['VCPU'].allocation_ratio)
        self.assertEqual(('web-1', True), (instance.name, instance.locked))
        self.assertEqual(('a', 'b'), snapshot.server_groups[0].members)
        self.assertEqual({'ssd': 'true'}, snapshot.aggregates[0].metadata)
        self.assertEqual('queued', snapshot.migrations[0].status)

    def test_an_unknown_state_of_an_instance_is_taken(self):
        document = documents.snapshot()
        document['instances'][0]['state'] = 'haunted'
        snapshot = reader.snapshot_from_document(document)
        self.assertEqual('haunted', snapshot.instances[0].state)

    def test_what_is_no_object(self):
        for document in ([], 'x', None, 3):
            with self.subTest(document=document):
                (problem,) = self.refuse(document)
                self.assertIn('document: ', problem)

    def test_every_problem_is_listed_at_once(self):
        document = documents.snapshot()
        document['version'] = 2
        document['extra'] = 1
        document['compute_nodes'][1]['hostname'] = 'cmp01'
        document['instances'][0]['host'] = 'cmp99'
        document['instances'][1]['uuid'] = 'a'
        document['instances'][1]['allocations'] = {'VCPU': -1, 'DISK_GB': 1.5}
        self.assertEqual(
            [
                'version: 2 is unknown, not 1',
                'extra: unknown key',
                "compute_nodes[1].hostname: duplicate hostname 'cmp01'",
                "instances[0].host: 'cmp99' is not a compute node",
                "instances[1].uuid: duplicate uuid 'a'",
                "instances[1].host: 'cmp02' is not a compute node",
                'instances[1].allocations.VCPU: -1 is negative',
                'instances[1].allocations.DISK_GB: 1.5 is not a whole number',
            ],
            self.refuse(document),
        )

    def test_required_keys(self):
        self.assertEqual(
            [
                'version: is missing',
                'compute_nodes: is missing',
                'instances: is missing',
            ],
            self.refuse({}),
        )
        document = documents.snapshot()
        document['compute_nodes'][0] = {}
        document['instances'][0] = {}
        self.assertEqual(
            [
                'compute_nodes[0].hostname: is missing',
                'compute_nodes[0].inventories: is missing',
                'instances[0].uuid: is missing',
                'instances[0].host: is missing',
                'instances[0].allocations: is missing',
            ],
            self.refuse(document),
        )

    def test_without_nodes_references_to_them_are_not_judged(self):
        document = documents.snapshot()
        del document['compute_nodes']
        self.assertEqual(['compute_nodes: is missing'], self.refuse(document))

    def test_with_no_node_every_reference_to_one_dangles(self):
        document = documents.snapshot()
        document['compute_nodes'] = []
        self.assertEqual(
            [
                "instances[0].host: 'cmp01' is not a compute node",
                "instances[1].host: 'cmp02' is not a compute node",
            ],
            self.refuse(document),
        )

    def test_an_empty_cluster_is_one(self):
        document = {'version': 1, 'compute_nodes': [], 'instances': []}
        snapshot = reader.snapshot_from_document(document)
        self.assertEqual(records.Snapshot((), ()), snapshot)


class TestOneWrongValue(base.ReaderTestCase):
    """Each value in its place is the only problem of the document."""

    CASES: tuple[tuple[tuple[Any, ...], Any, str], ...] = (
        (('version',), True, 'version: true is unknown, not 1'),
        (('version',), '1', "version: '1' is unknown, not 1"),
        (
            ('compute_nodes', 1, 'hostname'),
            '',
            'compute_nodes[1].hostname: is empty',
        ),
        (
            ('compute_nodes', 1, 'uuid'),
            'n1',
            "compute_nodes[1].uuid: duplicate uuid 'n1'",
        ),
        (
            ('compute_nodes', 0, 'status'),
            'off',
            "compute_nodes[0].status: 'off' is not one of enabled, disabled",
        ),
        (
            ('compute_nodes', 0, 'state'),
            None,
            'compute_nodes[0].state: null is not one of up, down',
        ),
        (
            ('compute_nodes', 0, 'traits'),
            'T',
            "compute_nodes[0].traits: 'T' is not a list",
        ),
        (
            ('compute_nodes', 0, 'load', 'cpu_pct'),
            -1,
            'compute_nodes[0].load.cpu_pct: -1 is negative',
        ),
        (
            ('compute_nodes', 0, 'load', 'cpu_pct'),
            float('inf'),
            'compute_nodes[0].load.cpu_pct: is not a finite number',
        ),
        (
            ('compute_nodes', 0, 'load', 'cpu_pct'),
            10**400,
            'compute_nodes[0].load.cpu_pct: an enormous number is more than '
            '1e+18',
        ),
        (
            ('compute_nodes', 0, 'inventories', 'VCPU', 'total'),
            True,
            'compute_nodes[0].inventories.VCPU.total: true is not a whole '
            'number',
        ),
        (
            ('compute_nodes', 0, 'inventories', 'VCPU', 'total'),
            2**31,
            'compute_nodes[0].inventories.VCPU.total: 2147483648 is more '
            'than 2147483647',
        ),
        (
            ('compute_nodes', 0, 'inventories', 'VCPU', 'allocation_ratio'),
            0,
            'compute_nodes[0].inventories.VCPU.allocation_ratio: must be '
            'more than 0',
        ),
        (
            ('compute_nodes', 0, 'inventories', 'VCPU', 'size'),
            0,
            'compute_nodes[0].inventories.VCPU.size: unknown key',
        ),
        (
            ('compute_nodes', 0, 'inventories', 'vcpu'),
            {'total': 1},
            'compute_nodes[0].inventories.vcpu: is not the name of a '
            'resource class',
        ),
        (
            ('instances', 0, 'allocations', 'x-y'),
            1,
            "instances[0].allocations['x-y']: is not the name of a resource "
            'class',
        ),
        (
            ('instances', 0, 'locked'),
            1,
            'instances[0].locked: 1 is not true or false',
        ),
        (('instances', 0, 'name'), 7, 'instances[0].name: 7 is not a string'),
        (
            ('instances', 0, 'metadata'),
            {'k': 1},
            'instances[0].metadata.k: 1 is not a string',
        ),
        (('instances', 1), 'b', "instances[1]: 'b' is not an object"),
        (
            ('server_groups', 0, 'policy'),
            'near',
            "server_groups[0].policy: 'near' is not one of affinity, "
            'anti-affinity, soft-affinity, soft-anti-affinity',
        ),
        (
            ('server_groups', 0, 'max_server_per_host'),
            0,
            'server_groups[0].max_server_per_host: 0 is less than 1',
        ),
        (
            ('server_groups', 0, 'members'),
            ['a', 'a'],
            "server_groups[0].members[1]: 'a' stands twice",
        ),
        (
            ('server_groups', 0, 'members', 1),
            'z',
            "server_groups[0].members[1]: 'z' is not an instance",
        ),
        (
            ('aggregates', 0, 'hosts', 0),
            'z',
            "aggregates[0].hosts[0]: 'z' is not a compute node",
        ),
        (
            ('migrations', 0, 'instance'),
            'z',
            "migrations[0].instance: 'z' is not an instance",
        ),
        (
            ('migrations', 0, 'destination'),
            ['cmp01'],
            'migrations[0].destination: a list is not a string',
        ),
    )

    def test_the_problem_is_named_with_its_place(self):
        for place, value, problem in self.CASES:
            document = documents.full_snapshot()
            if place in (('instances', 1), ('compute_nodes', 1, 'hostname')):
                document = documents.snapshot()
                document['instances'][1]['host'] = 'cmp01'
            *parents, last = place
            parent = document
            for key in parents:
                parent = parent[key]
            parent[last] = value
            with self.subTest(place=place, value=value):
                found = self.problems(reader.snapshot_from_document, document)
                self.assertEqual([problem], found)


class TestFiles(base.ReaderTestCase):
    def test_the_file_is_named_before_every_problem(self):
        document = documents.snapshot()
        document['instances'][0]['host'] = 'cmp99'
        text = json.dumps(document).replace('"version": 1', '"version": NaN')
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            file.write(text)
            file.flush()
            self.assertEqual(
                [
                    f'{file.name}: version: is not a finite number',
                    f'{file.name}: version: nan is unknown, not 1',
                    f'{file.name}: instances[0].host: '
                    "'cmp99' is not a compute node",
                ],
                self.problems(reader.read_snapshot, file.name),
            )

    def test_repeated_keys_and_other_problems_come_together(self):
        text = json.dumps(documents.plan()).replace(
            '"id": "1"', '"id": "1", "id": "9"'
        )
        snapshot = reader.snapshot_from_document(documents.snapshot())
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            file.write(text)
            file.flush()
            self.assertEqual(
                [
                    f"{file.name}: actions[0]: key 'id' stands twice",
                    f'{file.name}: actions[1].parents[0]: '
                    "'1' is not an action",
                ],
                self.problems(reader.read_plan, file.name, snapshot),
            )
