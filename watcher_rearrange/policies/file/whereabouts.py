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

"""Where the instances of a snapshot are, and go to."""

from __future__ import annotations

from collections.abc import Iterable

from watcher_rearrange.model import records as model


class Whereabouts:
    """The hosts of instances.

    :ivar hosts: of all nodes, in order
    :ivar host_of: where each instance is, by UUID
    """

    def __init__(self, snapshot: model.Snapshot) -> None:
        self.hosts = [node.hostname for node in snapshot.compute_nodes]
        self.host_of = {one.uuid: one.host for one in snapshot.instances}
        self._ends: dict[str, set[str]] = {}
        for move in snapshot.migrations:
            if move.in_progress:
                ends = self._ends.setdefault(move.instance, set())
                ends |= {move.source, move.destination}

    def known(self, whom: Iterable[str]) -> frozenset[str]:
        """Return those that there are."""
        return frozenset(self.host_of.keys() & set(whom))

    def ends(self, uuid: str) -> set[str]:
        """Return where an instance is, and goes to."""
        return {self.host_of[uuid]} | self._ends.get(uuid, set())
