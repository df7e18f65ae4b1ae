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

"""Tenant aggregates: project(i) has none, or node(i) is in one of them.

Nova's request filter require_tenant_aggregate, which asks Placement for
nodes of an aggregate whose filter_tenant_id is the project.
"""

from __future__ import annotations

import numpy as np

from watcher_rearrange.constraints.aggregate_tenants import TENANT
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Instance


class TenantAggregates:
    """A project stays in the aggregates that are for it."""

    name = 'tenant_aggregates'

    def __init__(self, cluster: Cluster) -> None:
        self._everywhere: Bools = np.ones(cluster.n_nodes, dtype=np.bool_)
        self._nodes_of: dict[str, Bools] = {}
        for aggregate in cluster.snapshot.aggregates:
            inside = [
                cluster.node_index[hostname]
                for hostname in aggregate.hosts
                if hostname in cluster.node_index
            ]
            for key, project in aggregate.metadata.items():
                if key.startswith(TENANT):
                    nodes = self._nodes_of.setdefault(
                        project, ~self._everywhere
                    )
                    nodes[inside] = True

    def key(self, instance: Instance) -> str | None:
        """Return the project, if it has an aggregate."""
        project = instance.project_id
        return project if project in self._nodes_of else None

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: in an aggregate of the project, or all."""
        return self._nodes_of.get(instance.project_id, self._everywhere)
