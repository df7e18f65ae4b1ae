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

"""What can be done by a deadline."""

from __future__ import annotations

from watcher_rearrange.model.placement import Placement
from watcher_rearrange.path.moves import Move
from watcher_rearrange.path.moves import Path
from watcher_rearrange.planning import actions
from watcher_rearrange.planning.job import Job


def cut(
    job: Job, draft: actions.Draft, end: Placement
) -> tuple[Path, Placement]:
    """Return the moves that are over by the job's deadline, and their end.

    A move is kept with all that it depends on. What would only leave an
    instance on a temporary host is not, nor is what is of no use without
    the rest.
    """
    moves = draft.moves
    end_s, parents = actions.timed(draft)
    assert job.deadline_s is not None
    kept = {k for k, when in enumerate(end_s) if when <= job.deadline_s}
    while True:
        after = _after(draft, kept)
        fewer = _useful(job, moves, parents, kept, after)
        fewer -= _stranded(moves, fewer, end)
        fewer = {k for k in fewer if all(p in fewer for p in parents[k])}
        if fewer == kept:
            break
        kept = fewer
    return Path(tuple(moves[k] for k in sorted(kept))), after


def _after(draft: actions.Draft, kept: set[int]) -> Placement:
    placement = draft.start.copy()
    for k in sorted(kept):
        placement.move(draft.moves[k].instance, draft.moves[k].destination)
    return placement


def _useful(
    job: Job,
    moves: actions.Moves,
    parents: list[list[int]],
    kept: set[int],
    after: Placement,
) -> set[int]:
    """Those that are of use, and those that they depend on."""
    order = sorted(kept)
    flags = job.useful([moves[k] for k in order], after)
    useful = {k for k, flag in zip(order, flags, strict=True) if flag}
    for k in reversed(order):
        if k in useful:
            useful.update(parents[k])
    return useful & kept


def _stranded(
    moves: actions.Moves, kept: set[int], end: Placement
) -> set[int]:
    """The moves of instances that would not get to their final node."""
    last: dict[int, Move] = {moves[k].instance: moves[k] for k in sorted(kept)}
    away = {
        instance
        for instance, move in last.items()
        if move.destination != end.node_of[instance]
    }
    return {k for k in kept if moves[k].instance in away}
