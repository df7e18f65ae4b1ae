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

"""What the aggregates of a node say together, as Nova's filters read it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints


# Values by key: several aggregates have several, and so does one whose value
# has commas.
Metadata = Mapping[str, frozenset[str]]


class NodeMetadata:
    """The metadata of the aggregates of each node.

    :ivar kinds: each combination that there is, once
    :ivar kind_of: int64[n_nodes], positions in ``kinds``
    """

    def __init__(self, cluster: Cluster) -> None:
        found: list[dict[str, set[str]]] = [
            {} for _node in range(cluster.n_nodes)
        ]
        for aggregate in cluster.snapshot.aggregates:
            for hostname in aggregate.hosts:
                node_idx = cluster.node_index.get(hostname)
                if node_idx is not None:
                    _add(found[node_idx], aggregate.metadata)
        kinds: dict[frozenset[tuple[str, frozenset[str]]], int] = {}
        self.kind_of: Ints = np.array(
            [
                kinds.setdefault(_frozen(metadata), len(kinds))
                for metadata in found
            ],
            dtype=np.int64,
        )
        self.kinds: tuple[Metadata, ...] = tuple(map(dict, kinds))

    def where(self, fits: Callable[[Metadata], bool]) -> Bools:
        """Return bool[n_nodes]: whose metadata fit."""
        fitting = np.array([fits(kind) for kind in self.kinds], dtype=np.bool_)
        found: Bools = fitting[self.kind_of]
        return found

    def keys(self) -> frozenset[str]:
        """Return the keys that any node has."""
        return frozenset(key for kind in self.kinds for key in kind)


def _add(found: dict[str, set[str]], metadata: Mapping[str, str]) -> None:
    for key, value in metadata.items():
        values = (part.strip() for part in value.split(','))
        found.setdefault(key, set()).update(values)


def _frozen(
    metadata: Mapping[str, set[str]],
) -> frozenset[tuple[str, frozenset[str]]]:
    return frozenset((key, frozenset(of)) for key, of in metadata.items())
