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

"""Each thing that an instance can ask for, against what Nova does with it.

What Nova 34 does was read in its source; doc/source/admin/configuration.rst
says where. A plan may do less, never more.
"""

from __future__ import annotations

import dataclasses
import pathlib

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from tests.unit.plugin import builders
from tests.unit.plugin.readers import test_cloud
from tests.unit.plugin.readers import test_facts
from watcher_rearrange.constraints import movability
from watcher_rearrange.model import cluster
from watcher_rearrange.plugin.readers import ports
from watcher_rearrange.plugin.readers import trees


DOCUMENT = (
    pathlib.Path(__file__)
    .resolve()
    .parents[4]
    .joinpath('doc', 'source', 'admin', 'configuration.rst')
)

# What Nova does: it migrates; it refuses or fails; it may do either, by
# something that no API tells, such as which nodes have a device left.
YES, NO, MAYBE = 'yes', 'no', 'maybe'
LIVE, COLD, STAYS = 'live_migrate', 'cold_migrate', 'stays'

TPM = {'hw:tpm_version': '2.0'}


@dataclasses.dataclass(frozen=True)
class Row:
    """Something that is asked for.

    :ivar text: what the table of the documentation calls it
    :ivar live: what Nova does with a live migration; cold the same
    :ivar here: what is planned for one that is active, one that is active
        and may be migrated cold, and one that is stopped
    :ivar vnic: the type of a port
    :ivar nested: what it holds at a nested provider
    """

    text: str
    specs: Mapping[str, str]
    live: str
    cold: str
    here: tuple[str, str, str]
    properties: Mapping[str, str] = field(default_factory=dict)
    vnic: str = ''
    nested: str = ''


ANY = (LIVE, LIVE, COLD)
NOT_LIVE = (STAYS, COLD, COLD)
NEVER = (STAYS, STAYS, STAYS)


def unknown(text: str, specs: Mapping[str, str], **more: Any) -> Row:
    """Return what nobody knows a place for."""
    return Row(text, specs, MAYBE, MAYBE, NEVER, **more)


def refused(text: str, specs: Mapping[str, str], **more: Any) -> Row:
    return Row(text, specs, NO, NO, NEVER, **more)


def stopped_only(text: str, specs: Mapping[str, str], **more: Any) -> Row:
    return Row(text, specs, NO, YES, NOT_LIVE, **more)


def free(text: str, specs: Mapping[str, str], **more: Any) -> Row:
    return Row(text, specs, YES, YES, ANY, **more)


DEDICATED = {'hw:cpu_policy': 'dedicated'}
SEV = {'hw:mem_encryption': '1'}
TOPOLOGIES = (
    ('hw:numa_nodes', {'hw:numa_nodes': '2'}),
    ('hw:mem_page_size', {'hw:mem_page_size': '1GB'}),
    ('hw:cpu_policy', DEDICATED),
    (
        'hw:cpu_policy',
        {'hw:cpu_policy': 'mixed', 'hw:cpu_dedicated_mask': '0'},
    ),
    (
        'hw:emulator_threads',
        {**DEDICATED, 'hw:emulator_threads_policy': 'isolate'},
    ),
    ('hw:cpu_realtime', {**DEDICATED, 'hw:cpu_realtime': 'yes'}),
    ('resources:PCPU', {'resources:PCPU': '2', 'resources:VCPU': '0'}),
    ('hw:pmem', {'hw:pmem': '6GB'}),
)
PORTS = (
    'direct',
    'direct-physical',
    'macvtap',
    'vdpa',
    'remote-managed',
    'virtio-forwarder',
)

