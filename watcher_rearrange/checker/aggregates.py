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

"""What Nova's filters and Placement make of the aggregates of a node.

Each is asked in the words of its own: whether an instance may be there. Only
those that the snapshot has enabled are; all if it does not say.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from watcher_rearrange.checker import requirements
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.cluster import Node
from watcher_rearrange.checker.violation import Violation


Values = dict[str, set[str]]

TENANTS = 'filter_tenant_id'
NOTHING = 'nothing'

# Image properties that are true or false, however that is written.
BOOLEAN = (
    'hw_boot_menu',
    'hw_ephemeral_encryption',
    'hw_firmware_stateless',
    'hw_ipxe_boot',
    'hw_locked_memory',
    'hw_mem_encryption',
    'hw_pmu',
    'hw_qemu_guest_agent',
    'hw_time_hpet',
    'hw_vif_multiqueue_enabled',
    'hw_virtio_packed_ring',
    'img_bdm_v2',
    'img_bittorrent',
    'img_cache_in_nova',
    'img_hide_hypervisor_id',
    'img_linked_clone',
    'img_use_agent',
    'os_require_quiesce',
    'os_skip_agent_inject_files_at_boot',
    'os_skip_agent_inject_ssh',
)


def refused(
    cluster: Cluster, instance: Instance, node: Node
) -> Iterator[Violation]:
    """What the aggregates of a node have against an instance."""
    values: Values = {}
    for aggregate in _around(cluster, node):
        for key, text in (aggregate.get('metadata') or {}).items():
            parts = {part.strip() for part in text.split(',')}
            values[key] = values.get(key, set()) | parts
    for name, judge in _BY_VALUES.items():
        if cluster.enables(name):
            yield from judge(instance, node, values)
    for name, look in _BY_AGGREGATE.items():
        if cluster.enables(name):
            yield from look(cluster, instance, node)


def _around(cluster: Cluster, node: Node) -> list[dict[str, Any]]:
    return [
        aggregate
        for aggregate in cluster.aggregates
        if node.hostname in (aggregate.get('hosts') or ())
    ]


def _extra_specs(
    instance: Instance, node: Node, values: Values
) -> Iterator[Violation]:
    """Unscoped and own extra specs are satisfied by one of the values."""
    specs = instance.record.get('flavor_extra_specs') or {}
    for spec, wanted in specs.items():
        words = spec.split(':', 1)
        if words[0] != 'aggregate_instance_extra_specs' and len(words) == 2:
            continue
        has = values.get(words[-1], set())
        if not requirements.satisfied(has, wanted):
            things = (instance.uuid, node.hostname, spec)
            yield Violation(
                'aggregate_extra_specs', things, _listed(has), wanted
            )


def _image(
    instance: Instance, node: Node, values: Values
) -> Iterator[Violation]:
    """Where aggregates have values of an image property, it is one."""
    properties = instance.record.get('image_properties') or {}
    for key, allowed in values.items():
        if key.split('_')[0] not in ('hw', 'img', 'os'):
            # None of Nova's properties.
            continue
        is_value = properties.get(key)
        if is_value and key in BOOLEAN:
            says_so = ('1', 't', 'true', 'on', 'y', 'yes')
            is_value = is_value.strip().lower() in says_so and 'True'
        if is_value and is_value not in allowed:
            things = (instance.uuid, node.hostname, key)
            yield Violation(
                'aggregate_images', things, is_value, _listed(allowed)
            )


def _tenant(
    instance: Instance, node: Node, values: Values
) -> Iterator[Violation]:
    """Where aggregates are for some tenants, the instance is of one."""
    tenants: set[str] = set()
    for key in values:
        if key.startswith(TENANTS):
            tenants |= values[key]
    project = instance.record.get('project_id') or ''
    if tenants and project not in tenants:
        things = (instance.uuid, node.hostname)
        current = project or 'unknown'
        yield Violation('aggregate_tenants', things, current, _listed(tenants))


def _flavor(
    instance: Instance, node: Node, values: Values
) -> Iterator[Violation]:
    """Where aggregates are for some flavors, the instance has one."""
    flavor = instance.record.get('flavor') or ''
    allowed = values.get('instance_type')
    if allowed is not None and flavor not in allowed:
        things = (instance.uuid, node.hostname)
        current = flavor or 'unknown'
        yield Violation('aggregate_flavors', things, current, _listed(allowed))


def _tenant_aggregates(
    cluster: Cluster, instance: Instance, node: Node
) -> Iterator[Violation]:
    """A tenant that has aggregates is in one of them."""
    project = instance.record.get('project_id') or ''
    own = [
        aggregate
        for aggregate in cluster.aggregates
        for key, value in (aggregate.get('metadata') or {}).items()
        if key.startswith(TENANTS) and value == project
    ]
    if own and not any(node.hostname in group['hosts'] for group in own):
        names = {group['name'] for group in own}
        things = (instance.uuid, node.hostname)
        yield Violation('tenant_aggregates', things, project, _listed(names))


def _isolated(
    cluster: Cluster, instance: Instance, node: Node
) -> Iterator[Violation]:
    """An aggregate that is kept for traits takes who asks for them all."""
    asks = {f'trait:{trait}' for trait in instance.required}
    for key, value in (
        instance.record.get('flavor_extra_specs') or {}
    ).items():
        group, _colon, trait = key.partition(':')
        if group.startswith('trait') and value == 'required':
            asks.add(f'trait:{trait}')
    for key, value in (instance.record.get('image_properties') or {}).items():
        if value == 'required':
            asks.add(key)
    for aggregate in _around(cluster, node):
        kept_for = {
            key
            for key, value in (aggregate.get('metadata') or {}).items()
            if key.startswith('trait:') and value == 'required'
        }
        if not kept_for <= asks:
            things = (instance.uuid, node.hostname, aggregate['name'])
            needed = _listed({key[6:] for key in kept_for})
            yield Violation('isolated_aggregates', things, None, needed)


def _listed(values: set[str]) -> str:
    return ' or '.join(sorted(values)) or NOTHING


_BY_VALUES: dict[
    str, Callable[[Instance, Node, Values], Iterator[Violation]]
] = {
    'AggregateInstanceExtraSpecsFilter': _extra_specs,
    'AggregateImagePropertiesIsolation': _image,
    'AggregateMultiTenancyIsolation': _tenant,
    'AggregateTypeAffinityFilter': _flavor,
}

_BY_AGGREGATE: dict[
    str, Callable[[Cluster, Instance, Node], Iterator[Violation]]
] = {
    'require_tenant_aggregate': _tenant_aggregates,
    'isolate_aggregates': _isolated,
}
