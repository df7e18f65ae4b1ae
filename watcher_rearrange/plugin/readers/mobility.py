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
"""What Nova does not migrate live, or not at all.

As of Nova 34: the decorators of ``live_migrate`` and of ``resize``, which
is a cold migration too, in ``nova/compute/api.py``, the checks of
``nova/conductor/tasks/live_migrate.py``, and what the libvirt driver needs to
start a guest elsewhere. Only what the flavor and the image ask for is known
here: not ports, which are read from Neutron, nor shares, or what is
configured on a compute node.
"""

from __future__ import annotations

import re

from collections.abc import Mapping

from watcher_rearrange.plugin.readers import requirements


ENCRYPTED = 'its memory is encrypted'
TPM = 'the secret of its TPM is not on the host'
TPM_OF_OWNER = 'only its owner can unlock its TPM on another node'
DISKS = 'its disks are encrypted with a secret that its host alone has'
VGPU = 'has a vGPU'
ACCELERATOR = 'has an accelerator of a device profile'
PCI = 'has a PCI device, of which nobody says which nodes have one free'
GROUPS = 'its flavor asks for resources in several groups'

# The states of a guest, by Nova's number, that it migrates live.
MIGRATED = frozenset((1, 3))
POWER_STATES = {0: 'unknown', 4: 'shut down', 6: 'crashed', 7: 'suspended'}

_GROUP = re.compile(r'(resources|trait)[a-zA-Z0-9_-]{1,64}:')

Texts = Mapping[str, str]


def not_live(extra_specs: Texts, properties: Texts) -> str:
    """Return why an instance cannot be migrated live, or an empty text.

    :param properties: of its image
    """
    # reject_mem_enc_instances
    if requirements.is_on('hw:mem_encryption', extra_specs, properties):
        return ENCRYPTED
    # reject_legacy_vtpm_live_migration
    if _tpm_security(extra_specs, properties) not in ('', 'host'):
        return TPM
    # Which releases and hypervisors can, Nova finds out when it tries.
    return VGPU if extra_specs.get('resources:VGPU', '0') != '0' else ''


def not_cold(extra_specs: Texts, properties: Texts) -> str:
    """Return why an instance must not be migrated cold, or an empty text.

    Nova does not refuse it, but fails at the destination, which leaves the
    instance in error: the key manager gives the secret of a TPM to the owner
    of the instance only (``_get_or_create_secret_for_vtpm`` of the libvirt
    driver), or to Nova where that is said.
    """
    security = _tpm_security(extra_specs, properties)
    return '' if security in ('', 'deployment') else TPM_OF_OWNER


def _tpm_security(extra_specs: Texts, properties: Texts) -> str:
    """Who has the secret of a TPM; empty without a TPM."""
    if not requirements.setting('hw:tpm_version', extra_specs, properties):
        return ''
    return extra_specs.get('hw:tpm_secret_security') or 'user'


def not_running(power_state: int | None) -> str:
    """Return why the state of a guest keeps it from going live, or nothing.

    Nova notices within some minutes, and then says that it is stopped.
    """
    # _check_instance_is_active
    if power_state is None or power_state in MIGRATED:
        return ''
    word = POWER_STATES.get(power_state, str(power_state))
    return f'the state of its guest is: {word}'


def stays(extra_specs: Texts, properties: Texts) -> str:
    """Return why an instance cannot even be migrated cold, or nothing."""
    # _add_ephemeral_encryption_driver_bdm_attrs: only as it is created.
    if requirements.is_on('hw:ephemeral_encryption', extra_specs, properties):
        return DISKS
    # block_accelerators
    if extra_specs.get('accel:device_profile'):
        return ACCELERATOR
    # Live: _check_can_migrate_pci, unless the alias is live_migratable, which
    # only Nova's configuration says. Cold: PciPassthroughFilter.
    if extra_specs.get('pci_passthrough:alias'):
        return PCI
    # Each group has to fit at one provider.
    return GROUPS if any(map(_GROUP.match, extra_specs)) else ''
