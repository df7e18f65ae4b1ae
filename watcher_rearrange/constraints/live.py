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

"""What a live migration asks of two nodes: i goes live -> takes(from, to).

Nodes of a kind are alike to it. An instance that is migrated cold starts
anew, wherever that is.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from watcher_rearrange.constraints import movability
from watcher_rearrange.model import plan
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.records import Instance


Kind = TypeVar('Kind')


class LiveRule:
    """The host in the snapshot against a node, for those who go live.

    :ivar name: of the rule
    :ivar kind_of: int64[n_nodes], equal for nodes that are alike
    :ivar takes: bool[n_kinds, n_kinds], whether one may go from the first
        to the second
    """

    name = ''

    def __init__(
        self, cluster: Cluster, options: movability.MoveOptions
    ) -> None:
        self._options = options
        self._node_index = cluster.node_index
        self.kind_of: Ints = np.zeros(cluster.n_nodes, dtype=np.int64)
        self.takes: Bools = np.ones((1, 1), dtype=np.bool_)

    def key(self, instance: Instance) -> int | None:
        """Return the kind of node that binds the instance, if any."""
        host = self._node_index.get(instance.host)
        if host is None:
            return None
        kind = int(self.kind_of[host])
        if self.takes[kind].all():
            return None
        return kind if self.binds(instance) else None

    def permitted(self, instance: Instance) -> Bools:
        """Return bool[n_nodes]: where it could go on."""
        kind = self.key(instance)
        if kind is None:
            return np.ones(len(self.kind_of), dtype=np.bool_)
        found: Bools = self.takes[kind, self.kind_of]
        return found

    def binds(self, instance: Instance) -> bool:
        """Whether the instance would be migrated live."""
        how = movability.migration_type(instance, self._options)
        return how == plan.LIVE_MIGRATE

    def _compare(
        self, kinds: Iterable[Kind], takes: Callable[[Kind, Kind], bool]
    ) -> None:
        """Compare each kind with each.

        :param kinds: of each node
        :param takes: whether one takes what runs on the other
        """
        number: dict[Kind, int] = {}
        self.kind_of = np.array(
            [number.setdefault(kind, len(number)) for kind in kinds],
            dtype=np.int64,
        )
        self.takes = np.array(
            [[takes(to, of) for to in number] for of in number], dtype=np.bool_
        ).reshape(len(number), len(number))
