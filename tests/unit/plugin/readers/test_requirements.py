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

"""Traits that instances ask for."""

from __future__ import annotations

import unittest

from watcher_rearrange.plugin.readers import requirements


SEV = {'hw:mem_encryption': 'True'}


class TestTraits(unittest.TestCase):
    def required(self, specs, properties=None, present=()):
        return requirements.traits(specs, properties or {}, present).required

    def test_by_name(self):
        found = requirements.traits(
            {'trait:B': 'required', 'trait:C': 'forbidden', 'trait:D': ''},
            {'trait:A': 'required', 'trait:E': 'forbidden'},
            (),
        )
        self.assertEqual(('A', 'B'), found.required)
        # Nova reads no forbidden traits of images.
        self.assertEqual(('C',), found.forbidden)

    def test_numbered_groups_are_none_of_the_node(self):
        self.assertEqual((), self.required({'trait1:A': 'required'}))

    def test_features(self):
        for specs, properties, trait in (
            ({'os:secure_boot': 'required'}, {}, 'UEFI_SECURE_BOOT'),
            ({}, {'os_secure_boot': 'required'}, 'UEFI_SECURE_BOOT'),
            ({'hw:virtio_packed_ring': 'true'}, {}, 'VIRTIO_PACKED'),
            ({'hw:maxphysaddr_mode': 'emulate'}, {}, 'SPACE_EMULATED'),
            ({'hw:tpm_version': '2.0'}, {}, 'TPM_2_0'),
            ({'hw:tpm_version': '2.0'}, {}, 'TPM_TIS'),
            ({'hw:tpm_version': '2.0'}, {}, 'TPM_SECRET_SECURITY_USER'),
            ({}, {'hw_tpm_version': '1.2', 'hw_tpm_model': 'crb'}, 'TPM_CRB'),
            (SEV, {}, 'AMD_SEV'),
            (SEV, {'hw_mem_encryption_model': 'amd-sev-es'}, 'AMD_SEV_ES'),
            ({}, {'hw_firmware_stateless': 'yes'}, 'STATELESS_FIRMWARE'),
        ):
            names = [
                f'{prefix}{trait}'
                for prefix in (
                    'COMPUTE_SECURITY_',
                    'COMPUTE_NET_',
                    'COMPUTE_ADDRESS_',
                    'HW_CPU_X86_',
                )
            ]
            with self.subTest(trait=trait):
                (found,) = self.required(specs, properties, names)
                self.assertTrue(found.endswith(trait))

    def test_encrypted_disks(self):
        present = (
            'COMPUTE_EPHEMERAL_ENCRYPTION',
            'COMPUTE_EPHEMERAL_ENCRYPTION_LUKS',
        )
        specs = {'hw:ephemeral_encryption': 'true'}
        self.assertEqual(present[:1], self.required(specs, {}, present))
        image = {'hw_ephemeral_encryption_format': 'luks'}
        self.assertEqual(present, self.required(specs, image, present))
        self.assertEqual((), self.required({}, image, present))

    def test_features_of_a_nova_without_the_trait(self):
        self.assertEqual((), self.required({'hw:tpm_version': '2.0'}))

    def test_what_is_switched_off(self):
        present = ('HW_CPU_X86_AMD_SEV', 'COMPUTE_SECURITY_UEFI_SECURE_BOOT')
        for specs in (
            {'hw:mem_encryption': 'false'},
            {'os:secure_boot': 'optional'},
        ):
            self.assertEqual((), self.required(specs, {}, present))

    def test_what_an_image_needs(self):
        for properties, disk_format, trait in (
            ({'hw_disk_bus': 'scsi'}, '', 'COMPUTE_STORAGE_BUS_SCSI'),
            (
                {'hw_vif_model': 'ne2k-pci'},
                '',
                'COMPUTE_NET_VIF_MODEL_NE2K_PCI',
            ),
            ({'hw_video_model': 'vga'}, '', 'COMPUTE_GRAPHICS_MODEL_VGA'),
            ({'hw_architecture': 'x86_64'}, '', 'HW_ARCH_X86_64'),
            ({}, 'qcow2', 'COMPUTE_IMAGE_TYPE_QCOW2'),
        ):
            for present in ((), (trait, 'COMPUTE_NODE')):
                found = requirements.traits(
                    {}, properties, present, disk_format
                )
                with self.subTest(trait=trait, present=present):
                    self.assertEqual(present[:1], found.required)

    def test_threads(self):
        specs = {'hw:cpu_thread_policy': 'isolate'}
        found = requirements.traits(specs, {}, ())
        self.assertEqual(('HW_CPU_HYPERTHREADING',), found.forbidden)
