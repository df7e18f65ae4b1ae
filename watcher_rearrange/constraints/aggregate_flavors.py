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

"""Flavors: node(i) for no flavor in particular, or for flavor(i).

Nova's AggregateTypeAffinityFilter: instance_type names the flavors that the
nodes of an aggregate are for.
"""

from __future__ import annotations

from watcher_rearrange.constraints.aggregates import Metadata
from watcher_rearrange.constraints.aggregates import NodeMetadata
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.records import Instance


FLAVOR = 'instance_type'


class AggregateFlavors:
    """A flavor against those that the aggregates are for."""

    name = 'aggregate_flavors'

    def __init__(self, metadata: NodeMetadata) -> None:
        self._metadata = metadata
        self._named = {
            flavor
            for kind in metadata.kinds
            for flavor in kind.get(FLAVOR, ())
        }

    def key(self, instance: Instance) -> str | None:
        """Return the flavor, if some aggregate is for it."""
        return instance.flavor if instance.flavor in self._named else None

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: open to the flavor."""

        def fits(metadata: Metadata) -> bool:
            return instance.flavor in metadata.get(FLAVOR, (instance.flavor,))

        return self._metadata.where(fits)
