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

"""Extra specs: each of flavor(i) fulfilled by the aggregates of node(i).

Nova's AggregateInstanceExtraSpecsFilter: specs without a scope, and those of
its own scope.
"""

from __future__ import annotations

from watcher_rearrange.constraints import extra_specs
from watcher_rearrange.constraints.aggregates import Metadata
from watcher_rearrange.constraints.aggregates import NodeMetadata
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.records import Instance


SCOPE = 'aggregate_instance_extra_specs'


class AggregateExtraSpecs:
    """A flavor's extra specs against the metadata of the aggregates."""

    name = 'aggregate_extra_specs'

    def __init__(self, metadata: NodeMetadata) -> None:
        self._metadata = metadata

    def key(self, instance: Instance) -> frozenset[tuple[str, str]]:
        """Return the extra specs that must be fulfilled."""
        found = set()
        for name, requirement in instance.flavor_extra_specs.items():
            scope, colon, inside = name.partition(':')
            if not colon:
                found.add((name, requirement))
            elif scope == SCOPE:
                found.add((inside, requirement))
        return frozenset(found)

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: whose aggregates fulfil them."""
        wanted = self.key(instance)

        def fits(metadata: Metadata) -> bool:
            return all(
                extra_specs.fulfilled(metadata.get(name, ()), requirement)
                for name, requirement in wanted
            )

        return self._metadata.where(fits)
