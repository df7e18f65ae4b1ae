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

"""How full the nodes are."""

from __future__ import annotations

import dataclasses
import unittest

from tests.unit.report import samples
from watcher_rearrange.model import records
from watcher_rearrange.report.usage import Usage


class TestUsage(unittest.TestCase):
    def test_of(self):
        usage = Usage.of(samples.snapshot())
        first = usage.nodes[0]
        self.assertEqual(('VCPU', 'MEMORY_MB'), usage.resource_classes)
        self.assertEqual({'VCPU': 10, 'MEMORY_MB': 600}, first.used)
        self.assertEqual({'VCPU': 20, 'MEMORY_MB': 1000}, first.capacity)
        self.assertEqual(0.5, first.ratio('VCPU'))
        self.assertEqual(
            [2, 1, 0], [node.instance_count for node in usage.nodes]
        )
        self.assertTrue(usage.nodes[2].empty)
        self.assertAlmostEqual(1300 / 3000, usage.ratio('MEMORY_MB'))

    def test_a_migration_under_way_holds_both_ends(self):
        snapshot = dataclasses.replace(
            samples.snapshot(),
            migrations=(records.Migration('a', 'cmp01', 'cmp03'),),
        )
        usage = Usage.of(snapshot).nodes[2]
        self.assertEqual(
            (0, 500), (usage.instance_count, usage.used['MEMORY_MB'])
        )

    def test_without_capacity(self):
        snapshot = records.Snapshot(
            (records.ComputeNode('n', {}),),
            (records.Instance('a', 'n', {'CUSTOM_X': 1}),),
        )
        usage = Usage.of(snapshot)
        self.assertEqual(float('inf'), usage.nodes[0].ratio('CUSTOM_X'))
        resources = usage.to_dict()[0]['resources']
        self.assertEqual(
            {'CUSTOM_X': {'used': 1, 'capacity': 0, 'used_pct': None}},
            resources,
        )

    def test_classes_that_nobody_uses_are_not_shown(self):
        inventories = {
            rc: records.Inventory(1) for rc in ('CUSTOM_X', 'VGPU', 'VCPU')
        }
        snapshot = records.Snapshot(
            (records.ComputeNode('n', inventories),),
            (records.Instance('a', 'n', {'VGPU': 1}),),
        )
        usage = Usage.of(snapshot)
        self.assertEqual(('VCPU', 'VGPU'), usage.resource_classes)
