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

"""Synthetic clusters: sizes, limits, and the same one for a seed."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import unittest

from watcher_rearrange.model import errors
from watcher_rearrange.model import inventory
from watcher_rearrange.model import records
from watcher_rearrange.snapshot import generator
from watcher_rearrange.snapshot import reader
from watcher_rearrange.snapshot import writer
from watcher_rearrange.snapshot.generator import GenerateSpec


def used_by_node(
    snapshot: records.Snapshot,
) -> dict[str, collections.Counter[str]]:
    used = {
        node.hostname: collections.Counter[str]()
        for node in snapshot.compute_nodes
    }
    for instance in snapshot.instances:
        used[instance.host].update(instance.allocations)
    return used


def tightest(snapshot: records.Snapshot) -> float:
    used: collections.Counter[str] = collections.Counter()
    capacity: collections.Counter[str] = collections.Counter()
    for node in snapshot.compute_nodes:
        for rc, item in node.inventories.items():
            capacity[rc] += inventory.capacity(item)
    for instance in snapshot.instances:
        used.update(instance.allocations)
    return max(used[rc] / capacity[rc] for rc in used)


class TestGenerate(unittest.TestCase):
    def test_default(self):
        snapshot = generator.generate(GenerateSpec())
        self.assertEqual(40, len(snapshot.compute_nodes))
        self.assertEqual('cmp001', snapshot.compute_nodes[0].hostname)
        self.assertGreater(len(snapshot.instances), 400)
        self.assertAlmostEqual(0.6, tightest(snapshot), delta=0.005)

    def test_no_capacity_is_exceeded(self):
        for fill in (0.3, 1.0):
            spec = GenerateSpec(nodes=12, fill=fill, heterogeneous=True)
            snapshot = generator.generate(spec)
            used = used_by_node(snapshot)
            for node in snapshot.compute_nodes:
                for rc, item in node.inventories.items():
                    self.assertLessEqual(
                        used[node.hostname][rc], inventory.capacity(item)
                    )

    def test_same_seed_same_bytes(self):
        spec = GenerateSpec(
            nodes=10, seed=7, heterogeneous=True, groups=3, locked_pct=10
        )
        texts = [
            writer.dumps(writer.snapshot_document(generator.generate(spec)))
            for _ in range(2)
        ]
        self.assertEqual(texts[0], texts[1])
        # Of this very text: it may not depend on the machine.
        self.assertEqual(
            'fd8c27a250125c8b',
            hashlib.sha256(texts[0].encode()).hexdigest()[:16],
        )

    def test_another_seed_another_cluster(self):
        first, second = (
            generator.generate(GenerateSpec(nodes=5, seed=seed))
            for seed in (1, 2)
        )
        self.assertNotEqual(first, second)
        uuids = {i.uuid for s in (first, second) for i in s.instances}
        count = len(first.instances) + len(second.instances)
        self.assertEqual(count, len(uuids))

    def test_it_can_be_read(self):
        snapshot = generator.generate(
            GenerateSpec(nodes=6, groups=4, azs=3, stopped_pct=20)
        )
        document = writer.snapshot_document(snapshot)
        self.assertEqual(snapshot, reader.snapshot_from_document(document))

    def test_counts_are_exact(self):
        snapshot = generator.generate(
            GenerateSpec(
                nodes=20,
                disabled=3,
                down=2,
                locked_pct=10,
                stopped_pct=25,
                groups=5,
                azs=4,
                instances_per_node=10,
            )
        )
        nodes, instances = snapshot.compute_nodes, snapshot.instances
        self.assertEqual(3, sum(n.status == 'disabled' for n in nodes))
        self.assertEqual(2, sum(n.state == 'down' for n in nodes))
        self.assertEqual(15, sum(n.receives for n in nodes))
        zones = collections.Counter(n.availability_zone for n in nodes)
        self.assertEqual({f'az{k}': 5 for k in range(1, 5)}, zones)
        self.assertEqual(200, len(instances))
        self.assertEqual(20, sum(i.locked for i in instances))
        self.assertEqual(50, sum(i.state == 'stopped' for i in instances))
        self.assertEqual(5, len(snapshot.server_groups))

    def test_instances_are_pinned_to_where_they_are(self):
        plain = GenerateSpec(nodes=9, azs=3, instances_per_node=10)
        first = generator.generate(plain)
        self.assertFalse(any(i.pinned_az for i in first.instances))
        half = generator.generate(dataclasses.replace(plain, pinned_pct=50))
        zone = {n.hostname: n.availability_zone for n in half.compute_nodes}
        pinned = [i for i in half.instances if i.pinned_az]
        self.assertEqual(45, len(pinned))
        for instance in pinned:
            self.assertEqual(zone[instance.host], instance.pinned_az)
        # Nothing else is changed by it.
        self.assertEqual(
            [i.host for i in first.instances], [i.host for i in half.instances]
        )

    def test_members_of_a_group_are_apart(self):
        snapshot = generator.generate(GenerateSpec(nodes=8, groups=10))
        host = {i.uuid: i.host for i in snapshot.instances}
        members = [m for g in snapshot.server_groups for m in g.members]
        self.assertEqual(len(members), len(set(members)))
        for group in snapshot.server_groups:
            hosts = {host[member] for member in group.members}
            self.assertEqual(len(group.members), len(hosts))

    def test_no_instance(self):
        for spec in (GenerateSpec(fill=0), GenerateSpec(instances_per_node=0)):
            self.assertEqual((), generator.generate(spec).instances)


class TestBadSpec(unittest.TestCase):
    def problems(self, spec: GenerateSpec) -> tuple[str, ...]:
        with self.assertRaises(errors.BadInput) as caught:
            generator.generate(spec)
        return caught.exception.problems

    def test_every_problem(self):
        spec = GenerateSpec(
            nodes=0, fill=1.5, locked_pct=-1, azs=0, pinned_pct=101, down=1
        )
        self.assertEqual(
            (
                'nodes: 0 is not at least 1',
                'fill: 1.5 is not from 0 to 1',
                'locked_pct: -1 is not from 0 to 100',
                'azs: 0 is not at least 1',
                'pinned_pct: 101 is not from 0 to 100',
                'disabled, down: more than there are nodes',
            ),
            self.problems(spec),
        )

    def test_nan_is_no_fill(self):
        (problem,) = self.problems(GenerateSpec(fill=float('nan')))
        self.assertIn('fill', problem)

    def test_more_than_fits(self):
        spec = GenerateSpec(nodes=2, instances_per_node=1000)
        (problem,) = self.problems(spec)
        self.assertRegex(problem, r'^instances_per_node: \d+ of 2000 ')
        (problem,) = self.problems(GenerateSpec(nodes=1, groups=1))
        self.assertEqual('groups: only 0 of 1 can be formed', problem)
