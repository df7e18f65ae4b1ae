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

"""Which of Nova's filters are in force, with the rule of each.

That of NUMA cells is no rule on nodes: see :mod:`.movability`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

from watcher_rearrange.constraints import base
from watcher_rearrange.constraints import numa
from watcher_rearrange.constraints.aggregate_extra_specs import (
    AggregateExtraSpecs,
)
from watcher_rearrange.constraints.aggregate_flavors import AggregateFlavors
from watcher_rearrange.constraints.aggregate_images import AggregateImages
from watcher_rearrange.constraints.aggregate_tenants import AggregateTenants
from watcher_rearrange.constraints.aggregates import NodeMetadata
from watcher_rearrange.constraints.capabilities import Capabilities
from watcher_rearrange.constraints.image_properties import ImageProperties
from watcher_rearrange.constraints.isolated_aggregates import (
    IsolatedAggregates,
)
from watcher_rearrange.constraints.tenant_aggregates import TenantAggregates
from watcher_rearrange.model.cluster import Cluster


_OF_METADATA: Mapping[str, Callable[[NodeMetadata], base.NodeRule]] = {
    'AggregateInstanceExtraSpecsFilter': AggregateExtraSpecs,
    'AggregateImagePropertiesIsolation': AggregateImages,
    'AggregateMultiTenancyIsolation': AggregateTenants,
    'AggregateTypeAffinityFilter': AggregateFlavors,
}

# The last two are no filters of the scheduler but of what it asks Placement.
_OF_CLUSTER: Mapping[str, Callable[[Cluster], base.NodeRule]] = {
    'ComputeCapabilitiesFilter': Capabilities,
    'ImagePropertiesFilter': ImageProperties,
    'require_tenant_aggregate': TenantAggregates,
    'isolate_aggregates': IsolatedAggregates,
}

NAMES = (*_OF_METADATA, *_OF_CLUSTER, numa.FILTER)


def node_rules(cluster: Cluster) -> tuple[base.NodeRule, ...]:
    """Return the rules of the filters that a cluster has enabled.

    Without aggregates only those that look at extra specs, or at the image,
    can refuse.
    """
    enabled = cluster.snapshot.scheduler_filters
    metadata = NodeMetadata(cluster)
    found = [
        *((name, rule(metadata)) for name, rule in _OF_METADATA.items()),
        *((name, rule(cluster)) for name, rule in _OF_CLUSTER.items()),
    ]
    return tuple(
        rule for name, rule in found if enabled is None or name in enabled
    )
