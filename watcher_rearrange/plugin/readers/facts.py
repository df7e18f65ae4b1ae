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

"""Everything that an audit reads, before it is put together."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from dataclasses import field

from watcher_rearrange.model import records
from watcher_rearrange.plugin.readers import hypervisors
from watcher_rearrange.plugin.readers import images
from watcher_rearrange.plugin.readers import nova
from watcher_rearrange.plugin.readers import placement
from watcher_rearrange.plugin.readers import requirements
from watcher_rearrange.plugin.readers import trees


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known besides the model.

    :ivar said: by Nova
    :ivar providers: of Placement, by the hostname of a node in scope
    :ivar images: of Glance, by UUID
    :ivar ports: of Neutron: why one keeps an instance on its node, by the
        UUID of the instance
    """

    said: nova.Cloud
    providers: Mapping[str, placement.Provider]
    elsewhere: trees.Elsewhere = field(default_factory=trees.Elsewhere)
    images: Mapping[str, images.Image] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=dict)

    def hypervisor(self, hostname: str) -> hypervisors.Hypervisor:
        """Return that of a node, or one of which nothing is known."""
        unknown = hypervisors.Hypervisor()
        return self.said.hypervisors.get(hostname, unknown)

    def traits(self, hostname: str) -> tuple[str, ...]:
        """Return the traits of a node.

        That it is disabled is among them only where Nova does not say so.
        """
        provider = self.providers.get(hostname)
        service = self.said.services.get(hostname)
        traits = provider.traits if provider else ()
        if service is not None and service.status == records.ENABLED:
            return traits
        return tuple(t for t in traits if t != requirements.DISABLED)
