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

"""Which instances have a NUMA topology, as Nova makes one.

As of ``numa_get_constraints`` in ``nova/virt/hardware.py``. Nova's
NUMATopologyFilter lets them go only where cells have room: free CPUs to be
pinned to, free pages of the right size. Nobody else is told what a cell has.
"""

from __future__ import annotations

import re

from watcher_rearrange.model.records import Instance


FILTER = 'NUMATopologyFilter'

# Settings of a flavor that give an instance a topology, whatever they are;
# the property of an image has the same name with underscores.
_SETTINGS = ('hw:numa_nodes', 'hw:mem_page_size')
_POLICIES = frozenset(('dedicated', 'mixed'))
_PINNED = re.compile(r'resources([1-9][0-9]*)?:PCPU')


def has_topology(instance: Instance) -> bool:
    """Whether the instance needs room in cells of a node."""
    specs, properties = instance.flavor_extra_specs, instance.image_properties

    def settings(name: str) -> set[str]:
        found = {specs.get(name), properties.get(name.replace(':', '_'))}
        return {value for value in found if value}

    return bool(
        instance.allocations.get('PCPU')
        or any(map(settings, _SETTINGS))
        or settings('hw:cpu_policy') & _POLICIES
        # Labels of persistent memory.
        or specs.get('hw:pmem', '').strip(' ,')
        or any(
            _PINNED.match(name) and amount.strip(' 0')
            for name, amount in specs.items()
        )
    )
