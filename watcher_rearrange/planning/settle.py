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

"""Target and path, again and again, until nothing more is to be gained.

A search stops at a local optimum that depends on where it began. Planning
from its own result until that yields nothing makes the result stable: the
next audit on the finished plan has nothing to do.
"""

from __future__ import annotations

import dataclasses
import logging
import time

import numpy as np

from watcher_rearrange.model.cluster import Bools
from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path import cost
from watcher_rearrange.path import finder
from watcher_rearrange.path.cost import PathCost
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.path.walk import Walk
from watcher_rearrange.planning.job import Job


LOG = logging.getLogger(__name__)

MAX_ROUNDS = 20

# Targets tried in one round when the path to the first one is blocked.
MAX_TARGETS = 8

# Of the time that is left, how much the path to one target may take.
PATH_SHARE = 0.5

# Where there is a path to no target: the parts of the last one looked at.
MAX_PARTS = 60


def settle(job: Job, start: Placement) -> tuple[Path, Placement]:
    """Return a path and the placement at its end.

    The path is complete; it is empty where nothing is to be gained.
    """
    placement = start
    steps: list[Path] = []
    for _ in range(MAX_ROUNDS):
        done = sum(len(path.moves) for path in steps)
        left = None
        if job.max_migrations is not None:
            left = job.max_migrations - done
            if left <= 0:
                break
        path, placement = _round(job, placement, left)
        if not path.moves:
            break
        steps.append(path)
    return _joined(job, start, placement, steps), placement


def _round(
    job: Job, placement: Placement, budget: int | None
) -> tuple[Path, Placement]:
    """Find one better placement that can be reached within the budget."""
    frozen = np.zeros(job.cluster.n_instances, dtype=np.bool_)
    wanted = budget
    target = placement
    for _ in range(MAX_TARGETS):
        if target is not placement and job.out_of_time:
            break
        found = job.improve(job.problem(frozen, wanted), placement)
        if (found.node_of == placement.node_of).all():
            break
        target = found
        moved = int((target.node_of != placement.node_of).sum())
        LOG.info('target: %d on other nodes than now', moved)
        path = finder.find(
            job.rules, placement, target.node_of, _until(job), job.seed
        )
        LOG.info(
            'path: migrations %d, unable to get there %d',
            len(path.moves),
            len(path.blocked),
        )
        excess = 0 if budget is None else len(path.moves) - budget
        if path.complete and excess <= 0:
            return path, target
        if path.complete and wanted is not None:
            wanted = max(0, wanted - excess)
        else:
            frozen = _freeze(frozen, path)
    return _direct(job, placement, target, budget)


def _until(job: Job) -> float:
    """How long one path search may take: there may be other targets."""
    now_s = time.monotonic()
    return now_s + PATH_SHARE * (job.deadline - now_s)


def _direct(
    job: Job, placement: Placement, target: Placement, budget: int | None
) -> tuple[Path, Placement]:
    """As much as can be done without anybody put aside, if it is worth it."""
    walk = Walk(job.rules, placement.copy(), target.node_of)
    walk.settle(sorted(walk.pending))
    moves = walk.path().moves[:budget]
    step = max(1, len(moves) // MAX_PARTS)
    for count in range(len(moves), 0, -step):
        end = placement.copy()
        for move in moves[:count]:
            end.move(move.instance, move.destination)
        if job.is_better(job.table(placement, end)):
            return Path(moves[:count]), end
    return Path(), placement


def _freeze(frozen: Bools, path: Path) -> Bools:
    """Leave alone in the next target whom the path could not bring."""
    frozen = frozen.copy()
    frozen[list(path.blocked)] = True
    return frozen


def _joined(
    job: Job, start: Placement, end: Placement, steps: list[Path]
) -> Path:
    """One path for all rounds, straight to the end where that works."""
    if len(steps) == 1:
        return steps[0]
    moves = tuple(move for path in steps for move in path.moves)
    if not moves:
        return Path()
    straight = finder.find(
        job.rules, start, end.node_of, job.deadline, job.seed
    )
    costs = cost.asked(job.cluster, job.rules.options.path_cost)
    if straight.complete and _price(costs, straight.moves) <= _price(
        costs, moves
    ):
        return straight
    # What was final in one round may not be so in the end.
    return Path(
        tuple(
            dataclasses.replace(
                move,
                displacement=bool(
                    move.destination != end.node_of[move.instance]
                ),
            )
            for move in moves
        )
    )


def _price(costs: PathCost, moves: tuple[Move, ...]) -> tuple[int, int]:
    """What moves cost, and of those that cost the same, how many."""
    return costs.of(moves), len(moves)
