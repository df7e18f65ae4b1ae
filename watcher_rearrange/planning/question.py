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

"""A target that somebody else has chosen, ready to be asked about."""

from __future__ import annotations

import dataclasses

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from watcher_rearrange.constraints.movability import MoveOptions
from watcher_rearrange.constraints.rules import Rules
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.model.records import Snapshot
from watcher_rearrange.model.records import Target
from watcher_rearrange.path import finder
from watcher_rearrange.path.moves import Path
from watcher_rearrange.policies import path_costs


@dataclasses.dataclass(frozen=True, eq=False)
class Question:
    """Is there a path from this cluster to this target?

    Asked again with something relaxed, it is another question:
    ``dataclasses.replace`` makes it.

    :ivar options: what the operator permits
    """

    snapshot: Snapshot
    target: Target
    options: MoveOptions

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        target: Target,
        cost: str | Mapping[str, int] = path_costs.MIGRATIONS,
    ) -> Question:
        """Return the question as it is asked first.

        :param cost: what the path should be short in
        """
        named = frozenset(target.placement)
        options = MoveOptions(named_instances=named, path_cost=cost)
        return cls(snapshot, target, options)

    @cached_property
    def cluster(self) -> Cluster:
        """The snapshot with arrays, without what the released hold.

        Who leaves while it migrates gives up both ends.
        """
        gone = set(self.target.release)
        migrations = tuple(
            move
            for move in self.snapshot.migrations
            if move.instance not in gone
        )
        return Cluster.from_snapshot(
            dataclasses.replace(self.snapshot, migrations=migrations)
        )

    @cached_property
    def rules(self) -> Rules:
        """The rules, with what the operator permits."""
        return Rules(self.cluster, self.options)

    @cached_property
    def start(self) -> Placement:
        """The placement once the released are gone."""
        node_of = self.cluster.node_of.copy()
        for uuid in self.target.release:
            node_of[self.cluster.instance_index[uuid]] = -1
        return Placement(self.cluster, node_of)

    @cached_property
    def wanted(self) -> Ints:
        """int64[n_instances]: the nodes at the end; -1 for the released."""
        wanted = self.start.node_of.copy()
        for uuid, hostname in self.target.placement.items():
            idx = self.cluster.instance_index[uuid]
            if wanted[idx] >= 0:
                wanted[idx] = self.cluster.node_index[hostname]
        return wanted

    @cached_property
    def end(self) -> Placement:
        """The target placement."""
        return Placement(self.cluster, self.wanted)

    @cached_property
    def misplaced(self) -> list[int]:
        """The instances that are not where they should be."""
        found: list[int] = np.flatnonzero(
            self.start.node_of != self.wanted
        ).tolist()
        return found

    def path_until(self, deadline: float, seed: int = 0) -> Path:
        """Return a path, or a proof, or what is found in all of the time.

        :param deadline: on the clock of ``time.monotonic``
        """
        return finder.find_until(
            self.rules, self.start, self.wanted, deadline, seed
        )

    def path(
        self, deadline: float, at: Ints | None = None, seed: int = 0
    ) -> Path:
        """Return a path, not a short one, or who is blocked.

        It gives up where little hope is left; nothing is refused here.

        :param deadline: on the clock of ``time.monotonic``
        :param at: int64[n_instances], where everybody is by then; the start
            without
        """
        start = self.start if at is None else Placement(self.cluster, at)
        return finder.find_any(self.rules, start, self.wanted, deadline, seed)

    def label(self, instance_idx: int) -> str:
        """Return what an operator calls an instance."""
        return self.snapshot.instances[instance_idx].label

    def amounts(self, needed: Ints) -> str:
        """Return amounts in words, those that are not 0.

        :param needed: int64[n_rc]
        """
        classes = self.cluster.resource_classes
        return ' and '.join(
            f'{int(needed[rc])} {classes[rc]}' for rc in np.flatnonzero(needed)
        )
