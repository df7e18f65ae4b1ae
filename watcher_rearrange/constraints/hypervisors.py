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

"""Hypervisors: i goes live -> same type, version(node(i)) >= version(host(i)).

Nova's conductor, ``_check_compatible_with_source_hypervisor``. What is not
known of a node is no obstacle. Nova compares each migration with the node
that it leaves, so a way through temporary hosts may only climb.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from watcher_rearrange.constraints import movability
from watcher_rearrange.constraints.live import LiveRule
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints


class Hypervisors(LiveRule):
    """The hypervisor of the host in the snapshot against that of a node.

    :ivar bound: bool[n_instances], who can go live, but not everywhere
    """

    name = 'hypervisor'

    def __init__(
        self, cluster: Cluster, options: movability.MoveOptions
    ) -> None:
        super().__init__(cluster, options)
        skip = cluster.snapshot.skip_hypervisor_version_check_on_lm
        self._compare(
            (
                _Kind(
                    node.hypervisor_type,
                    None if skip else node.hypervisor_version,
                )
                for node in cluster.snapshot.compute_nodes
            ),
            _takes,
        )
        self.bound: Bools = np.zeros(cluster.n_instances, dtype=np.bool_)
        if not self.takes.all():
            self.bound[:] = [
                self.binds(instance) for instance in cluster.snapshot.instances
            ]

    def lets(self, instance_idx: int, here: int, there: int) -> bool:
        """Whether it may go from one node to another in one migration."""
        return not self.bound[instance_idx] or bool(
            self.takes[self.kind_of[here], self.kind_of[there]]
        )

    def between(self, instance_idx: int, here: int, there: int) -> Bools:
        """Return bool[n_nodes]: where it may stop on its way."""
        if not self.bound[instance_idx]:
            return np.ones(len(self.kind_of), dtype=np.bool_)
        kinds = self.takes[self.kind_of[here]]
        kinds = kinds & self.takes[:, self.kind_of[there]]
        found: Bools = kinds[self.kind_of]
        return found

    def ways(self, index: Ints, start: Ints, goal: Ints) -> Ints:
        """Return int64[n]: equal for equal answers of :meth:`between`.

        :param index: int64[n], the instances
        :param start: int64[n], the node of each
        :param goal: int64[n], where it should be
        :returns: 0 where it may stop anywhere
        """
        number = 1 + self.kind_of[start] * len(self.takes)
        number += self.kind_of[goal]
        return np.where(self.bound[index], number, 0)

    @cached_property
    def is_transitive(self) -> bool:
        """Whether two migrations lead nowhere where one does not.

        Through a node of which little is known, they may.
        """
        takes = self.takes.astype(np.int64)
        return bool(self.takes[takes @ takes > 0].all())


class _Kind(NamedTuple):
    type: str
    version: int | None


def _takes(to: _Kind, of: _Kind) -> bool:
    """Whether Nova would migrate live from one hypervisor to another."""
    if to.type and of.type and to.type != of.type:
        return False
    return to.version is None or of.version is None or to.version >= of.version
