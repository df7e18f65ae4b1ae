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

"""Isolated aggregates: traits they are kept for subset of required(i).

Nova's request filter isolate_aggregates: the metadata ``trait:X=required`` of
an aggregate forbids its nodes to whoever does not ask for the trait.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Instance


# Flavors may ask for traits in groups: trait:X, trait1:Y, trait_NET:Z.
PREFIX = 'trait'
REQUIRED = 'required'


class IsolatedAggregates:
    """What an instance asks for against what nodes are kept for."""

    name = 'isolated_aggregates'

    def __init__(self, cluster: Cluster) -> None:
        kept_for: list[set[str]] = [set() for _ in range(cluster.n_nodes)]
        for aggregate in cluster.snapshot.aggregates:
            traits = set(_traits(aggregate.metadata))
            for hostname in aggregate.hosts:
                if hostname in cluster.node_index:
                    kept_for[cluster.node_index[hostname]] |= traits
        self._kept_for = kept_for
        self._isolating = frozenset().union(*kept_for)

    def key(self, instance: Instance) -> frozenset[str]:
        """Return the required traits that some aggregate is kept for."""
        if not self._isolating:
            return frozenset()
        return self._isolating & {
            *instance.required_traits,
            *_traits(instance.flavor_extra_specs, grouped=True),
            *_traits(instance.image_properties),
        }

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: kept for nothing else."""
        required = self.key(instance)
        return np.array(
            [traits <= required for traits in self._kept_for], dtype=np.bool_
        )


def _traits(
    properties: Mapping[str, str], grouped: bool = False
) -> Iterator[str]:
    """The traits of ``trait:X=required``, those of groups if wanted."""
    for key, value in properties.items():
        prefix, colon, trait = key.partition(':')
        known = prefix == PREFIX or grouped and prefix.startswith(PREFIX)
        if colon and known and value == REQUIRED:
            yield trait
