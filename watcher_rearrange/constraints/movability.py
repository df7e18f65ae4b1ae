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

"""Movability: which instances move, how, and why the others stay.

The state of an instance decides: active ones migrate live, stopped ones
cold; nothing else can be migrated. An active one that cannot go live stays,
unless the operator lets it be stopped for a cold migration. A node that
somebody else disabled is left alone unless it is named.
"""

from __future__ import annotations

import collections
import dataclasses

from collections.abc import Mapping

import numpy as np

from watcher_rearrange.constraints import numa
from watcher_rearrange.model import plan
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster


# Every disabled_reason that this package writes begins so.
OWN_REASON = 'watcher_rearrange'
OWN_REASONS = (f'{OWN_REASON}:', f'{OWN_REASON}_')

NOT_COLD = 'stopped, and cold migration is not allowed'
NOT_LIVE = 'it cannot be migrated live: '
NUMA = 'with a NUMA topology: which cells have room is not known'

_TYPE_OF_STATE = {'active': plan.LIVE_MIGRATE, 'stopped': plan.COLD_MIGRATE}

# In which Nova can migrate an instance.
STATES = frozenset(_TYPE_OF_STATE)


@dataclasses.dataclass(frozen=True)
class MoveOptions:
    """What the operator permits.

    :ivar cold_if_not_live: active instances that cannot be migrated live are
        migrated cold, which stops them for a while
    :ivar move_numa: instances with a NUMA topology are moved where Nova looks
        at its cells, and may refuse that
    :ivar named_nodes: hostnames that are to be emptied even if disabled;
        nothing is moved there
    :ivar named_instances: UUIDs that are moved even off a disabled node
    :ivar path_cost: what their path should be short in, or several such
        with how much a unit of each counts
    """

    move_locked: bool = False
    allow_cold: bool = True
    named_nodes: frozenset[str] = frozenset()
    named_instances: frozenset[str] = frozenset()
    path_cost: str | Mapping[str, int] = 'migrations'
    cold_if_not_live: bool = False
    move_numa: bool = False


def migration_type(
    instance: records.Instance, options: MoveOptions
) -> str | None:
    """Return how an instance is migrated, None if it cannot be."""
    if instance.not_live and instance.state == 'active':
        return plan.COLD_MIGRATE if options.cold_if_not_live else None
    return _TYPE_OF_STATE.get(instance.state)


class Movability:
    """Who may be moved and how.

    :ivar movable: bool[n_instances]
    :ivar stays: why an instance stays, by its index
    """

    def __init__(self, cluster: Cluster, options: MoveOptions) -> None:
        self._cluster = cluster
        self._options = options
        enabled = cluster.snapshot.scheduler_filters
        self._numa_counts = not options.move_numa and (
            enabled is None or numa.FILTER in enabled
        )
        self.stays: dict[int, str] = {}
        self.movable: Bools = np.ones(cluster.n_instances, dtype=np.bool_)
        for idx in range(cluster.n_instances):
            reason = self._reason(idx)
            if reason:
                self.stays[idx] = reason
                self.movable[idx] = False

    def migration_type(self, instance_idx: int) -> str:
        """Return how a movable instance is migrated."""
        instance = self._cluster.snapshot.instances[instance_idx]
        found = migration_type(instance, self._options)
        assert found is not None
        return found

    def summary(self) -> list[str]:
        """Return one line that counts those who stay, by reason."""
        if not self.stays:
            return []
        counts = collections.Counter(self.stays.values())
        parts = ', '.join(f'{n} {why}' for why, n in counts.most_common())
        return [f'{len(self.stays)} instances cannot be moved: {parts}']

    def _reason(self, idx: int) -> str:
        instance = self._cluster.snapshot.instances[idx]
        options = self._options
        if instance.excluded:
            return 'excluded by the audit scope'
        if idx in self._cluster.migrating:
            return 'in a migration already'
        if instance.stays:
            return instance.stays
        if instance.locked and not options.move_locked:
            return 'locked'
        if instance.state not in _TYPE_OF_STATE:
            return f'{instance.state} (neither active nor stopped)'
        if instance.state == 'stopped' and not options.allow_cold:
            return NOT_COLD
        if migration_type(instance, options) is None:
            return f'{NOT_LIVE}{instance.not_live}'
        if self._numa_counts and numa.has_topology(instance):
            return NUMA
        return self._node_reason(instance)

    def _node_reason(self, instance: records.Instance) -> str:
        node_idx = self._cluster.node_index[instance.host]
        node = self._cluster.snapshot.compute_nodes[node_idx]
        if node.state != records.UP:
            return 'on a node that is down'
        if node.status == records.ENABLED:
            return ''
        own = (node.disabled_reason or '').startswith(OWN_REASONS)
        named = (
            node.hostname in self._options.named_nodes
            or instance.uuid in self._options.named_instances
        )
        if own or named:
            return ''
        return 'on a node that somebody else disabled'
