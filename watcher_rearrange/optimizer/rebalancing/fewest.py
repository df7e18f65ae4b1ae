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

"""The fewest migrations that reach the wanted balance."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.objectives.imbalance import STANDARD_DEVIATION
from watcher_rearrange.objectives.imbalance import Imbalance
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.rebalancing import rebalance
from watcher_rearrange.optimizer.rebalancing.columns import Columns
from watcher_rearrange.optimizer.rebalancing.columns import Fewest
from watcher_rearrange.optimizer.rebalancing.generation import Generation
from watcher_rearrange.optimizer.rebalancing.lattice import Lattice
from watcher_rearrange.optimizer.rebalancing.model import Model
from watcher_rearrange.optimizer.rebalancing.patterns import SCALE
from watcher_rearrange.optimizer.rebalancing.patterns import Listing


# With more kinds, as where each instance has a load of its own, too few
# patterns could be listed to find more than the descent does.
MAX_KINDS = 300


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """What was found.

    :ivar bound: fewer migrations cannot reach the threshold
    """

    placement: Placement
    bound: int


def search(
    problem: Problem,
    placement: Placement,
    imbalance: Imbalance,
    threshold_pct: float,
) -> Found:
    """Return a placement at the threshold, or as near to it as was found.

    The descent comes first, and stands in where the programme finds nothing
    or something worse; then what need not have moved is taken back.
    """
    if imbalance.value(placement) <= threshold_pct:
        return Found(placement, 0)
    asked = imbalance, threshold_pct
    best = rebalance.improve(problem, placement, *asked)
    bound = 0
    if imbalance.measure.name == STANDARD_DEVIATION:
        found = _programmed(problem, placement, best, asked)
        bound, best = found.bound, found.placement
    if not bound or migrations(placement, best) > bound:
        best = rebalance.pruned(problem, placement, best, *asked)
    return Found(best, bound)


def _programmed(
    problem: Problem,
    placement: Placement,
    best: Placement,
    asked: tuple[Imbalance, float],
) -> Found:
    """What the programme finds, or the best known."""
    imbalance, threshold_pct = asked
    bound = 0
    for groups_stay in (False, True):
        model = Model.build(problem, placement, imbalance, groups_stay)
        if not 0 < model.n_kinds <= MAX_KINDS:
            break
        most = SCALE * (threshold_pct / 100.0) ** 2
        fewest = _fewest(model, most, model.change(best))
        if model.exact:
            bound = fewest.bound
        if fewest.change is None:
            break
        found = model.decoded(fewest.change)
        if found is None:
            continue
        count = migrations(placement, found)
        within = problem.max_migrations is None or (
            count <= problem.max_migrations
        )
        missed = imbalance.value(best) > threshold_pct
        if within and (missed or count < migrations(placement, best)):
            best = found
        break
    return Found(best, bound)


def _fewest(model: Model, most: float, known: Ints) -> Fewest:
    """The answer in kinds, with all patterns priced, or else the listed.

    :param known: int64[n_kinds, n_nodes], what the descent changes
    """
    listing, deadline = Listing(model), model.problem.deadline
    lattice = Lattice(model, listing)
    priced = Fewest(0, None)
    if lattice.fits:
        generation = Generation(lattice, listing, most, deadline)
        generation.know(known)
        priced = generation.fewest()
        if generation.all_fit or priced.proved:
            return priced
        if priced.change is not None:
            known = priced.change
    columns = Columns(model, most, deadline)
    columns.know(known)
    listed = columns.fewest()
    bound = max(listed.bound, priced.bound)
    return Fewest(bound, min(listed, priced, key=_count).change)


def _count(found: Fewest) -> float:
    return math.inf if found.change is None else found.count


def walkable(
    problem: Problem,
    placement: Placement,
    imbalance: Imbalance,
    threshold_pct: float,
) -> Placement:
    """Return a placement that can be reached step by step."""
    return rebalance.improve(
        problem, placement, imbalance, threshold_pct, walkable=True
    )


def migrations(start: Placement, end: Placement) -> int:
    """Return how many instances are elsewhere."""
    return int(np.count_nonzero(start.node_of != end.node_of))
