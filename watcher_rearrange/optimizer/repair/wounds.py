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

"""What is broken, and whose move mends it."""

from __future__ import annotations

import dataclasses
import functools

from collections.abc import Callable
from collections.abc import Iterator

import numpy as np

from watcher_rearrange.constraints.related import Relation
from watcher_rearrange.constraints.server_groups import Group
from watcher_rearrange.model import records
from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.cluster import Ints
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.optimizer.problem import Problem


Depth = Callable[[Placement], int]


@dataclasses.dataclass(frozen=True, eq=False)
class Cure:
    """One way to mend something: so many of some go to some nodes.

    :ivar whom: instances that could go, the most promising first
    :ivar count: how many of them have to; None for as many as it takes
    :ivar nodes: bool[n_nodes], where to
    """

    whom: tuple[int, ...]
    count: int | None
    nodes: Bools


@dataclasses.dataclass(frozen=True, eq=False)
class Wound:
    """Something broken, with the ways to mend it, the cheapest first.

    :ivar depth: how broken it is in a placement, 0 if not at all
    """

    depth: Depth
    cures: tuple[Cure, ...]


def find(problem: Problem, placement: Placement) -> Iterator[Wound]:
    """Yield all that is broken, and can be mended by moves.

    First who is on a wrong node: for most of them only few are right.
    """
    rules = problem.rules
    anywhere = np.ones(problem.cluster.n_nodes, dtype=np.bool_)
    wrong = set(np.flatnonzero(rules.unsuitable(placement)).tolist())
    wrong |= {idx for _, idx in rules.fences.outside(placement)}
    for idx in sorted(wrong, key=lambda i: (-problem.size[i], i)):
        if problem.movable[idx]:
            # Wherever it may go, it is no more.
            depth = functools.partial(_at, idx, int(placement.node_of[idx]))
            yield Wound(depth, (Cure((idx,), 1, anywhere),))
    for group in rules.groups.groups:
        yield from _of_group(problem, placement, group)
    for relation in rules.relations.relations:
        yield from _of_relation(problem, placement, relation)
    yield from _too_full(problem, placement)


def _of_group(
    problem: Problem, placement: Placement, group: Group
) -> Iterator[Wound]:
    depth = functools.partial(_group_depth, problem, group)
    counts = problem.rules.groups.counts(placement, group)
    at = placement.node_of[group.members]
    nodes = np.arange(problem.cluster.n_nodes)
    if not group.apart:
        cures = _gathering(problem, group.members, counts, (at, nodes))
        if cures:
            yield Wound(depth, cures)
        return
    most = group.record.max_server_per_host
    for node in np.flatnonzero(counts > most).tolist():
        whom = _movable(problem, group.members[at == node])
        excess = int(counts[node]) - most
        yield Wound(depth, (Cure(whom, excess, nodes != node),))


def _of_relation(
    problem: Problem, placement: Placement, relation: Relation
) -> Iterator[Wound]:
    record, part_of = relation.record, relation.part_of
    members = relation.members.whom
    counts = relation.members.counts(placement)
    at = part_of[placement.node_of[members]]
    depth = functools.partial(_relation_depth, problem, relation)
    if record.kind == records.TOGETHER:
        if gathered := _gathering(problem, members, counts, (at, part_of)):
            yield Wound(depth, gathered)
    elif record.kind == records.AT_MOST:
        for part in np.flatnonzero(counts > record.most).tolist():
            whom = _movable(problem, members[at == part])
            excess = int(counts[part]) - record.most
            yield Wound(depth, (Cure(whom, excess, part_of != part),))
    else:
        others = relation.others.whom
        beside = relation.others.counts(placement)
        where = part_of[placement.node_of[others]]
        for part in np.flatnonzero((counts > 0) & (beside > 0)).tolist():
            away = part_of != part
            sides = (members[at == part], others[where == part])
            cures = (
                Cure(_movable(problem, side), len(side), away)
                for side in sides
            )
            ordered = sorted(cures, key=lambda cure: cure.count or 0)
            yield Wound(depth, tuple(ordered))


def _gathering(
    problem: Problem, members: Ints, counts: Ints, parts: tuple[Ints, Ints]
) -> tuple[Cure, ...]:
    """Everybody to one part, one of those where some are.

    :param parts: int64[n_members], where each is, and int64[n_nodes]
    """
    at, part_of = parts
    if (counts > 0).sum() < 2:
        return ()
    order = np.flatnonzero(counts)
    order = order[np.argsort(-counts[order], kind='stable')]
    cures = []
    for part in order.tolist():
        others = members[at != part]
        cures.append(
            Cure(_movable(problem, others), len(others), part_of == part)
        )
    return tuple(cures)


def _too_full(problem: Problem, placement: Placement) -> Iterator[Wound]:
    over = placement.used - problem.cluster.capacity
    for node in np.flatnonzero((over > 0).any(axis=1)).tolist():
        need = np.maximum(over[node], 0)
        needs = [need]
        if (need > 0).sum() > 1:
            # If not all of it can be mended, a part may.
            needs += list(np.diag(need)[need > 0])
        whom = problem.movable_on(placement, node)
        cures = [
            cure for each in needs for cure in _relief(problem, whom, each)
        ]
        away = np.arange(problem.cluster.n_nodes) != node
        depth = functools.partial(_overfull, problem, node)
        yield Wound(depth, tuple(Cure(chosen, n, away) for chosen, n in cures))


def _relief(
    problem: Problem, whom: Ints, need: Ints
) -> Iterator[tuple[tuple[int, ...], int | None]]:
    """Yield of whom how many have to go; None for as many as it takes.

    :param whom: int64[n], those on a node
    :param need: int64[n_rc], what has to become free
    """
    demand = problem.cluster.demand[whom]
    alone = (demand >= need).all(axis=1)
    if alone.any():
        # The smallest of those that are enough.
        yield tuple(whom[alone][::-1].tolist()), 1
    helps = (demand[:, need > 0] > 0).any(axis=1)
    several = whom[helps & ~alone]
    if (problem.cluster.demand[several].sum(axis=0) >= need).all():
        # The large ones first, but they may not find room.
        yield tuple(several.tolist()), None


def _at(idx: int, node: int, placement: Placement) -> int:
    return int(placement.node_of[idx] == node)


def _group_depth(problem: Problem, group: Group, placement: Placement) -> int:
    return problem.rules.groups.excess(placement, group)


def _relation_depth(
    problem: Problem, relation: Relation, placement: Placement
) -> int:
    return problem.rules.relations.excess(placement, relation)


def _overfull(problem: Problem, node: int, placement: Placement) -> int:
    over = placement.used[node] > problem.cluster.capacity[node]
    return int(over.sum())


def _movable(problem: Problem, whom: Ints) -> tuple[int, ...]:
    """Those who can be moved, the smallest first."""
    whom = whom[problem.movable[whom]]
    order = np.lexsort((whom, problem.size[whom]))
    return tuple(whom[order].tolist())
