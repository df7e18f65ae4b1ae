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

"""What Nova does not migrate."""

from __future__ import annotations

import unittest

from watcher_rearrange.plugin.readers import mobility


class TestNotLive(unittest.TestCase):
    def test_what_nova_migrates(self):
        for specs in (
            {},
            {'hw:cpu_policy': 'dedicated', 'hw:mem_page_size': 'large'},
            {'hw:mem_encryption': 'false'},
            {'hw:tpm_version': '2.0', 'hw:tpm_secret_security': 'host'},
            {'resources:VGPU': '0'},
        ):
            with self.subTest(specs=specs):
                self.assertEqual('', mobility.not_live(specs, {}))

    def test_what_nova_refuses(self):
        for specs, properties, reason in (
            ({'hw:mem_encryption': 'yes'}, {}, mobility.ENCRYPTED),
            ({}, {'hw_mem_encryption': 'True'}, mobility.ENCRYPTED),
            ({'hw:tpm_version': '2.0'}, {}, mobility.TPM),
            ({}, {'hw_tpm_version': '1.2'}, mobility.TPM),
            (
                {'hw:tpm_secret_security': 'deployment'},
                {'hw_tpm_version': '1.2'},
                mobility.TPM,
            ),
            ({'resources:VGPU': '1'}, {}, mobility.VGPU),
        ):
            with self.subTest(reason=reason):
                self.assertEqual(reason, mobility.not_live(specs, properties))


class TestNotCold(unittest.TestCase):
    def test_whose_tpm_it_is(self):
        for security, reason in (
            ({}, mobility.TPM_OF_OWNER),
            ({'hw:tpm_secret_security': 'user'}, mobility.TPM_OF_OWNER),
            ({'hw:tpm_secret_security': 'host'}, mobility.TPM_OF_OWNER),
            ({'hw:tpm_secret_security': 'deployment'}, ''),
        ):
            specs = {'hw:tpm_version': '2.0', **security}
            self.assertEqual(reason, mobility.not_cold(specs, {}))
            image = {'hw_tpm_version': '2.0'}
            self.assertEqual(reason, mobility.not_cold(security, image))
            self.assertEqual('', mobility.not_cold(security, {}))


class TestNotRunning(unittest.TestCase):
    def test_guests_that_nova_migrates(self):
        for state in (1, 3, None):
            self.assertEqual('', mobility.not_running(state))

    def test_others(self):
        for state, word in ((0, 'unknown'), (4, 'shut down'), (9, '9')):
            self.assertIn(word, mobility.not_running(state))


class TestStays(unittest.TestCase):
    def test_what_can_go_somewhere(self):
        for specs in (
            {},
            {'resources:CUSTOM_X': '1', 'trait:A': 'required'},
            {'hw:tpm_version': '2.0'},
            {'quota:cpu_shares': '1'},
        ):
            self.assertEqual('', mobility.stays(specs, {}))

    def test_what_nobody_knows_a_place_for(self):
        for specs, reason in (
            ({'accel:device_profile': 'fpga'}, mobility.ACCELERATOR),
            ({'pci_passthrough:alias': 'gpu:1'}, mobility.PCI),
            ({'resources1:VGPU': '1'}, mobility.GROUPS),
            ({'resources_NIC:SRIOV_NET_VF': '1'}, mobility.GROUPS),
            ({'trait2:A': 'required'}, mobility.GROUPS),
            ({'hw:ephemeral_encryption': 'true'}, mobility.DISKS),
        ):
            with self.subTest(specs=specs):
                self.assertEqual(reason, mobility.stays(specs, {}))
