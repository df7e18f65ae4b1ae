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

"""Rules that one instance, one move or one node alone can break."""

from __future__ import annotations

from collections.abc import Iterator

from watcher_rearrange.checker import aggregates
from watcher_rearrange.checker import capabilities
from watcher_rearrange.checker import cpus
from watcher_rearrange.checker import hypervisors
from watcher_rearrange.checker import image_properties
from watcher_rearrange.checker import numa
from watcher_rearrange.checker.actions import Action
from watcher_rearrange.checker.cluster import Cluster
from watcher_rearrange.checker.cluster import Instance
from watcher_rearrange.checker.cluster import Node
from watcher_rearrange.checker.limits import Limits
from watcher_rearrange.checker.violation import UNITS
from watcher_rearrange.checker.violation import Violation


# How the state of an instance lets it be migrated; in any other it stays.
TYPES = {
    'active': ('live_migrate', 'cold_migrate'),
    'stopped': ('cold_migrate',),
}


def move(
    cluster: Cluster, action: Action, limits: Limits
) -> Iterator[Violation]:
    """What forbids a migration whenever it starts.

    Whether the destination's service is enabled depends on the moment, so
    that is not judged here.
    """
    instance = cluster.instances[action.instance]
    source = cluster.nodes[action.source]
    destination = cluster.nodes[action.destination]
    yield from movable(cluster, instance, limits)
    types = types_of(instance)
    if types and action.type not in types:
        allowed = ' or '.join(types)
        yield Violation('action_type', (instance.uuid,), action.type, allowed)
    if not source.up:
        things = (instance.uuid, source.hostname)
        yield Violation('source_node', things, 'down', 'up')
    if not destination.up:
        things = (instance.uuid, destination.hostname)
        yield Violation('receiving_node', things, 'down', 'up')
    if action.type == 'live_migrate':
        yield from hypervisors.refused(cluster, instance, source, destination)
        yield from goes_on(cluster, instance, destination)
    yield from suitable(cluster, instance, destination)


def goes_on(
    cluster: Cluster, instance: Instance, node: Node
) -> Iterator[Violation]:
    """What keeps an instance of the snapshot from going on, on a node."""
    home = cluster.nodes.get(instance.host)
    if home is not None:
        yield from cpus.incompatible(instance, home, node)
        yield from hypervisors.refused(cluster, instance, home, node)


def types_of(instance: Instance) -> tuple[str, ...]:
    """How an instance may be migrated; in no way where it stays."""
    types = TYPES.get(instance.state, ())
    if instance.record.get('not_live'):
        types = tuple(kind for kind in types if kind != 'live_migrate')
    return types


def movable(
    cluster: Cluster, instance: Instance, limits: Limits
) -> Iterator[Violation]:
    """Locked, excluded, in a state or in a migration that keeps it there.

    So do NUMA cells, and whatever else is said to.
    """
    things = (instance.uuid,)
    if instance.locked and not limits.move_locked:
        yield Violation('locked', things)
    if instance.excluded:
        yield Violation('excluded', things)
    if instance.stays:
        yield Violation('stays', things)
    if numa.is_asked(cluster, instance) and not limits.move_numa:
        yield Violation('numa', things)
    if instance.uuid in cluster.migrating:
        yield Violation('in_migration', things)
    if instance.state not in TYPES:
        needed = ' or '.join(TYPES)
        yield Violation('instance_state', things, instance.state, needed)


def suitable(
    cluster: Cluster, instance: Instance, node: Node
) -> Iterator[Violation]:
    """Traits, zone, units, hypervisor and aggregates suit the instance."""
    things = (instance.uuid, node.hostname)
    missing = instance.required - node.traits
    if missing:
        yield Violation(
            'required_traits',
            things,
            _listed(missing),
            _listed(instance.required),
        )
    refused = instance.forbidden & node.traits
    if refused:
        yield Violation(
            'forbidden_traits',
            things,
            _listed(refused),
            _listed(instance.forbidden),
        )
    if instance.zone and instance.zone != node.zone:
        yield Violation('availability_zone', things, node.zone, instance.zone)
    for dimension, most in node.units.items():
        amount = instance.demand.get(dimension, 0)
        if amount > most:
            unit = UNITS.get(dimension.name, 'units')
            of = (*things, dimension.name)
            yield Violation('max_unit', of, amount, most, unit)
    yield from capabilities.lacking(cluster, instance, node)
    yield from image_properties.unfit(cluster, instance, node)
    yield from aggregates.refused(cluster, instance, node)


def _listed(traits: frozenset[str]) -> str:
    return ' and '.join(sorted(traits))
