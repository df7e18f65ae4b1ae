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

"""What a path consists of."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Move:
    """One migration.

    :ivar displacement: whether the destination is not the final node
    """

    instance: int
    source: int
    destination: int
    displacement: bool = False


@dataclasses.dataclass(frozen=True)
class Path:
    """Moves in an order that is valid one at a time.

    :ivar blocked: instances that do not reach their target node
    :ivar proved: whether it is proved to be the cheapest, or, where
        something is blocked, that no path exists
    """

    moves: tuple[Move, ...] = ()
    blocked: tuple[int, ...] = ()
    proved: bool = False

    @property
    def complete(self) -> bool:
        """Whether every instance reaches its target node."""
        return not self.blocked

    @property
    def displacements(self) -> int:
        """How many moves go to a temporary host."""
        return sum(move.displacement for move in self.moves)
