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
"""Traits that a node must have, or not have, for an instance.

They are in extra specs of the flavor and properties of the image: by name, or
as a feature that Nova looks for by a trait. See ``ResourceRequest`` in
``nova/scheduler/utils.py`` and ``nova/scheduler/request_filter.py``.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Collection
from collections.abc import Mapping


# What Nova gives a node in Placement while its compute service is disabled,
# and forbids for all instances.
DISABLED = 'COMPUTE_STATUS_DISABLED'

PREFIX = 'trait:'
REQUIRED = 'required'
FORBIDDEN = 'forbidden'

_TRUE = frozenset('1 on t true y yes'.split())

# By extra spec, by value: the trait. The property of an image has the same
# name with an underscore.
_VALUES = {
    'hw:cpu_thread_policy': {'require': 'HW_CPU_HYPERTHREADING'},
    'hw:maxphysaddr_mode': {
        'emulate': 'COMPUTE_ADDRESS_SPACE_EMULATED',
        'passthrough': 'COMPUTE_ADDRESS_SPACE_PASSTHROUGH',
    },
    'hw:pci_numa_affinity_policy': {
        'socket': 'COMPUTE_SOCKET_PCI_NUMA_AFFINITY'
    },
    'hw:sound_model': {'virtio': 'COMPUTE_SOUND_MODEL_VIRTIO'},
    'hw:tpm_version': {
        '1.2': 'COMPUTE_SECURITY_TPM_1_2',
        '2.0': 'COMPUTE_SECURITY_TPM_2_0',
    },
    'os:secure_boot': {'required': 'COMPUTE_SECURITY_UEFI_SECURE_BOOT'},
}
_SWITCHES = {
    'hw:ephemeral_encryption': 'COMPUTE_EPHEMERAL_ENCRYPTION',
    'hw:virtio_packed_ring': 'COMPUTE_NET_VIRTIO_PACKED',
}
# By property of an image: what its value is put behind.
_OF_IMAGES = {
    'hw_architecture': 'HW_ARCH',
    'hw_cdrom_bus': 'COMPUTE_STORAGE_BUS',
    'hw_disk_bus': 'COMPUTE_STORAGE_BUS',
    'hw_emulation_architecture': 'COMPUTE_ARCH',
    'hw_video_model': 'COMPUTE_GRAPHICS_MODEL',
    'hw_vif_model': 'COMPUTE_NET_VIF_MODEL',
    'hw_viommu_model': 'COMPUTE_VIOMMU',
}
_ENCRYPTED = {
    'amd-sev': 'HW_CPU_X86_AMD_SEV',
    'amd-sev-es': 'HW_CPU_X86_AMD_SEV_ES',
}

Texts = Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Traits:
    """Sorted names of traits."""

    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


def traits(
    extra_specs: Texts,
    properties: Texts,
    present: Collection[str],
    disk_format: str = '',
) -> Traits:
    """Return what an instance asks of a node.

    A feature asks for its trait only where the node of the instance has it:
    an older Nova reports fewer of them and asks for none.

    :param properties: of its image
    :param present: the traits of the node that it is on
    :param disk_format: of its image, empty if it is not known
    """
    required = _named(extra_specs, REQUIRED) | _named(properties, REQUIRED)
    forbidden = _named(extra_specs, FORBIDDEN)
    features = _features(extra_specs, properties)
    features |= _of_image(properties, disk_format)
    required |= features & frozenset(present)
    if setting('hw:cpu_thread_policy', extra_specs, properties) == 'isolate':
        forbidden |= {'HW_CPU_HYPERTHREADING'}
    return Traits(tuple(sorted(required)), tuple(sorted(forbidden)))


def setting(name: str, extra_specs: Texts, properties: Texts) -> str:
    """Return an extra spec or the property of an image that is the same.

    Nova refuses to boot what has both with different values.
    """
    image_name = name.replace(':', '_', 1)
    return extra_specs.get(name) or properties.get(image_name) or ''


def is_on(name: str, extra_specs: Texts, properties: Texts) -> bool:
    """Return whether such a setting means yes."""
    value = setting(name, extra_specs, properties)
    return value.strip().lower() in _TRUE


def _named(texts: Texts, word: str) -> frozenset[str]:
    return frozenset(
        key.removeprefix(PREFIX)
        for key, value in texts.items()
        if key.startswith(PREFIX) and value == word
    )


def _features(extra_specs: Texts, properties: Texts) -> frozenset[str]:
    found = {
        by_value.get(setting(name, extra_specs, properties), '')
        for name, by_value in _VALUES.items()
    }
    found.update(
        trait
        for name, trait in _SWITCHES.items()
        if is_on(name, extra_specs, properties)
    )
    if is_on('hw:mem_encryption', extra_specs, properties):
        model = setting('hw:mem_encryption_model', extra_specs, properties)
        found.add(_ENCRYPTED.get(model or 'amd-sev', ''))
    if is_on('hw:ephemeral_encryption', extra_specs, properties):
        kind = setting(
            'hw:ephemeral_encryption_format', extra_specs, properties
        )
        found.add(f'COMPUTE_EPHEMERAL_ENCRYPTION_{kind.upper()}')
    if is_on('hw:firmware_stateless', {}, properties):
        found.add('COMPUTE_SECURITY_STATELESS_FIRMWARE')
    found.update(_tpm(extra_specs, properties))
    return frozenset(found - {''})


def _of_image(properties: Texts, disk_format: str) -> set[str]:
    """What a hypervisor has to be able to do with an image.

    Nova asks for these by itself only if it is told to, but a node that
    cannot do it is none for the instance in any case.
    """
    found = {
        f'{prefix}_{properties[name].replace("-", "_").upper()}'
        for name, prefix in _OF_IMAGES.items()
        if name in properties
    }
    return found | {f'COMPUTE_IMAGE_TYPE_{disk_format.upper()}'}


def _tpm(extra_specs: Texts, properties: Texts) -> set[str]:
    if not setting('hw:tpm_version', extra_specs, properties):
        return set()
    model = setting('hw:tpm_model', extra_specs, properties)
    crb = model.lower().endswith('crb')
    security = extra_specs.get('hw:tpm_secret_security') or 'user'
    return {
        f'COMPUTE_SECURITY_TPM_{"CRB" if crb else "TIS"}',
        f'COMPUTE_SECURITY_TPM_SECRET_SECURITY_{security.upper()}',
    }
