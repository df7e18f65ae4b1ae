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

"""Images: properties of image(i) that the aggregates of node(i) name agree.

Nova's AggregateImagePropertiesIsolation. A property that the image does not
have agrees with everything.
"""

from __future__ import annotations

from watcher_rearrange.constraints.aggregates import Metadata
from watcher_rearrange.constraints.aggregates import NodeMetadata
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.records import Instance


# Properties that Nova reads as true or false before it compares them.
FLAGS = frozenset(
    'hw_boot_menu hw_ephemeral_encryption hw_firmware_stateless hw_ipxe_boot '
    'hw_locked_memory hw_mem_encryption hw_pmu hw_qemu_guest_agent '
    'hw_time_hpet hw_vif_multiqueue_enabled hw_virtio_packed_ring '
    'img_bdm_v2 img_bittorrent img_cache_in_nova img_hide_hypervisor_id '
    'img_linked_clone img_use_agent os_require_quiesce '
    'os_skip_agent_inject_files_at_boot os_skip_agent_inject_ssh'.split()
)
# Others than these Nova does not keep, whatever Glance has.
PREFIXES = ('hw_', 'img_', 'os_')
TRUE = frozenset('1 t true on y yes'.split())


class AggregateImages:
    """An image's properties against the metadata of the aggregates."""

    name = 'aggregate_images'

    def __init__(self, metadata: NodeMetadata) -> None:
        self._metadata = metadata
        self._keys = metadata.keys()

    def key(self, instance: Instance) -> frozenset[tuple[str, str]]:
        """Return the properties that some aggregate names."""
        found = set()
        for name, value in instance.image_properties.items():
            if name in FLAGS:
                value = 'True' if value.strip().lower() in TRUE else ''
            known = name in self._keys and name.startswith(PREFIXES)
            if value and known:
                found.add((name, value))
        return frozenset(found)

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: whose aggregates agree with them."""
        properties = self.key(instance)

        def fits(metadata: Metadata) -> bool:
            return all(
                value in metadata.get(name, (value,))
                for name, value in properties
            )

        return self._metadata.where(fits)
