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

"""Whether Nova asks for room in the NUMA cells of a node."""

from __future__ import annotations

from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Dimension
from watcher_rearrange.checker.cluster import Instance


PINNED = Dimension('capacity', 'PCPU')


def is_asked(cluster: Cluster, instance: Instance) -> bool:
    """Whether the filter is enabled, and the instance has a topology."""
    if not cluster.enables('NUMATopologyFilter'):
        return False
    return PINNED in instance.demand or _is_told_to(instance)


def _is_told_to(instance: Instance) -> bool:
    specs = instance.record.get('flavor_extra_specs') or {}
    properties = instance.record.get('image_properties') or {}
    for name in ('numa_nodes', 'mem_page_size'):
        if specs.get(f'hw:{name}') or properties.get(f'hw_{name}'):
            return True
    policies = (
        specs.get('hw:cpu_policy', ''),
        properties.get('hw_cpu_policy', ''),
    )
    if 'dedicated' in policies or 'mixed' in policies:
        return True
    labels = specs.get('hw:pmem', '').split(',')
    if any(label.strip() for label in labels):
        return True
    return any(
        _is_pinned_group(name) and amount.replace('0', '').strip() != ''
        for name, amount in specs.items()
    )


def _is_pinned_group(name: str) -> bool:
    """Whether it is resources:PCPU, or resources1:PCPU and so on."""
    group, _, wanted = name.partition(':')
    number = group.removeprefix('resources')
    return (
        group.startswith('resources')
        and wanted.startswith('PCPU')
        and (not number or (number.isdecimal() and number[0] != '0'))
    )
