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

"""Make room for flavors: the most slots, with the fewest migrations.

A cluster whose programme is small is solved as a whole, so that the result
is proved. In a large one the nodes where slots are cheap come first, with
those that have the room to take in who leaves; then parts of the cluster
one after another, with everything else as it is: large neighbourhood search
(Shaw, Using constraint programming and local search methods to solve
vehicle routing problems, CP 1998).
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer import parts
from watcher_rearrange.optimizer.counts import are_exact
from watcher_rearrange.optimizer.defragmentation import slot_bound
from watcher_rearrange.optimizer.defragmentation.slot_counts import (
    budget_bound,
)
from watcher_rearrange.optimizer.defragmentation.slot_counts import counted
from watcher_rearrange.optimizer.defragmentation.slot_counts import (
    volume_bound,
)
from watcher_rearrange.optimizer.defragmentation.slot_counts import worth_of
from watcher_rearrange.optimizer.defragmentation.slots import TINY
from watcher_rearrange.optimizer.defragmentation.slots import Wanted
from watcher_rearrange.optimizer.problem import Problem
from watcher_rearrange.optimizer.program import Effort
from watcher_rearrange.optimizer.reductions.group import Group


# Pairs of a kind and a node up to which the whole cluster is one programme.
MAX_WHOLE = 25_000

# To which the worth of slots is known from the solver.
DIGITS = 6

# Compute nodes in one part of a large cluster.
PART_NODES = 120

# Nodes of the search tree for one part.
PART_TREE = 200

# Of the time for a whole cluster, how much the first objective may take.
FIRST_SHARE = 0.7

# How many times the fewest possible migrations are tried first there.
ENOUGH = 2

# Of the time for a large one, how much goes to the whole without groups.
SIMPLE_SHARE = 0.5


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """The outcome of a search.

    :ivar worth: of the slots that the placement has
    :ivar most: no placement that the problem permits has slots of more
    :ivar fewest: no placement with slots of ``most`` takes fewer migrations
    """

    placement: Placement
    worth: float
    most: float
    fewest: int

    @property
    def proved(self) -> bool:
        """Whether nothing has more slots."""
        return self.worth >= self.most - TINY


def search(
    problem: Problem,
    placement: Placement,
    wanted: Wanted,
    seed: int = 0,
    known: Placement | None = None,
) -> Found:
    """Return the placement with the most slots that was found.

    Where nothing has more slots than the known placement, that is it.

    :param known: a placement to begin with, within the limit of migrations;
        the one that is to be changed unless given
    """
    best = placement if known is None else known
    worth = worth_of(problem, best, wanted)
    most = volume_bound(problem, placement, wanted)
    start = Found(best, worth, most, 0)
    found = _searched(problem, placement, wanted, seed, start)
    if are_exact(problem, placement):
        return found
    return dataclasses.replace(found, most=most, fewest=0)


def _searched(
    problem: Problem,
    placement: Placement,
    wanted: Wanted,
    seed: int,
    start: Found,
) -> Found:
    if start.proved:
        return start
    if _size(problem, placement) <= MAX_WHOLE:
        how = Effort(problem.deadline, seed=seed)
        return _solved(problem, start, placement, wanted, how)
    most = min(start.most, budget_bound(problem, placement, wanted))
    start = dataclasses.replace(start, most=most)
    start = _without_groups(problem, start, placement, wanted, seed)
    return _in_parts(problem, start, placement, wanted, seed)


def _size(problem: Problem, placement: Placement) -> int:
    kinds = Group().apply(problem, placement)
    return kinds.n_kinds * int(problem.open_nodes.sum())


def _solved(
    problem: Problem, best: Found, base: Placement, wanted: Wanted, how: Effort
) -> Found:
    """Solve the programme of a problem: the most slots, fewest migrations.

    :param best: the best placement that is known
    :param base: the placement that migrations are counted from
    """
    kinds = Group().apply(problem, base)
    programme = wanted.programme(problem, base, kinds, wanted)
    programme.ask_most()
    slots = counted(problem, best.placement, wanted)
    known = programme.solution(best.placement, slots)
    answer = programme.program.solve(_first(how), known)
    most = min(best.most, _possible(-answer.bound, wanted))
    if not answer.found or -answer.objective < best.worth - TINY:
        return dataclasses.replace(best, most=most)
    worth = round(-answer.objective, DIGITS)
    if worth <= best.worth and best.placement is base:
        return dataclasses.replace(best, most=most)
    programme.ask_fewest(worth)
    fewer = programme.program.solve(how, answer.values)
    fewest = 0
    if fewer.found:
        # The solver may end before it has any bound.
        if np.isfinite(fewer.bound):
            fewest = int(np.ceil(max(fewer.bound, 0.0) - TINY))
        answer = fewer
    placement = programme.decoded(programme.without_detours(answer))
    return Found(placement, worth, most, fewest)


def _first(how: Effort) -> Effort:
    now_s = time.monotonic()
    return dataclasses.replace(
        how, deadline=now_s + FIRST_SHARE * (how.deadline - now_s)
    )


def _possible(bound: float, wanted: Wanted) -> float:
    """The most that slots can be worth within a bound of the solver."""
    whole = (wanted.flavors.weight % 1 == 0).all()
    if whole and np.isfinite(bound):
        return float(np.floor(bound + TINY))
    return round(bound, DIGITS)


def _without_groups(
    problem: Problem, best: Found, start: Placement, wanted: Wanted, seed: int
) -> Found:
    """Solve the whole as if members of server groups could not move.

    Each group is a kind of its own; without them there are few kinds.
    """
    of = problem.rules.groups.of
    grouped = [bool(of(idx)) for idx in range(problem.cluster.n_instances)]
    now_s = time.monotonic()
    simple = dataclasses.replace(
        problem,
        frozen=problem.frozen | np.array(grouped, dtype=np.bool_),
        deadline=now_s + SIMPLE_SHARE * (problem.deadline - now_s),
    )
    if _size(simple, start) > MAX_WHOLE:
        return best
    found = best
    few = _with_few(simple, best, start, wanted)
    for tried in (few, simple) if few is not simple else (simple,):
        how = Effort(tried.deadline, seed=seed)
        found = _solved(tried, best, start, wanted, how)
        found = dataclasses.replace(found, most=best.most, fewest=0)
        if found.proved:
            break
    return _with_bound(problem, found, start, wanted)


def _with_few(
    problem: Problem, best: Found, start: Placement, wanted: Wanted
) -> Problem:
    """The same with few migrations: enough, where slots are not dear."""
    gain = round(best.most - worth_of(problem, start, wanted))
    least = slot_bound.fewest(problem, start, wanted.flavors, gain)
    if not wanted.together or not least:
        return problem
    most = ENOUGH * least
    if problem.max_migrations is not None:
        most = min(most, problem.max_migrations)
    now_s = time.monotonic()
    until_s = now_s + SIMPLE_SHARE * (problem.deadline - now_s)
    return dataclasses.replace(problem, max_migrations=most, deadline=until_s)


def _in_parts(
    problem: Problem, best: Found, start: Placement, wanted: Wanted, seed: int
) -> Found:
    cycle = parts.Parts(problem, start, wanted, PART_NODES, seed)
    while not problem.out_of_time:
        if best.proved and best.fewest == _count(best, start):
            break
        nodes = cycle.next(best.placement)
        if nodes is None:
            break
        part = parts.Part.of(problem, start, best.placement, nodes)
        found = _part(part, best, wanted, seed)
        if _rank(found, start) > _rank(best, start):
            best = _with_bound(problem, found, start, wanted)
            cycle.again()
    return best


def _with_bound(
    problem: Problem, found: Found, start: Placement, wanted: Wanted
) -> Found:
    """Add what is known without a programme of the whole."""
    gain = found.worth - worth_of(problem, start, wanted)
    weights = wanted.flavors.weight
    if not (weights == 1).all():
        return found
    fewest = slot_bound.fewest(problem, start, wanted.flavors, round(gain))
    return dataclasses.replace(found, fewest=max(found.fewest, fewest))


def _rank(found: Found, start: Placement) -> tuple[float, int]:
    return round(found.worth, DIGITS), -_count(found, start)


def _count(found: Found, start: Placement) -> int:
    return int((found.placement.node_of != start.node_of).sum())


def _part(part: parts.Part, best: Found, wanted: Wanted, seed: int) -> Found:
    """Solve one part; the worth is that of the whole."""
    whole = counted(part.problem, best.placement, wanted)
    here = part.problem.open_nodes
    elsewhere = whole[:, ~here].sum(axis=1)
    flavors = wanted.flavors
    narrowed = dataclasses.replace(
        wanted,
        flavors=dataclasses.replace(
            flavors,
            nodes=flavors.nodes & here,
            count=flavors.count - elsewhere,
        ),
    )
    away = float(elsewhere @ flavors.weight)
    known = dataclasses.replace(best, worth=best.worth - away)
    how = Effort(part.problem.deadline, seed=seed, nodes=PART_TREE)
    found = _solved(part.problem, known, part.base, narrowed, how)
    return dataclasses.replace(
        found, worth=found.worth + away, most=best.most, fewest=0
    )
