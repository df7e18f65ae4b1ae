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

"""Receiving nodes: node(i) moved -> status(node) enabled, state(node) up.

Nova refuses a destination whose compute service is disabled or down; a
node that is to be emptied takes nobody in either.
"""

from __future__ import annotations

from collections.abc import Hashable

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.records import Instance


class ReceivingNodes:
    """Only a node that is up and enabled receives.

    :param closed: hostnames that do not, whatever their state
    """

    name = 'receiving'

    def __init__(self, cluster: Cluster, closed: frozenset[str]) -> None:
        self._receives = cluster.receives.copy()
        for hostname in closed & cluster.node_index.keys():
            self._receives[cluster.node_index[hostname]] = False

    def key(self, instance: Instance) -> Hashable:
        """Return nothing: every instance gets the same answer."""
        return None

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: up, enabled and not closed."""
        return self._receives
