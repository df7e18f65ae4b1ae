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

"""Zones: pinned_az(i) empty or zone(node(i)) == pinned_az(i)."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Instance


class Zones:
    """A pinned instance stays in its availability zone."""

    name = 'availability_zone'

    def __init__(self, cluster: Cluster) -> None:
        self._zones = np.array(
            [
                node.availability_zone
                for node in cluster.snapshot.compute_nodes
            ],
            dtype=object,
        )

    def key(self, instance: Instance) -> Hashable:
        """Return the zone that the instance is pinned to."""
        return instance.pinned_az

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: in the pinned zone, or all."""
        if not instance.pinned_az:
            return np.ones(len(self._zones), dtype=np.bool_)
        inside: Bools = self._zones == instance.pinned_az
        return inside
