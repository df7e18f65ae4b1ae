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

"""What need not change, held where it is."""

from __future__ import annotations

import dataclasses

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.reductions.base import Reduction


@dataclasses.dataclass(frozen=True, eq=False)
class Fix(Reduction[Problem, Placement]):
    """A reduction to some nodes, with everything else as it is.

    Instances and nodes keep their indices: a programme has no columns for
    those that are fixed.

    :ivar nodes: bool[n_nodes], that take part
    :ivar held: bool[n_instances], who stays although on one of them
    :ivar spent: how many have been moved already, of those that may be
    """

    nodes: Bools
    held: Bools
    spent: int = 0

    def apply(self, problem: Problem, start: Placement) -> Problem:
        """Return the problem in which only these nodes change."""
        left = None
        if problem.max_migrations is not None:
            left = problem.max_migrations - self.spent
        return dataclasses.replace(
            problem,
            open_nodes=problem.open_nodes & self.nodes,
            frozen=problem.frozen | self.held | ~self.nodes[start.node_of],
            max_migrations=left,
        )

    def invert(self, start: Placement, answer: Placement) -> Placement:
        """Return the answer: everybody else is where he was."""
        return answer
