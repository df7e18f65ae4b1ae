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

"""Traits: required(i) subset of traits(node(i)), forbidden(i) disjoint."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Instance


class Traits:
    """An instance's traits against those of the node."""

    name = 'traits'

    def __init__(self, cluster: Cluster) -> None:
        self._node_traits = [
            frozenset(node.traits) for node in cluster.snapshot.compute_nodes
        ]

    def key(self, instance: Instance) -> Hashable:
        """Return the required and the forbidden traits."""
        return (
            frozenset(instance.required_traits),
            frozenset(instance.forbidden_traits),
        )

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: has all required and no forbidden trait."""
        required = frozenset(instance.required_traits)
        forbidden = frozenset(instance.forbidden_traits)
        return np.array(
            [
                required <= traits and not forbidden & traits
                for traits in self._node_traits
            ],
            dtype=np.bool_,
        )
