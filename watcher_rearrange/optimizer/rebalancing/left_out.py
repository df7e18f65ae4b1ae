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

"""A bound on what the patterns cost that are not listed.

They have many touches, and nearly always cost more than the listed ones;
that has to be shown for a bound to hold. On each node, a small programme
finds how cheap they could be: first any amounts, then whole ones.
"""

from __future__ import annotations

import math
import time

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.program import Program
from watcher_rearrange.optimizer.rebalancing.patterns import Listing
from watcher_rearrange.optimizer.rebalancing.patterns import Nets
from watcher_rearrange.optimizer.rebalancing.prices import Prices


# Where the square has tangents, in shares of the capacity from the mean.
TANGENTS = np.concatenate(
    [np.linspace(-1.0, -0.25, 11), np.linspace(-0.2, 0.2, 33)]
    + [np.linspace(0.25, 1.0, 11)]
)

# Seconds for one node, and how close to the truth is near enough.
NODE_S = 2.0


def cheapest(
    listing: Listing, node: int, prices: Prices, least: float, deadline: float
) -> tuple[float, Nets | None]:
    """Return a bound on the cost of the patterns left out; at most least.

    The second thing is the pattern that may cost less, if there is one.

    :param least: what the cheapest one listed costs
    :param deadline: on the clock of ``time.monotonic``
    """
    for integer in (False, True):
        now = time.monotonic()
        if now >= deadline:
            return -math.inf, None
        program = _program(listing, node, prices, integer)
        answer = program.solve(Effort(min(deadline, now + NODE_S)))
        # Infinite: nothing that is possible has so many touches.
        if answer.bound >= least - 1e-7:
            return least, None
    if not answer.found:
        return answer.bound, None
    n_kinds = listing.model.n_kinds
    whole = np.rint(answer.values[: 2 * n_kinds]).astype(np.int8)
    return answer.bound, whole[n_kinds:] - whole[:n_kinds]


def _program(
    listing: Listing, node: int, prices: Prices, integer: bool
) -> Program:
    model = listing.model
    patterns = listing.of(node)
    program = Program()
    n_kinds = model.n_kinds
    leave = program.columns(
        n_kinds,
        upper=model.count[:, node].astype(float),
        cost=0.5 + prices.kind,
        integer=integer,
    )
    total = model.count.sum(axis=1)
    arrive = program.columns(
        n_kinds,
        upper=np.where(model.allowed[:, node], total, 0).astype(float),
        cost=0.5 - prices.kind,
        integer=integer,
    )
    both = np.concatenate([leave, arrive])
    program.row(both, 1.0, lower=patterns.fewest_left_out)
    for resource, room in enumerate(model.room[node].tolist()):
        need = model.need[:, resource]
        if need.any() and room < math.inf:
            program.row(both, np.concatenate([-need, need]), upper=room)
    _squares(program, listing, node, (both, prices.variance))
    return program


def _squares(
    program: Program, listing: Listing, node: int, priced: tuple[Ints, float]
) -> None:
    """Add the node's share of the variance, from below."""
    both, price = priced
    model, weight = listing.model, listing.weight[node]
    for dim in np.flatnonzero(model.imbalance.judged[node]).tolist():
        square = program.columns(1, cost=price, integer=False)
        change = model.demand[:, dim]
        factors = np.concatenate([-change, change])
        start = listing.excess[node, dim]
        for share in TANGENTS:
            at = share * model.imbalance.capacity[node, dim]
            # at**2 + 2 * at * (start + change - at)
            program.row(
                np.concatenate([square, both]),
                np.concatenate([[1.0], -2 * at * weight[dim] * factors]),
                lower=weight[dim] * at * (2 * start - at),
            )