ROWS = (
    free('', {}),
    free('', {'resources:CUSTOM_X': '1'}),
    free('os:secure_boot', {'os:secure_boot': 'required'}),
    free('hw:emulator_threads', {'hw:emulator_threads_policy': 'share'}),
    stopped_only('hw:mem_encryption', SEV),
    stopped_only(
        'hw:mem_encryption', {}, properties={'hw_mem_encryption': 'true'}
    ),
    # As Nova has it since 2025.2.
    Row(
        'hw:mem_encryption',
        SEV,
        NO,
        YES,
        NEVER,
        nested='MEM_ENCRYPTION_CONTEXT',
    ),
    refused('hw:tpm_version', TPM),
    refused('hw:tpm_version', {}, properties={'hw_tpm_version': '1.2'}),
    Row(
        'host',
        {**TPM, 'hw:tpm_secret_security': 'host'},
        YES,
        NO,
        (LIVE, LIVE, STAYS),
    ),
    stopped_only(
        'deployment', {**TPM, 'hw:tpm_secret_security': 'deployment'}
    ),
    unknown('resources:VGPU', {'resources:VGPU': '1'}, nested='VGPU'),
    # Before Stein.
    stopped_only('resources:VGPU', {'resources:VGPU': '1'}),
    refused('accel:device_profile', {'accel:device_profile': 'fpga'}),
    unknown('pci_passthrough:alias', {'pci_passthrough:alias': 'x:1'}),
    unknown('report_in_placement', {}, nested='CUSTOM_PCI_8086_10CA'),
    *(unknown(text, specs) for text, specs in TOPOLOGIES),
    unknown('hw:cpu_policy', {}, properties={'hw_cpu_policy': 'dedicated'}),
    unknown('resources1:', {'resources1:CUSTOM_X': '1'}),
    refused('hw:ephemeral_encryption', {'hw:ephemeral_encryption': 'true'}),
    *(unknown(kind, {}, vnic=kind) for kind in PORTS),
    refused('accelerator-direct', {}, vnic='accelerator-direct'),
    unknown('resource_request', {}, nested='NET_BW_EGR_KILOBIT_PER_SEC'),
)


class TestRows(test_facts.FactsTestCase):
    def planned(self, row: Row, state: str, **options: bool) -> str:
        """Return how an instance is migrated, or that it stays."""
        uuid = builders.uuid_of('a')
        server = test_cloud.server(
            'a',
            'cmp01',
            vm_state=state,
            extra_specs=row.specs,
            image='i',
            image_properties=row.properties,
        )
        snapshot = self.reading(
            [server],
            trees.Elsewhere({uuid: (row.nested,)} if row.nested else {}),
            ports={uuid: ports.DEVICE.format(row.vnic)} if row.vnic else {},
        ).snapshot
        found = movability.Movability(
            cluster.Cluster.from_snapshot(snapshot),
            movability.MoveOptions(**options),
        )
        return found.migration_type(0) if found.movable[0] else STAYS

    def ways(self, row: Row, **options: bool) -> tuple[str, str, str]:
        return (
            self.planned(row, 'active', **options),
            self.planned(row, 'active', cold_if_not_live=True, **options),
            self.planned(row, 'stopped', **options),
        )

    def test_what_is_planned(self) -> None:
        for row in ROWS:
            with self.subTest(row.text, specs=row.specs):
                self.assertEqual(row.here, self.ways(row))

    def test_nothing_is_planned_that_nova_refuses(self) -> None:
        for row in ROWS:
            nova = {LIVE: row.live, COLD: row.cold, STAYS: YES}
            for way in row.here:
                self.assertEqual(YES, nova[way], row.text)

    def test_with_move_numa_only_topologies_move(self) -> None:
        for row in ROWS:
            moved = self.ways(row, move_numa=True)
            with self.subTest(row.text):
                if moved != row.here:
                    self.assertEqual((ANY, MAYBE), (moved, row.live))
                    self.assertRegex(
                        str(row), 'hw.(numa|mem_page|cpu|pmem)|PCPU'
                    )

    def test_every_row_is_documented(self) -> None:
        text = DOCUMENT.read_text()
        missing = {row.text for row in ROWS if row.text not in text}
        self.assertEqual(set(), missing)
