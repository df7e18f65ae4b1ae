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

"""Bounds of a consolidation from volumes: what must at least stay in use.

Which nodes are in use is relaxed to shares of nodes, and packing to one
condition per resource class: the nodes in use must hold the whole demand.
A linear programme with a column per node and a row per class; the volume
bound of bin packing (Martello and Toth 1990, L1), for unequal bins with
costs and for all classes at once.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Cluster
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.active_nodes import occupied
from watcher_rearrange.objectives.dimensions import Floats
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Outcome
from watcher_rearrange.optimizer.program import Program


TOLERANCE = 1e-6

# Beyond this not every whole number is a floating point number.
LARGEST_WHOLE = 2.0**53


@dataclasses.dataclass(frozen=True, eq=False)
class Volumes:
    """What the bounds depend on.

    :ivar limit: int64[n_nodes, n_rc], how full a node may get
    :ivar can_empty: bool[n_nodes], in use, and may be emptied
    :ivar open_nodes: bool[n_nodes], that may receive
    :ivar cost: float64[n_nodes], of a node in use; 0 if it is not judged
    """

    cluster: Cluster
    limit: Ints
    can_empty: Bools
    open_nodes: Bools
    cost: Floats

    def least_cost(self, deadline: float) -> float:
        """Return a cost that no placement can be below."""
        program, in_use, start = self._program()
        program.cost(in_use, self.cost)
        answer = program.solve(Effort(deadline))
        if answer.outcome is not Outcome.OPTIMAL:
            return float(self.cost[~self.can_empty & start].sum())
        return rounded_up(answer.bound, self.cost)

    def fewest_migrations(self, cost: float, deadline: float) -> int:
        """Return how many it takes at least until the cost is this low."""
        program, in_use, _ = self._program()
        count = np.bincount(
            self.cluster.node_of, minlength=self.cluster.n_nodes
        )
        leaving = np.where(self.can_empty, count, 0).astype(float)
        program.cost(in_use, -leaving)
        program.row(in_use, self.cost, upper=cost + TOLERANCE)
        answer = program.solve(Effort(deadline))
        if answer.outcome is not Outcome.OPTIMAL:
            return 0
        fewest = math.ceil(leaving.sum() + answer.bound - TOLERANCE)
        return max(0, fewest)

    def _program(self) -> tuple[Program, Ints, Bools]:
        """The shares of the nodes in use, who hold the demand."""
        start = Placement(self.cluster)
        used = occupied(start)
        program = Program()
        in_use = program.columns(
            self.cluster.n_nodes,
            upper=np.where(used | self.open_nodes, 1.0, 0.0),
            lower=np.where(used & ~self.can_empty, 1.0, 0.0),
            integer=False,
        )
        # What is on a node may stay there, even above the limit.
        room = np.maximum(self.limit, start.used)
        room[~self.open_nodes] = start.used[~self.open_nodes]
        # What migrations hold is there, whether the node is in use or not.
        held = self.cluster.held
        room = room - held
        demands = (start.used - held).sum(axis=0).tolist()
        for rc_idx, demand in enumerate(demands):
            program.row(in_use, room[:, rc_idx].astype(float), lower=demand)
        return program, in_use, used


def rounded_up(bound: float, cost: Floats) -> float:
    """Return the least sum of some costs that is not below a bound.

    It may be less where it is not known what sums there are.
    """
    unit = _unit(cost)
    if not unit or not math.isfinite(bound):
        return bound
    units = bound / unit
    return unit * math.ceil(units - TOLERANCE * max(1.0, units))


def _unit(cost: Floats) -> float:
    """What every sum of costs is a multiple of; 0 if that is not known."""
    cost = cost[cost > 0]
    if not len(cost):
        return 0.0
    least = float(cost.min())
    if (cost % least == 0).all():
        return least
    whole = (cost == np.rint(cost)).all() and cost.max() < LARGEST_WHOLE
    return float(np.gcd.reduce(cost.astype(np.int64))) if whole else 0.0
