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

"""Why an instance stays, in words, with what would help."""

from __future__ import annotations

import numpy as np

from watcher_rearrange.constraints.movability import NOT_COLD
from watcher_rearrange.constraints.movability import NOT_LIVE
from watcher_rearrange.constraints.movability import NUMA
from watcher_rearrange.constraints.movability import STATES
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.constraints.rules import shortened
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import LIMIT


_MIGRATING = 'in a migration already'
_HELP = {
    'locked': 'unlock it, or set move_locked',
    _MIGRATING: 'wait for that migration to end',
    'on a node that is down': (
        'bring the node back, or rebuild it elsewhere with nova evacuate'
    ),
    NOT_COLD: 'set allow_cold, or start it',
    NUMA: 'set move_numa, and Nova finds out',
    'excluded by the audit scope': 'take it out of the excluded ones',
}

# What the nodes lack that are enabled and up, by the rule.
_UNFIT = {
    'traits': 'has the traits that it asks for',
    'availability_zone': 'is in the zone that it is pinned to',
    'max_unit': 'gives so much to one instance',
    'cpu': 'has the processors that it was started with',
    'hypervisor': 'has the hypervisor that it runs on, and no older one',
    'image_properties': 'is one that its image was made for',
    'capabilities': 'is known to have the capabilities its flavor asks for',
    'aggregate_extra_specs': 'is in an aggregate as its flavor asks for',
    'aggregate_images': 'is in aggregates for such images only',
    'aggregate_tenants': 'is open to its project',
    'aggregate_flavors': 'is open to its flavor',
    'tenant_aggregates': 'is in an aggregate of its project',
    'isolated_aggregates': 'is open to those who ask for no other traits',
}


def why_it_stays(
    rules: Rules,
    placement: Placement,
    open_nodes: Bools,
    instance_idx: int,
    with_room: str = '',
) -> str:
    """Return one sentence on an instance that was not moved.

    :param open_nodes: bool[n_nodes], where it might have gone
    :param with_room: why it stays where it could be moved in the end
    """
    cluster = rules.cluster
    instance = cluster.snapshot.instances[instance_idx]
    host = cluster.hostname(int(placement.node_of[instance_idx]))
    reason = rules.movability.stays.get(instance_idx)
    if reason is None:
        reason = (
            with_room
            if could_go(rules, placement, open_nodes, instance_idx)
            else _no_room(rules, placement, open_nodes, instance_idx)
        )
    elif instance.state == 'resized' and reason == _MIGRATING:
        reason = f'{reason}; confirm or revert its resize'
    elif reason in _HELP:
        reason = f'{reason}; {_HELP[reason]}'
    elif reason.startswith(NOT_LIVE):
        reason = f'{reason}; set cold_if_not_live, or stop it first'
    elif instance.state not in STATES and not instance.stays:
        reason = f'{reason}; start or stop it first'
    return f'{instance.label} stays on {host}: {reason}'


def could_go(
    rules: Rules, placement: Placement, open_nodes: Bools, instance_idx: int
) -> bool:
    """Whether an instance that may be moved could be, by one migration."""
    capacity = rules.cluster.capacity
    permitted = rules.permitted(placement, instance_idx, capacity)
    return bool((permitted & open_nodes).any())


def _no_room(
    rules: Rules, placement: Placement, open_nodes: Bools, instance_idx: int
) -> str:
    """Name the node that misses least, and what it misses."""
    cluster = rules.cluster
    nodes = open_nodes & rules.eligible[rules.class_of[instance_idx]]
    if not nodes.any():
        return _unfit(rules, open_nodes, instance_idx)
    demand = cluster.demand[instance_idx]
    free = cluster.capacity - placement.used
    missing = np.where(demand > 0, np.maximum(demand - free, 0), 0)
    share = (missing / np.maximum(demand, 1)).sum(axis=1)
    node = int(np.where(nodes, share, np.inf).argmin())
    if not missing[node].any():
        return (
            f'{rules.company(instance_idx)} keeps it off every node with room'
        )
    return f'no room; it would fit if {_wanted(cluster, node, missing[node])}'


def _wanted(cluster: Cluster, node: int, missing: Ints) -> str:
    """What would have to be on a node.

    :param missing: int64[n_rc]
    """
    amounts, rules = [], []
    for rc in np.flatnonzero(missing).tolist():
        name = cluster.resource_classes[rc]
        if name.startswith(LIMIT):
            rules.append(
                f'rule {name.removeprefix(LIMIT)} let {missing[rc]} more be'
            )
        else:
            amounts.append(f'{missing[rc]} {name}')
    if amounts:
        rules.insert(0, f'{" and ".join(amounts)} more were free')
    return f'{" and ".join(rules)} on {cluster.hostname(node)}'


def _unfit(rules: Rules, open_nodes: Bools, instance_idx: int) -> str:
    """Name the rule that alone leaves no node, if there is one."""
    instance = rules.cluster.snapshot.instances[instance_idx]
    nodes = open_nodes & rules.cluster.receives
    for rule in rules.node_rules:
        text = _UNFIT.get(rule.name)
        if rule is rules.fences:
            names = shortened(rules.fences.names(instance))
            text = f'is one where {names} lets it be'
        if (
            text
            and nodes.any()
            and not (nodes & rule.permitted(instance)).any()
        ):
            return f'no node that is enabled and up {text}'
    return 'no node that is enabled and up is one that it may run on'
